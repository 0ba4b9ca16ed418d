import { useState } from "react";

import type { HaltSummary } from "../api/types";
import { Card } from "../cards/Card";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Moment } from "../cards/Moment";
import { risk as texts } from "../messages/acts";
import { HaltDrawer } from "./HaltDrawer";
import { levelTone, scopeWords } from "./words";

/** Every halt that is remembered, over restarts too; each with what it did. */
export function HaltsCard({ halts }: { halts: HaltSummary[] }) {
  const [shown, setShown] = useState<number | null>(null);
  const columns: Column<HaltSummary>[] = [
    {
      head: texts.halt,
      cell: (one) =>
        one.report ? (
          <button type="button" className="link" aria-label={texts.showReport(one.halt_id)} onClick={() => setShown(one.halt_id)}>
            {one.halt_id}
          </button>
        ) : (
          <span title={texts.noReport}>{one.halt_id}</span>
        ),
    },
    { head: texts.scope, cell: (one) => scopeWords(one.scope) },
    { head: texts.level, cell: (one) => <Condition tone={levelTone(one.level)} word={texts.words[one.level]} /> },
    { head: texts.at, cell: (one) => <Moment instant={one.at} /> },
    { head: texts.by, wraps: true, cell: (one) => texts.via(one.actor, one.via) },
    { head: texts.cause, wraps: true, cell: (one) => one.reason },
    { head: texts.ended, wraps: true, cell: ended },
  ];
  return (
    <Card title={texts.halts} className="halts">
      {halts.length === 0 ? (
        <p className="quiet">{texts.noHalts}</p>
      ) : (
        <DataTable label={texts.halts} columns={columns} rows={halts} keyOf={({ halt_id }) => `${halt_id}`} />
      )}
      <HaltDrawer summary={halts.find(({ halt_id }) => halt_id === shown) ?? null} onClose={() => setShown(null)} />
    </Card>
  );
}

function ended(one: HaltSummary) {
  if (one.ended === null) return <b>{texts.inForce}</b>;
  return (
    <>
      <Moment instant={one.ended} short /> {one.ended_by}
    </>
  );
}

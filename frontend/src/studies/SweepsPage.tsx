import "../styles/pages.css";
import "../styles/studies.css";

import { useState } from "react";
import { Link } from "wouter";

import type { Sweep, Sweeps, SweepSummary } from "../api/types";
import { Answered } from "../cards/Answered";
import { Card } from "../cards/Card";
import { Command } from "../cards/Command";
import { DataTable, type Column } from "../cards/DataTable";
import { Guard } from "../cards/Guard";
import { useReading } from "../cards/useReading";
import { countText } from "../format/amount";
import { studies, sweeps as texts } from "../messages/studies";
import { SweepCard } from "./SweepCard";

const REFRESH_MS = 5000;

/** Stored sweeps: which settings would have earned what, fitted and out of sample. */
export default function SweepsPage() {
  const reading = useReading<Sweeps>("/sweeps", REFRESH_MS);
  const [chosen, setChosen] = useState<string | null>(null);
  const name = chosen ?? reading.body?.sweeps[0]?.name ?? null;
  return (
    <>
      <h1 className="page-title">
        {texts.title}{" "}
        <Link className="meta" href="/opportunities">
          {texts.back}
        </Link>
      </h1>
      <div className="stack">
        <Guard area="sweeps">
          <Card title={texts.stored}>
            <Answered reading={reading} failed={studies.failed}>
              {(body) => <Stored body={body} name={name} onChoose={setChosen} />}
            </Answered>
          </Card>
        </Guard>
        {name !== null && (
          <Guard area="sweep">
            <Chosen name={name} />
          </Guard>
        )}
      </div>
    </>
  );
}

function Stored({ body, name, onChoose }: { body: Sweeps; name: string | null; onChoose: (name: string) => void }) {
  const columns: Column<SweepSummary>[] = [
    {
      head: texts.made,
      cell: (one) => (
        <button type="button" className="link" aria-label={texts.show(one.name)} aria-current={one.name === name} onClick={() => onChoose(one.name)}>
          {one.name}
        </button>
      ),
    },
    { head: texts.settings, wraps: true, cell: (one) => one.axes.map(({ path, values }) => `${path} (${values.length})`).join(", ") },
    {
      head: texts.done,
      cell: (one) => (
        <>
          {texts.ofRuns(countText(one.done), countText(one.runs))} {!one.finished && <span className="log">{texts.ended}</span>}
        </>
      ),
    },
    { head: texts.fit, wraps: true, whole: true, cell: (one) => one.fitted },
  ];
  if (body.sweeps.length === 0) {
    return (
      <>
        <p className="quiet">{texts.none}</p>
        <Command text={texts.how} />
      </>
    );
  }
  return (
    <>
      <DataTable label={texts.stored} columns={columns} rows={body.sweeps} keyOf={(one) => one.name} />
      {body.unreadable.length > 0 && <p className="problem">{texts.unreadable(body.unreadable.join(", "))}</p>}
    </>
  );
}

function Chosen({ name }: { name: string }) {
  return (
    <Answered reading={useReading<Sweep>(`/sweeps/${encodeURIComponent(name)}`, REFRESH_MS)} failed={texts.gone}>
      {(body) => <SweepCard sweep={body} />}
    </Answered>
  );
}

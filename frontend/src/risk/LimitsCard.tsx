import { useState } from "react";
import { TextInput } from "@mantine/core";

import { ActButton, Refused } from "../act/ActButton";
import { ActDialog } from "../act/ActDialog";
import { acts } from "../api/act";
import type { LimitView } from "../api/types";
import { Card, Missing } from "../cards/Card";
import { DataTable, type Column } from "../cards/DataTable";
import { Share, shareUsed } from "../cards/Share";
import { clockText, millis } from "../format/time";
import { risk as texts } from "../messages/acts";
import { useSecond } from "../model/second";
import { minutesOf } from "./minutes";
import { limitText } from "./words";

/** Each limit with what is used of it; an override says by whom and until when. */
export function LimitsCard({ limits }: { limits: LimitView[] }) {
  const [asked, setAsked] = useState<LimitView | null>(null);
  const columns: Column<LimitView>[] = [
    ...seen,
    {
      head: texts.actions,
      whole: true,
      right: true,
      cell: (limit) => (
        <ActButton act="limits" text={texts.set} name={texts.setNamed(limit.name)} onAct={() => setAsked(limit)} />
      ),
    },
  ];
  return (
    <Card title={texts.limits} className="limits">
      {limits.length === 0 ? (
        <p className="quiet">{texts.noLimits}</p>
      ) : (
        <DataTable label={texts.limits} columns={columns} rows={limits} keyOf={({ name }) => name} />
      )}
      <Refused act="limits" />
      {asked !== null && <OverrideDialog limit={asked} onClose={() => setAsked(null)} />}
    </Card>
  );
}

const seen: Column<LimitView>[] = [
  {
    head: texts.name,
    wraps: true,
    cell: (limit) => (
      <>
        <b className="mono">{limit.name}</b>
        <span className="log"> {limit.meaning}</span>
      </>
    ),
  },
  {
    head: texts.used,
    right: true,
    cell: (limit) => (limit.used === null ? <Missing cause={texts.perTrade} /> : limitText(limit, limit.used)),
  },
  {
    head: texts.limit,
    right: true,
    cell: (limit) => (
      <span title={limit.in_probation ? texts.inProbation : undefined}>
        {limitText(limit, limit.value)} {limit.unit}
      </span>
    ),
  },
  { head: texts.share, cell: (limit) => <Used limit={limit} /> },
  { head: texts.override, wraps: true, cell: (limit) => <Override limit={limit} /> },
];

function Used({ limit }: { limit: LimitView }) {
  const share = limit.used === null ? null : shareUsed(limit.used, limit.value);
  if (share === null) return <Missing cause={texts.perTrade} />;
  const words = share.tone === "bad" ? texts.full : share.tone === "warn" ? texts.soft : texts.percent;
  return <Share share={share} words={words(share.percent)} />;
}

function Override({ limit }: { limit: LimitView }) {
  const now = useSecond();
  const { override } = limit;
  if (override === null) return <Missing cause={texts.noOverride} />;
  const configured = `${limitText(limit, limit.configured)} ${limit.unit}`;
  return (
    <span title={override.reason}>
      {texts.overrideLine(override.actor, clockText(millis(override.expires), now), configured)}
    </span>
  );
}

function OverrideDialog({ limit, onClose }: { limit: LimitView; onClose: () => void }) {
  const [value, setValue] = useState("");
  const [minutes, setMinutes] = useState("15");
  const amount = (raw: string) => `${limitText(limit, raw)} ${limit.unit}`;
  const seconds = minutesOf(minutes);
  const missing = /^\d+(\.\d+)?$/.test(value) ? (seconds === null ? texts.needsMinutes : null) : texts.needsValue;
  return (
    <ActDialog
      title={texts.overrideTitle(limit.name)}
      text={texts.overrideText(amount(limit.configured), amount(limit.most))}
      submit={texts.submitOverride}
      missing={missing}
      fields={
        <>
          <TextInput label={texts.value(limit.unit)} value={value} inputMode="decimal" onChange={(event) => setValue(event.currentTarget.value)} />
          <TextInput label={texts.minutes} value={minutes} inputMode="numeric" onChange={(event) => setMinutes(event.currentTarget.value)} />
        </>
      }
      run={(reason) => acts.override(limit.name, value, seconds ?? 0, reason)}
      onDone={onClose}
      onClose={onClose}
    />
  );
}

import { useState } from "react";

import type { Analytics, EpisodeView, OutcomeView } from "../api/types";
import { Answered } from "../cards/Answered";
import { Card, Missing } from "../cards/Card";
import { DataTable, type Column } from "../cards/DataTable";
import { Plain, Profit } from "../cards/Figures";
import { useReading } from "../cards/useReading";
import { countText } from "../format/amount";
import { studies as texts } from "../messages/studies";

const REFRESH_MS = 5000;
const SHOWN = 20;

type Group = keyof typeof texts.groups;
const GROUPS: readonly Group[] = ["strategies", "pools", "paths"];

/** Found, taken, won, and lost to whom, in the run that is under way. */
export function AnalyticsCard() {
  const reading = useReading<Analytics>("/analytics", REFRESH_MS);
  const [group, setGroup] = useState<Group>("strategies");
  return (
    <Card title={texts.analytics} meta={reading.body === null ? undefined : texts.run(countText(reading.body.run))}>
      <Answered reading={reading} failed={texts.failed}>
        {(body) => <Known body={body} group={group} onGroup={setGroup} />}
      </Answered>
    </Card>
  );
}

function Known({ body, group, onGroup }: { body: Analytics; group: Group; onGroup: (group: Group) => void }) {
  if (body.paths.length === 0) return <p className="quiet">{texts.noGaps}</p>;
  const rows: OutcomeView[] = body[group];
  return (
    <>
      <fieldset className="stages">
        <legend className="unseen">{texts.by}</legend>
        {GROUPS.map((one) => (
          <label key={one} data-chosen={one === group || undefined}>
            <input type="radio" name="group" value={one} checked={one === group} onChange={() => onGroup(one)} />
            {texts.groups[one]}
          </label>
        ))}
      </fieldset>
      <DataTable
        label={texts.analytics}
        columns={group === "paths" ? [...outcome, later] : outcome}
        rows={rows}
        keyOf={(row) => `${row.name} ${row.pools.join()} ${row.token.address}`}
      />
      {body.unlisted > 0 && <p className="quiet">{texts.unlisted(countText(body.unlisted))}</p>}
      <h3 className="card-part">{texts.closers}</h3>
      <DataTable label={texts.closers} columns={closers} rows={body.episodes.slice(0, SHOWN)} keyOf={placeOf} />
    </>
  );
}

const outcome: Column<OutcomeView>[] = [
  { head: texts.name, wraps: true, cell: (row) => <b>{row.name}</b> },
  { head: texts.found, right: true, cell: (row) => countText(row.found) },
  { head: texts.gaps, right: true, cell: (row) => countText(row.episodes) },
  { head: texts.taken, right: true, cell: (row) => countText(row.taken) },
  { head: texts.won, right: true, cell: (row) => countText(row.won) },
  { head: texts.lost, right: true, cell: (row) => countText(row.lost) },
  {
    head: texts.expected,
    right: true,
    cell: (row) => (
      <>
        <Plain amount={row.expected} /> {row.token.symbol}
      </>
    ),
  },
  {
    head: texts.actual,
    right: true,
    cell: (row) => (
      <>
        <Profit amount={row.actual} /> {row.token.symbol}
      </>
    ),
  },
];

const later: Column<OutcomeView> = {
  head: texts.later,
  right: true,
  cell: (row) => {
    const logs = "logs_later" in row ? (row as Analytics["paths"][number]).logs_later : null;
    return logs === null ? <Missing cause={texts.nobody} /> : countText(logs);
  },
};

const closers: Column<EpisodeView>[] = [
  { head: texts.opened, cell: (one) => `${countText(one.opened_block)} #${one.opened_log}` },
  { head: texts.path, wraps: true, cell: (one) => one.path },
  {
    head: texts.best,
    right: true,
    cell: (one) => (
      <>
        <Plain amount={one.best} /> {one.best.symbol}
      </>
    ),
  },
  { head: texts.forUs, cell: (one) => texts.takings[one.taking] },
  {
    head: texts.closed,
    cell: (one) => (one.closed_block === null ? texts.stillOpen : `${countText(one.closed_block)} #${one.closed_log ?? ""}`),
  },
  {
    head: texts.later,
    right: true,
    cell: (one) => (one.logs_later === null ? <Missing cause={texts.stillOpen} /> : countText(one.logs_later)),
  },
  {
    head: texts.closer,
    wraps: true,
    whole: true,
    cell: (one) =>
      one.closer === null ? (
        <Missing cause={texts.stillOpen} />
      ) : (
        <span className="mono">
          {one.closer} {one.closed_by_opener && <span className="log">{texts.opener}</span>}
        </span>
      ),
  },
];

function placeOf(one: EpisodeView): string {
  return `${one.opened_block} ${one.opened_log} ${one.strategy} ${one.path}`;
}

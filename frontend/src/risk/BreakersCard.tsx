import type { BreakerView } from "../api/types";
import { Card, Missing } from "../cards/Card";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Moment } from "../cards/Moment";
import { risk as texts } from "../messages/acts";
import { levelTone, phaseTone, scopeWords } from "./words";

/** Every breaker, the open ones first: what trips it, what it does, and how it ends. */
export function BreakersCard({ breakers }: { breakers: BreakerView[] }) {
  return (
    <Card title={texts.breakers} className="breakers">
      <DataTable label={texts.breakers} columns={columns} rows={breakers} keyOf={(one) => `${one.rule} ${one.scope}`} />
    </Card>
  );
}

const columns: Column<BreakerView>[] = [
  { head: texts.rule, cell: (one) => <b>{one.rule.replaceAll("_", " ")}</b> },
  { head: texts.phase, cell: (one) => <Condition tone={phaseTone(one.phase)} word={texts.phases[one.phase]} /> },
  { head: texts.scope, cell: (one) => (one.scope === "" ? <span className="quiet">{texts.anyScope(one.kind)}</span> : scopeWords(one.scope)) },
  { head: texts.stops, cell: (one) => <span data-tone={levelTone(one.stops)}>{texts.words[one.stops]}</span> },
  { head: texts.trip, wraps: true, cell: (one) => one.trip.replaceAll("`", "") },
  { head: texts.cause, wraps: true, cell: (one) => (one.reason === "" ? <Missing cause={texts.never} /> : one.reason) },
  { head: texts.since, cell: (one) => (one.since === null ? <Missing cause={texts.never} /> : <Moment instant={one.since} />) },
  { head: texts.trips, right: true, cell: (one) => one.trips },
  { head: texts.ends, wraps: true, cell: (one) => (one.needs_person ? texts.person : one.ends) },
];

import { useState } from "react";

import { ActButton, Refused } from "../act/ActButton";
import { ActDialog } from "../act/ActDialog";
import { acts } from "../api/act";
import type { ScopeLevel } from "../api/types";
import { Card, Missing } from "../cards/Card";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Moment } from "../cards/Moment";
import { durationText, millisOfNanos } from "../format/time";
import { risk as texts } from "../messages/acts";
import ResumeDialog from "./ResumeDialog";
import { NEEDS, wishes, type Wish } from "./wishes";
import { levelTone, scopeName } from "./words";

/** The level of every scope, who set it and how it ends, with what a person may do about it. */
export function LevelsCard({ scopes }: { scopes: ScopeLevel[] }) {
  const [asked, setAsked] = useState<{ scope: ScopeLevel; wish: Wish } | null>(null);
  const close = () => setAsked(null);
  const columns: Column<ScopeLevel>[] = [
    ...seen,
    {
      head: texts.actions,
      whole: true,
      right: true,
      cell: (scope) => (
        <span className="buttons">
          {wishes(scope.level).map((wish) => (
            <ActButton
              key={wish}
              act={NEEDS[wish]}
              text={texts.acts[wish]}
              name={texts.named(texts.acts[wish], scopeName(scope))}
              onAct={() => setAsked({ scope, wish })}
            />
          ))}
        </span>
      ),
    },
  ];
  return (
    <Card title={texts.levels} className="levels">
      <DataTable label={texts.levels} columns={columns} rows={scopes} keyOf={({ scope }) => scope} />
      <Refused act="halt" />
      <Refused act="resume" />
      {asked?.wish === "resume" && <ResumeDialog scope={asked.scope.scope} name={scopeName(asked.scope)} onClose={close} />}
      {asked !== null && asked.wish !== "resume" && <ScopeDialog scope={asked.scope} wish={asked.wish} onClose={close} />}
    </Card>
  );
}

const seen: Column<ScopeLevel>[] = [
  {
    head: texts.scope,
    cell: (one) => (
      <>
        <b title={one.scope}>{one.kind === "global" ? texts.everything : one.label}</b>
        {one.kind !== "global" && <span className="log"> {texts.kinds[one.kind].toLowerCase()}</span>}
      </>
    ),
  },
  { head: texts.level, cell: (one) => <Condition tone={levelTone(one.level)} word={texts.words[one.level]} /> },
  {
    head: texts.since,
    cell: (one) => (one.since === null ? <Missing cause={texts.neverChanged} /> : <Moment instant={one.since} />),
  },
  {
    head: texts.by,
    wraps: true,
    cell: (one) => (one.by === null || one.via === null ? <Missing cause={texts.neverChanged} /> : texts.via(one.by, one.via)),
  },
  { head: texts.cause, wraps: true, cell: (one) => one.cause ?? <Missing cause={texts.neverChanged} /> },
  { head: texts.until, wraps: true, cell: until },
];

function until(one: ScopeLevel) {
  if (one.probation_left_ns !== null) return texts.untilClean(durationText(millisOfNanos(one.probation_left_ns)));
  if (one.level === "locked") return texts.untilRestart;
  if (one.level === "halted" || one.level === "reducing") return texts.untilPerson;
  return <Missing cause={texts.untilNothing} />;
}

function ScopeDialog({ scope, wish, onClose }: { scope: ScopeLevel; wish: Exclude<Wish, "resume">; onClose: () => void }) {
  const name = scopeName(scope);
  const run = (reason: string) =>
    wish === "flatten" ? acts.flatten(scope.scope, reason) : acts.kill(scope.scope, wish, reason);
  return (
    <ActDialog<unknown>
      title={texts.titles[wish](name)}
      text={texts.texts[wish]}
      submit={texts.submits[wish]}
      grave={wish !== "reducing"}
      run={run}
      onDone={onClose}
      onClose={onClose}
    />
  );
}

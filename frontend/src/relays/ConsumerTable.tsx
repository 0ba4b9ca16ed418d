import type { ReactNode } from "react";

import type { RelayConsumer, RelayView } from "../api/types";
import { Missing } from "../cards/Card";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { integerText } from "../format/amount";
import { relays as texts } from "../messages/relays";
import { linkTone } from "./words";

export function ConsumerTable({ relay }: { relay: RelayView }) {
  if (relay.consumers.length === 0) return <p className="quiet">{texts.nobody}</p>;
  const remote = relay.consumers.some((one) => one.peer !== null);
  // What the relay told before the link was lost is not how its consumers are now.
  const lost = relay.link !== null && !relay.link.connected;
  return (
    <>
      <DataTable
        label={texts.consumers(relay.name)}
        columns={[...who, ofState(lost), ...figures, ...(remote ? ofLinks : [])]}
        rows={relay.consumers}
        keyOf={(one) => `${one.name} ${one.peer ?? ""} ${one.lane ?? ""}`}
      />
      {relay.consumers.some((one) => one.peer === null) && <p className="meta">{texts.oneQueue}</p>}
    </>
  );
}

function count(value: string | number | null, cause: string): ReactNode {
  return value === null ? <Missing cause={cause} /> : integerText(`${value}`);
}

const who: Column<RelayConsumer>[] = [
  {
    head: texts.consumer,
    cell: (one) => (
      <>
        <b>{one.name}</b>
        {one.lane === "control" && <span className="log"> {texts.control}</span>}
      </>
    ),
  },
  { head: texts.where, cell: (one) => (one.peer === null ? texts.thisProcess : one.peer || <Missing cause={texts.notTold} />) },
];

function ofState(lost: boolean): Column<RelayConsumer> {
  return {
    head: texts.state,
    cell: (one) =>
      lost && one.peer !== null ? (
        <Missing cause={texts.stateLost} />
      ) : (
        <Condition tone={linkTone(one.state)} word={texts.states[one.state]} />
      ),
  };
}

const figures: Column<RelayConsumer>[] = [
  {
    head: texts.wants,
    wraps: true,
    cell: (one) => one.wants ?? <Missing cause={texts.wantsUnknown} />,
  },
  { head: texts.delivered, right: true, cell: (one) => integerText(one.delivered) },
  { head: texts.waiting, right: true, cell: (one) => integerText(`${one.waiting}`) },
  { head: texts.peak, right: true, cell: (one) => count(one.peak, texts.noPeak) },
  { head: texts.lag, right: true, cell: (one) => integerText(one.lag) },
  { head: texts.superseded, right: true, cell: (one) => count(one.dropped_superseded, texts.noDrops) },
  { head: texts.late, right: true, cell: (one) => count(one.dropped_expired, texts.noDrops) },
];

const ofLinks: Column<RelayConsumer>[] = [
  { head: texts.unapplied, right: true, cell: (one) => count(one.unapplied, texts.notDurable) },
  { head: texts.resent, right: true, cell: (one) => count(one.resent, texts.noLinkHere) },
];

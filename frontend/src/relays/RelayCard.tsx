import type { ReactNode } from "react";

import type { RelayView } from "../api/types";
import { Card, Missing } from "../cards/Card";
import { Facts } from "../cards/Facts";
import { TimeOfDay } from "../cards/Figures";
import { Condition } from "../cards/Condition";
import { decimal, integerText } from "../format/amount";
import { relays as texts } from "../messages/relays";
import { ConsumerTable } from "./ConsumerTable";
import { kib, linkTone } from "./words";

export function RelayCard({ relay }: { relay: RelayView }) {
  const { link } = relay;
  const head =
    link === null ? (
      <Condition tone="good" word={texts.here} />
    ) : (
      <Condition tone={linkTone(link.condition)} word={texts.states[link.condition]} />
    );
  return (
    <Card
      title={titleOf(relay)}
      meta={texts.deliveries[relay.delivery]}
      head={<span className="card-state">{head}</span>}
      className="relay-card"
    >
      <Facts rows={facts(relay)} />
      <ConsumerTable relay={relay} />
    </Card>
  );
}

function facts(relay: RelayView): [string, ReactNode][] {
  const { link, rate } = relay;
  const none = relay.medium === "process" ? texts.noRelay : texts.notTold;
  const count = (value: string | null) => (value === null ? <Missing cause={none} /> : integerText(value));
  const shown = rate === null ? null : texts.perSecond(decimal(rate.per_s, 1), decimal(rate.over_s, 1));
  return [
    [texts.rate, shown === null ? <Missing cause={texts.noRate} /> : <b title={shown.over}>{shown.value}</b>],
    [texts.carried, count(relay.published)],
    [texts.refused, count(relay.refused)],
    [texts.medium, <span key="medium" title={relay.address ?? undefined}>{texts.media[relay.medium]}</span>],
    ...(relay.venues === null ? [] : [[texts.venues, relay.venues.join(", ")] as [string, ReactNode]]),
    [texts.next, count(relay.next_sequence)],
    [
      texts.ring,
      relay.ring_messages === null || relay.ring_bytes === null ? (
        <Missing cause={none} />
      ) : (
        texts.ringText(integerText(`${relay.ring_messages}`), kib(relay.ring_bytes))
      ),
    ],
    [texts.boot, relay.boot_id === null ? <Missing cause={none} /> : <span className="mono">{relay.boot_id}</span>],
    [texts.cuts, relay.cuts === null ? <Missing cause={none} /> : integerText(`${relay.cuts}`)],
    [texts.dropped, relay.dropped === null ? <Missing cause={relay.medium === "process" ? texts.noDrops : none} /> : count(relay.dropped)],
    [
      texts.gaps,
      link === null ? (
        <Missing cause={texts.noLink} />
      ) : (
        texts.gapsText(integerText(`${link.gaps_found}`), integerText(`${link.gaps_found - link.gaps_open}`))
      ),
    ],
    ...(link === null
      ? []
      : ([
          [texts.resets, integerText(`${link.resets}`)],
          [texts.duplicates, integerText(`${link.duplicates}`)],
          [texts.unacknowledged, integerText(`${link.unacknowledged}`)],
          [texts.expired, integerText(`${link.expired}`)],
        ] as [string, ReactNode][])),
    [texts.asOf, relay.as_of === null ? <Missing cause={texts.notTold} /> : <TimeOfDay instant={relay.as_of} />],
  ];
}

/** The domain, or the name of one relay of several that carry a part of it each. */
function titleOf(relay: RelayView): string {
  return relay.venues === null ? texts.domains[relay.domain] : relay.name;
}

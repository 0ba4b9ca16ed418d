import { memo, type CSSProperties } from "react";
import {
  IconAlertTriangleFilled,
  IconCircle,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconSquareFilled,
} from "@tabler/icons-react";

import type { PoolView, Stream } from "../api/types";
import { countText, feeText } from "../format/amount";
import { ageText, durationText, millisOfNanos } from "../format/time";
import { freshness as texts, words } from "../messages";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { NotReceived } from "./Card";

const shapes = {
  fresh: IconCircleCheckFilled,
  quiet: IconCircle,
  stale: IconAlertTriangleFilled,
  gap: IconCircleXFilled,
  unknown: IconCircleDashed,
  ended: IconSquareFilled,
};

export function FreshnessStrip() {
  const streams = useModel((model) => model.topics.status?.streams);
  const pools = useModel((model) => model.topics.pools?.pools);
  const unknown = useModel(isUnknown);
  if (streams === undefined || streams.length === 0) {
    return (
      <section className="tiles" aria-label={texts.title}>
        <div className="tile">{streams === undefined ? <NotReceived /> : <p className="quiet">{texts.noStreams}</p>}</div>
      </section>
    );
  }
  const count = streams.length + (pools?.length ?? 0);
  return (
    <section aria-label={texts.title}>
      <ul className="tiles" style={{ "--tiles": Math.min(6, count) } as CSSProperties}>
        {streams.map((stream) => (
          <Tile key={stream.id} stream={stream} state={unknown ? "unknown" : stream.state} />
        ))}
        {pools?.map((pool) => (
          <PoolTile key={pool.address} pool={pool} known={!unknown && (pool.trust === "in range" || pool.trust === "proven")} />
        ))}
      </ul>
    </section>
  );
}

/** A pool may be quiet for an hour and must not alarm: its tile says whether its state is known, and since when. */
function PoolTile({ pool, known }: { pool: PoolView; known: boolean }) {
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const Shape = known ? IconCircleCheckFilled : IconCircleDashed;
  return (
    <li className="tile" data-state={known ? "fresh" : "unknown"}>
      <div className="tile-head">
        <Shape size={14} aria-hidden="true" />
        <b title={`${pool.name} ${pool.address}`}>{texts.pool(feeText(pool.fee_ppm))}</b>
        <span className="tile-state">{known ? texts.inRange : words.streamStates.unknown}</span>
      </div>
      <div className="tile-line">
        {pool.last_event === null || clock === null ? (
          texts.neverHeard
        ) : (
          <>
            <b>{ageText(pool.last_event, clock)}</b> {texts.sinceSwap}
          </>
        )}
      </div>
      <div className="tile-line detail">
        {texts.events(countText(pool.events))}
        {pool.last_block !== null && ` \u00b7 ${texts.block(countText(pool.last_block))}`}
      </div>
    </li>
  );
}

const Tile = memo(function Tile({ stream, state }: { stream: Stream; state: Stream["state"] }) {
  const Shape = shapes[state];
  const refused = Object.values(stream.refused).reduce((sum, count) => sum + count, 0);
  const reasons = Object.entries(stream.refused).map(([reason, count]) => `${reason}: ${count}`);
  return (
    <li className="tile" data-state={state}>
      <div className="tile-head">
        <Shape size={14} aria-hidden="true" />
        <b title={stream.label}>{stream.label}</b>
        <span className="tile-state">{words.streamStates[state]}</span>
      </div>
      <div className="tile-line">
        {stream.age_ns === null ? (
          <>
            <b>{countText(stream.delivered)}</b> {texts.delivered}
            <span title={reasons.join(", ")}>{refused > 0 && texts.refused(refused)}</span>
          </>
        ) : (
          <>
            <b>{durationText(millisOfNanos(stream.age_ns))}</b> {texts.since}
            {stream.limit_ns !== null && texts.limit(durationText(millisOfNanos(stream.limit_ns)))}
          </>
        )}
      </div>
      <div className="tile-line detail" title={stream.detail}>
        {stream.detail}
      </div>
      {stream.note !== "" && (
        <div className="tile-line tile-note" title={stream.note}>
          {stream.note}
        </div>
      )}
    </li>
  );
});

import { memo, type CSSProperties } from "react";

import type { Stream } from "../api/types";
import { countText } from "../format/amount";
import { durationText, millisOfNanos } from "../format/time";
import { freshness as texts, words } from "../messages";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { NotReceived } from "./Card";
import { ChainTile } from "./ChainTile";
import { StreamShape } from "./StreamShape";

export function FreshnessStrip() {
  const streams = useModel((model) => model.topics.status?.streams);
  const chains = useModel((model) => model.topics.chains?.chains);
  const unknown = useModel(isUnknown);
  if (streams === undefined || streams.length === 0) {
    return (
      <section className="tiles" aria-label={texts.title}>
        <div className="tile">{streams === undefined ? <NotReceived /> : <p className="quiet">{texts.noStreams}</p>}</div>
      </section>
    );
  }
  const count = streams.length + 2 * (chains?.length ?? 0);
  return (
    <section aria-label={texts.title}>
      <ul className="tiles" style={{ "--tiles": Math.min(6, count) } as CSSProperties}>
        {chains?.map((chain) => (
          <ChainTile key={chain.chain_id} chain={chain} unknown={unknown} />
        ))}
        {streams.map((stream) => (
          <Tile key={stream.id} stream={stream} state={unknown ? "unknown" : stream.state} />
        ))}
      </ul>
    </section>
  );
}

const Tile = memo(function Tile({ stream, state }: { stream: Stream; state: Stream["state"] }) {
  const refused = Object.values(stream.refused).reduce((sum, count) => sum + count, 0);
  const reasons = Object.entries(stream.refused).map(([reason, count]) => `${reason}: ${count}`);
  return (
    <li className="tile" data-state={state}>
      <div className="tile-head">
        <StreamShape state={state} />
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

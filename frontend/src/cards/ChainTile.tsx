import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleDashed, IconCircleHalf2 } from "@tabler/icons-react";
import { Link } from "wouter";

import type { ChainView } from "../api/types";
import { countText } from "../format/amount";
import { durationText, millisOfNanos } from "../format/time";
import { chains as texts, pools as poolTexts } from "../messages/pools";
import { words } from "../messages";
import { freshnessOf, newestBlock } from "../model/freshness";
import { useSecond } from "../model/second";
import { useModel } from "../model/store";
import { StreamShape } from "./StreamShape";

const TRUSTS = ["proven", "in_range", "divergent", "unknown"] as const;
const trustShapes = {
  proven: IconCircleCheckFilled,
  in_range: IconCircleHalf2,
  divergent: IconAlertTriangleFilled,
  unknown: IconCircleDashed,
};

/** One chain: its ages count up by themselves, and it turns stale without anybody's word. */
export function ChainTile({ chain, unknown }: { chain: ChainView; unknown: boolean }) {
  const now = useSecond();
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const { state, ageMs, eventAgeMs, limitMs } = freshnessOf(chain, now, clock);
  const shown = unknown ? "unknown" : state;
  const block = newestBlock(chain);
  const final = chain.settled ?? chain.safe;
  return (
    <li className="tile chain-tile" data-state={shown}>
      <div className="tile-head">
        <StreamShape state={shown} />
        <b>{chain.name}</b>
        <span className="tile-state">{words.streamStates[shown]}</span>
      </div>
      <div className="tile-line">
        {ageMs === null || block === null ? (
          texts.noBlock
        ) : (
          <>
            <b>{durationText(ageMs)}</b> {texts.sinceBlock} {texts.block(countText(block.number))}
            {texts.limit(durationText(limitMs))}
          </>
        )}
      </div>
      <div className="tile-line detail">
        {[
          eventAgeMs === null ? texts.noEvent : texts.event(durationText(eventAgeMs)),
          ...(chain.head?.lag_ns === null || chain.head === null ? [] : [texts.lag(durationText(millisOfNanos(chain.head.lag_ns)))]),
          ...(chain.head === null ? [] : [texts.by(chain.head.provider)]),
          ...(final === null ? [] : [texts.final(countText(final))]),
          ...(chain.nodes === null ? [] : [texts.nodes(chain.nodes.usable, chain.nodes.nodes.length)]),
          ...(chain.reorganisation === null ? [] : [texts.reorganised(chain.reorganisation.depth)]),
        ].join(" \u00b7 ")}
      </div>
      <ul className="trusts" aria-label={texts.pools}>
        {TRUSTS.filter((trust) => chain.trust[trust] > 0).map((trust) => {
          const Shape = trustShapes[trust];
          return (
            <li key={trust} data-trust={trust}>
              <Link href={`/pools?chain=${chain.chain_id}&trust=${trust}`} title={poolTexts.trustWhy[trust]}>
                <Shape size={12} aria-hidden="true" />
                <b>{countText(chain.trust[trust])}</b> {poolTexts.trusts[trust].toLowerCase()}
              </Link>
            </li>
          );
        })}
      </ul>
      {chain.quarantined.length > 0 && (
        <details className="tile-line detail">
          <summary>{texts.quarantined(chain.quarantined.length)}</summary>
          <ul>
            {chain.quarantined.map((one) => (
              <li key={one.address}>
                <b title={one.address}>{one.symbol === "" ? one.address.slice(0, 10) : one.symbol}</b> {one.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
      {chain.note !== "" && (
        <div className="tile-line tile-note" title={chain.note}>
          {chain.note}
        </div>
      )}
    </li>
  );
}

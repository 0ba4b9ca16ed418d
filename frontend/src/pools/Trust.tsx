import type { PoolView } from "../api/types";
import { Condition, type Tone } from "../cards/Condition";
import { pools as texts } from "../messages/pools";

const tones: Record<PoolView["trust"], Tone> = { proven: "good", in_range: "note", divergent: "bad", unknown: "idle" };

/** How far a pool's state may be used, with why on hover. */
export function Trust({ pool }: { pool: PoolView }) {
  return (
    <span title={pool.trust_reason === "" ? texts.trustWhy[pool.trust] : pool.trust_reason}>
      <Condition tone={tones[pool.trust]} word={texts.trusts[pool.trust]} />
    </span>
  );
}

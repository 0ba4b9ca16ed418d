import type { PairView } from "../api/types";
import { feeText } from "./amount";

const PAIR = /\S+\/\S+\s*/;

/** What tells the two pools of a pair apart, as briefly as that goes: their fees, else their names, else addresses. */
export function pairLabels(pair: Pick<PairView, "pools">): readonly [string, string] {
  const [first, second] = pair.pools;
  for (const label of [
    (pool: typeof first) => feeText(pool.fee_ppm),
    (pool: typeof first) => pool.name.replace(PAIR, "").trim(),
  ]) {
    const labels = [label(first), label(second)] as const;
    if (labels[0] !== labels[1] && labels.every((text) => text !== "")) return labels;
  }
  return [first.address.slice(0, 8), second.address.slice(0, 8)];
}

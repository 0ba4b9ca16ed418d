import { percentText } from "../format/amount";
import type { Tone } from "./Condition";

const SOFT = 800_000n;
const FULL = 1_000_000n;

export interface ShareUsed {
  /** From 0 to 100, for the width of a bar. */
  width: string;
  percent: string;
  tone: Tone;
}

/** How much of a limit is used, in the steps of the gate: it warns from 80% on and refuses at 100%. */
export function shareUsed(used: string, limit: string): ShareUsed | null {
  const most = BigInt(limit);
  if (most <= 0n) return null;
  const ppm = (BigInt(used) * FULL) / most;
  const tone = ppm >= FULL ? "bad" : ppm >= SOFT ? "warn" : "good";
  return { width: percentText(ppm > FULL ? FULL : ppm), percent: percentText(ppm), tone };
}

/** A bar, and the same in words. */
export function Share({ share, words }: { share: ShareUsed; words: string }) {
  return (
    <span className="share" data-tone={share.tone}>
      <span className="meter" aria-hidden="true">
        <i style={{ width: share.width }} />
      </span>
      {words}
    </span>
  );
}

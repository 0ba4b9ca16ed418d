/** The plot of a sweep: bars from a common zero, in hundredths of the whole width. No amount becomes a float. */
import type { Amount, SweepRow } from "../api/types";

export interface Bar {
  /** Percent of the width: where it begins and how long it is, such as "25.00%". */
  left: string;
  width: string;
  negative: boolean;
}

export interface Scale {
  zero: bigint;
  span: bigint;
}

const WHOLE = 10_000n;

/** What the longest bars of both signs need. */
export function scaleOf(rows: SweepRow[]): Scale {
  const nets = rows.flatMap(({ fit, test }) => [BigInt(fit.net.raw), ...(test === null ? [] : [BigInt(test.net.raw)])]);
  const most = nets.reduce((a, b) => (b > a ? b : a), 0n);
  const least = nets.reduce((a, b) => (b < a ? b : a), 0n);
  const span = most - least;
  return span === 0n ? { zero: 0n, span: 1n } : { zero: -least, span };
}

/** One bar. */
export function barOf(amount: Amount, { zero, span }: Scale): Bar {
  const value = BigInt(amount.raw);
  const length = ((value < 0n ? -value : value) * WHOLE) / span;
  const origin = (zero * WHOLE) / span;
  return { left: percent(value < 0n ? origin - length : origin), width: percent(length), negative: value < 0n };
}

function percent(hundredths: bigint): string {
  const held = hundredths < 0n ? 0n : hundredths;
  return `${held / 100n}.${(held % 100n).toString().padStart(2, "0")}%`;
}

/** How fresh a chain's data are now: judged by its newest block, never by the age of a pool's last event. */
import type { ChainView, Instant } from "../api/types";
import { millis, millisOfNanos } from "../format/time";

export interface Freshness {
  state: ChainView["state"];
  /** Of the newest block, in ms; null while there is none. */
  ageMs: number | null;
  eventAgeMs: number | null;
  limitMs: number;
}

/** The newest block that was told of, whole or not. */
export function newestBlock(chain: ChainView): { number: number; time: Instant } | null {
  const whole = chain.block === null || chain.block_time === null ? null : { number: chain.block, time: chain.block_time };
  if (chain.head === null) return whole;
  return whole !== null && whole.number > chain.head.number ? whole : { number: chain.head.number, time: chain.head.time };
}

/**
 * `now` is the daemon's time in ms, `clock` the recording's. What was fresh when it was told is stale once its newest
 * block is older than the limit, whether or not anybody says so.
 */
export function freshnessOf(chain: ChainView, now: number, clock: Instant | null): Freshness {
  const at = chain.recorded ? (clock === null ? null : millis(clock)) : now;
  const block = newestBlock(chain);
  const age = (then: Instant | null) => (at === null || then === null ? null : Math.max(0, at - millis(then)));
  const ageMs = age(block?.time ?? null);
  const limitMs = millisOfNanos(chain.limit_ns);
  const late = !chain.recorded && ageMs !== null && ageMs > limitMs;
  const state = late && (chain.state === "fresh" || chain.state === "quiet") ? "stale" : chain.state;
  return { state, ageMs, eventAgeMs: age(chain.last_event), limitMs };
}

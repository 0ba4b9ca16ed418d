/** Which stretches of the market's time were halted, as far as this page saw it. */
import type { Status } from "../api/types";
import { isHalted } from "./banner";
import type { HaltSpan } from "./store";

const MOST_SPANS = 20;

/** The spans after the status changed from `before` to `now`. Gives back `spans` itself when nothing changed. */
export function haltSpans(spans: HaltSpan[], before: Status | undefined, now: Status): HaltSpan[] {
  const run = now.run.number;
  const open = spans.find((span) => span.run === run && span.to === null);
  if (isHalted(now) && open === undefined) {
    const beforeRun = BigInt(now.since.ns) <= BigInt(now.run.started.ns);
    const seen = before !== undefined && before.run.number === run && !isHalted(before);
    if (!beforeRun && !seen) return spans; // it began before this page looked: nobody told when, in market time
    const from = beforeRun ? null : (now.clock?.ns ?? null);
    if (!beforeRun && from === null) return spans;
    return [...spans, { run, haltId: now.halt_id, from, to: null }].slice(-MOST_SPANS);
  }
  if (!isHalted(now) && now.state !== "stopping" && open !== undefined) {
    const to = now.clock?.ns ?? open.from ?? now.run.started.ns;
    return spans.map((span) => (span === open ? { ...span, to } : span));
  }
  return spans;
}

import type { Instant } from "../api/types";
import { clockText, durationText, localText, millis } from "../format/time";
import { system as texts } from "../messages/acts";
import { useSecond } from "../model/second";

/** A moment of the daemon's clock, and how long ago that is. */
export function Moment({ instant, short = false }: { instant: Instant; short?: boolean }) {
  const now = useSecond();
  const ms = millis(instant);
  return (
    <time dateTime={instant.iso} title={localText(ms)}>
      {clockText(ms, now)}
      {!short && <span className="log"> {texts.ago(durationText(now - ms))}</span>}
    </time>
  );
}

/** How transactions and trades stand: what is open, what may still be replaced, and how each is coloured. Pure. */
import type { Trade, TransactionView } from "../api/types";
import type { Tone } from "../cards/Condition";
import { execution as texts } from "../messages/execution";

type State = TransactionView["state"];

const TONES: Record<State, Tone> = {
  signed: "idle",
  sent: "note",
  seen: "note",
  mined: "good",
  settled: "good",
  replaced: "idle",
  dropped: "idle",
  unknown: "bad",
};
const ENDS: readonly State[] = ["settled", "replaced", "dropped"];

export function stateTone(state: State): Tone {
  return TONES[state];
}

/** Where it is: in no block, so that another may still take its place; in one that is not final; or at its end. */
export function stageOf({ state }: TransactionView): "waiting" | "mined" | "ended" {
  return state === "mined" ? "mined" : ENDS.includes(state) ? "ended" : "waiting";
}

/** Each as the socket told it last; what it did not tell of stays as it was read. */
export function asNow(read: TransactionView[], told: TransactionView[] | undefined): TransactionView[] {
  const newest = new Map(told?.map((one) => [one.hash, one]));
  return read.map((one) => {
    const now = newest.get(one.hash);
    return now !== undefined && BigInt(now.changed_ns) >= BigInt(one.changed_ns) ? now : one;
  });
}

const OUTCOMES: Record<NonNullable<Trade["outcome"]>, Tone> = {
  traded: "good",
  reverted: "bad",
  cancelled: "idle",
  lost: "warn",
  orphaned: "note",
};

/** How a trade stands: by its end, or while it has none by its newest transaction. */
export function standingOf(trade: Trade, newest: TransactionView | undefined): { tone: Tone; word: string } {
  if (trade.outcome !== null) return { tone: OUTCOMES[trade.outcome], word: texts.outcomes[trade.outcome] };
  if (newest === undefined) return { tone: "idle", word: texts.outcomes.open };
  return { tone: TONES[newest.state], word: texts.states[newest.state] };
}

/** Why it failed, in few words: what the replay found, else what was said when it ended. */
export function whyOf({ finding, text }: Trade): { cause: string | null; text: string } {
  return finding === null ? { cause: null, text } : { cause: texts.causes[finding.cause], text: finding.text };
}

import type { Challenge } from "../api/types";
import { acts as actTexts, risk as texts } from "../messages/acts";

const LEAST_REASON = 10;

/** What is missing before it may be tried, in words; null if nothing is. */
export function lackingOf(challenge: Challenge | null, expired: boolean, phrase: string, reason: string): string | null {
  if (challenge === null) return texts.asking;
  if (expired) return texts.expired;
  if (challenge.objections.length > 0) return texts.objected;
  if (phrase !== challenge.phrase) return texts.typePhrase;
  return reason.trim().length < LEAST_REASON ? actTexts.longerReason(LEAST_REASON) : null;
}

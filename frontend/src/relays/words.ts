/** How the words of a link are coloured, and sizes. */
import type { RelayConsumer } from "../api/types";
import type { Tone } from "../cards/Condition";
import { integerText } from "../format/amount";

export type LinkWord = RelayConsumer["state"];

const TONES: Record<LinkWord, Tone> = {
  ok: "good",
  gap: "bad",
  stale: "warn",
  reset: "warn",
  slow: "warn",
  cut: "bad",
  refused: "bad",
  lost: "bad",
};

export function linkTone(word: LinkWord): Tone {
  return TONES[word];
}

/** Whole kibibytes, rounded up: what is there is never shown as nothing. */
export function kib(bytes: string): string {
  return integerText(`${(BigInt(bytes) + 1023n) / 1024n}`);
}

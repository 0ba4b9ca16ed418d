/** Scopes in words, and how levels and breakers are coloured. */
import type { BreakerView, LimitView, ScopeLevel } from "../api/types";
import type { Tone } from "../cards/Condition";
import { decimal, exactText } from "../format/amount";
import { risk as texts } from "../messages/acts";

const TONES: Record<ScopeLevel["level"], Tone> = {
  active: "good",
  probation: "note",
  reducing: "warn",
  halted: "bad",
  locked: "bad",
};

export function levelTone(level: ScopeLevel["level"]): Tone {
  return TONES[level];
}

export function phaseTone(phase: BreakerView["phase"]): Tone {
  return phase === "closed" ? "good" : phase === "open" ? "bad" : "warn";
}

/** "strategy flash_arbitrage", "everything". */
export function scopeName(scope: ScopeLevel): string {
  return scope.kind === "global" ? texts.everything.toLowerCase() : `${scope.kind} ${scope.label}`;
}

/** The same of a scope as text, where nothing else is known of it. */
export function scopeWords(scope: string): string {
  return scope === "global" ? texts.everything.toLowerCase() : scope.replace(":", " ");
}

/** A limit's number: every digit that is not a trailing zero. */
export function limitText(limit: LimitView, raw: string): string {
  const text = exactText(raw, limit.decimals ?? 0);
  const places = (text.split(".")[1] ?? "").replace(/0+$/, "").length;
  return decimal(text, places);
}

/** The colours of the style sheet, for drawing on a canvas. */

const NAMES = {
  line: "--line",
  control: "--control",
  surface: "--surface",
  text: "--text",
  text2: "--text2",
  text3: "--text3",
  pos: "--pos",
  neg: "--neg",
  warn: "--warn",
  stop: "--stop",
  poolA: "--pool-a",
  poolB: "--pool-b",
} as const;

export type Tokens = Record<keyof typeof NAMES, string>;

export function readTokens(): Tokens {
  const style = getComputedStyle(document.documentElement);
  const entries = Object.entries(NAMES).map(([name, variable]) => [name, style.getPropertyValue(variable).trim()]);
  return Object.fromEntries(entries) as Tokens;
}

/** A token with an opacity, from 0 to 1. */
export function faint(colour: string, opacity: number): string {
  const byte = Math.round(opacity * 255);
  return `${colour}${byte.toString(16).padStart(2, "0")}`;
}

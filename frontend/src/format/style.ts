/** How numbers and times are written: what a person chose, for every formatter. Nothing else may keep it. */

export type NumberStyle = "point" | "comma" | "space";
export type Zone = "utc" | "local";

/** Locales that write 1,234.56, 1.234,56 and 1 234,56. */
const LOCALES: Record<NumberStyle, string> = { point: "en-US", comma: "de-DE", space: "fr-FR" };
const MARKS: Record<NumberStyle, string> = { point: ".", comma: ",", space: "," };

let numbers: NumberStyle = "point";
let zone: Zone = "utc";

export function setStyle(style: { numbers: NumberStyle; zone: Zone }): void {
  ({ numbers, zone } = style);
}

export function numberLocale(): string {
  return LOCALES[numbers];
}

export function decimalMark(): string {
  return MARKS[numbers];
}

export function isLocal(): boolean {
  return zone === "local";
}

/** What a person chose for this browser: kept here only, never sent. */
import { create } from "zustand";

import { setStyle, type NumberStyle, type Zone } from "../format/style";

export type Colours = "green" | "blue";

export interface Display {
  numbers: NumberStyle;
  zone: Zone;
  colours: Colours;
}

const STORED = "alphapulse-display";
export const CHOICES: { [K in keyof Display]: readonly [Display[K], ...Display[K][]] } = {
  numbers: ["point", "comma", "space"],
  zone: ["utc", "local"],
  colours: ["green", "blue"],
};

/** What was kept, as far as it is something that can be chosen. */
export function readDisplay(text: string | null): Display {
  let kept: Partial<Record<keyof Display, unknown>> = {};
  try {
    const read: unknown = JSON.parse(text ?? "{}");
    if (typeof read === "object" && read !== null) kept = read;
  } catch {
    // what cannot be read was not written by this page: the plain choice stands
  }
  return {
    numbers: oneOf(CHOICES.numbers, kept.numbers),
    zone: oneOf(CHOICES.zone, kept.zone),
    colours: oneOf(CHOICES.colours, kept.colours),
  };
}

/** The value if it is one of the options, else the first of them. */
function oneOf<T extends string>(options: readonly [T, ...T[]], value: unknown): T {
  return options.find((option) => option === value) ?? options[0];
}

export const useDisplay = create<Display>(() => readDisplay(null));

/** Take up what was kept. Before the first render, so that nothing is drawn in another style first. */
export function startDisplay(): void {
  apply(readDisplay(window.localStorage.getItem(STORED)));
}

export function choose(change: Partial<Display>): void {
  const { numbers, zone, colours } = useDisplay.getState();
  const next = { numbers, zone, colours, ...change };
  window.localStorage.setItem(STORED, JSON.stringify(next));
  apply(next);
}

function apply(display: Display): void {
  setStyle(display);
  document.documentElement.dataset.colours = display.colours;
  useDisplay.setState(display);
}

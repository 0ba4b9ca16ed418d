import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

function tokensOf(scheme: string): Map<string, string> {
  return read(`data-mantine-color-scheme="${scheme}"\\] \\{`);
}

/** The same with the colours for eyes that do not tell green from red. */
function blueTokensOf(scheme: string): Map<string, string> {
  return new Map([...tokensOf(scheme), ...read(`data-mantine-color-scheme="${scheme}"\\]\\[data-colours="blue"\\] \\{`)]);
}

function read(selector: string): Map<string, string> {
  const block = new RegExp(`${selector}([^}]*)\\}`).exec(css)?.[1] ?? "";
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

/** Relative luminance of WCAG 2. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

// foreground, ground, least contrast: 4.5 for text, 3 for borders of controls
const TEXT = ["text", "text2", "text3", "accent", "pos", "neg", "warn", "note", "pool-a", "pool-b"];
const PAIRS: [string, string, number][] = [
  ...TEXT.flatMap((name): [string, string, number][] => [
    [name, "surface", 4.5],
    [name, "bg", 4.5],
  ]),
  ["text", "raised", 4.5],
  ["text2", "raised", 4.5],
  ["accent", "raised", 4.5],
  ["control", "surface", 3],
  ["on-fill", "fill", 4.5],
  ["on-stop", "stop", 4.5],
  ["on-stop", "stop-down", 4.5],
  ["on-live", "live", 4.5],
  ["halt-text", "halt-bg", 4.5],
  ["neg", "halt-bg", 4.5],
  ["text", "halt-bg", 4.5],
  ["text", "warn-bg", 4.5],
  ["warn", "warn-bg", 4.5],
  ["text2", "warn-bg", 4.5],
  ["text", "note-bg", 4.5],
  ["text2", "pos-bg", 4.5],
  ["pos", "pos-bg", 4.5],
];

describe.each([
  ["dark", tokensOf("dark")],
  ["light", tokensOf("light")],
  ["dark theme, blue and orange,", blueTokensOf("dark")],
  ["light theme, blue and orange,", blueTokensOf("light")],
])("tokens of the %s theme", (_, tokens) => {
  it.each(PAIRS)("%s on %s has at least %f", (front, ground, least) => {
    const [one, other] = [tokens.get(front), tokens.get(ground)];
    if (one === undefined || other === undefined) throw new Error(`no token ${front} or ${ground}`);
    expect(contrast(one, other)).toBeGreaterThanOrEqual(least);
  });
});

it("gives the values the design was computed with", () => {
  const [dark, light] = [tokensOf("dark"), tokensOf("light")];
  const ratio = (tokens: Map<string, string>, front: string) =>
    contrast(tokens.get(front) ?? "", tokens.get("surface") ?? "").toFixed(2);
  expect([ratio(dark, "text"), ratio(light, "text")]).toEqual(["15.30", "18.02"]);
  expect([ratio(dark, "text3"), ratio(light, "text3")]).toEqual(["6.31", "6.13"]);
});

it("has colours of its own for gain and loss where they are blue and orange", () => {
  for (const scheme of ["dark", "light"]) {
    const [plain, blue] = [tokensOf(scheme), blueTokensOf(scheme)];
    for (const name of ["pos", "neg", "pool-a", "pool-b"]) expect(blue.get(name)).not.toBe(plain.get(name));
    expect(new Set(["pos", "neg", "pool-a", "pool-b"].map((name) => blue.get(name))).size).toBe(4);
  }
});

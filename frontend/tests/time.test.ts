import { expect, it } from "vitest";

import { clockText, durationText, millisOfNanos } from "../src/format/time";

it("writes lengths of time in the largest two units", () => {
  const lengths = [300, 999, 1000, 12_400, 74_000, 372_000, 360_000, 7_500_000, 273_600_000];
  const texts = ["0.3 s", "0.9 s", "1 s", "12 s", "74 s", "6 min 12 s", "6 min", "2 h 05 min", "3 d 4 h"];
  expect(lengths.map(durationText)).toEqual(texts);
});

it("writes a length of clocks that differ as none", () => {
  expect(durationText(-5)).toBe("0.0 s");
});

it("adds the date when it is not today", () => {
  const now = Date.parse("2024-05-14T14:32:08Z");
  expect(clockText(now, now)).toBe("14:32:08 UTC");
  expect(clockText(now - 86_400_000, now)).toBe("2024-05-13 14:32:08 UTC");
});

it("takes milliseconds out of nanoseconds beyond 2^53", () => {
  expect(millisOfNanos("1704437087999999999")).toBe(1704437087999);
});

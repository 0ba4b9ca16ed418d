import { describe, expect, it } from "vitest";

import { timeSplits } from "../src/charts/axes";
import { haltedStretches, statesOf } from "../src/charts/states";
import { haltSpans } from "../src/model/halts";
import { halted, instant, opportunities, pair, status } from "../e2e/fixtures/day";

const clock = instant("2024-01-05T07:14:59Z").ns;

describe("statesOf", () => {
  it("keeps every log, also those that share a second", () => {
    const states = statesOf(pair, "45", clock, opportunities);
    const seconds = new Set(states?.times);
    expect(states?.times.length).toBeGreaterThan(seconds.size);
    expect(states?.marks).toHaveLength(14);
  });

  it("carries the state before the range in and the last one on to the end", () => {
    const states = statesOf(pair, "45", clock, []);
    expect(states?.times[0]).toBe(states?.from);
    expect(states?.times.at(-1)).toBe(states?.to);
    expect(states?.a.at(-1)).toBe(2264.416838);
  });

  it("gives marks their result when the opportunity is listed", () => {
    const results = statesOf(pair, "45", clock, opportunities)?.marks.map(({ result }) => result);
    expect(results?.filter((result) => result === "traded")).toHaveLength(5);
    expect(results?.at(-1)).toBe("traded");
    expect(statesOf(pair, "45", clock, [])?.marks[0]).toMatchObject({ result: "found", id: null });
  });

  it("leaves a gap where a price is not known, never zero", () => {
    const [first, ...others] = pair.points;
    if (first === undefined) throw new Error("the fixture has no point");
    const states = statesOf({ ...pair, points: [{ ...first, b: null, gap: null }, ...others] }, "day", clock, []);
    expect([states?.b[0], states?.higher[0], states?.gap[0]]).toEqual([null, null, null]);
  });

  it("is nothing without points", () => {
    expect(statesOf({ ...pair, points: [] }, "45", clock, [])).toBeNull();
  });
});

describe("halted time", () => {
  it("begins where the page saw the halt and ends where it saw the resume", () => {
    const later = { ...status, clock: instant("2024-01-05T07:20:00Z") };
    const begun = haltSpans([], status, halted);
    expect(begun).toEqual([{ run: 1, haltId: 7, from: clock, to: null }]);
    expect(haltSpans(begun, halted, halted)).toBe(begun);
    expect(haltSpans(begun, halted, later)[0]?.to).toBe(later.clock.ns);
  });

  it("is not invented when it began before the page looked", () => {
    expect(haltSpans([], undefined, halted)).toEqual([]);
  });

  it("covers the run when it began before the run did", () => {
    const restarted = { ...halted, run: { ...halted.run, number: 2, started: status.server_time } };
    const spans = haltSpans([], undefined, restarted);
    expect(spans).toEqual([{ run: 2, haltId: 7, from: null, to: null }]);
    expect(haltedStretches(spans, 2, 10, 20)).toEqual([[10, 20]]);
    expect(haltedStretches(spans, 1, 10, 20)).toEqual([]);
  });
});

describe("timeSplits", () => {
  it("are round and no closer than they need room", () => {
    const from = Date.parse("2024-01-05T06:30:00Z") / 1000;
    const splits = timeSplits(from, from + 2700, 600);
    expect(splits.map((at) => (at - from) / 60)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    expect(timeSplits(from, from + 86_400, 300).length).toBeLessThanOrEqual(6);
  });
});

import { describe, expect, it } from "vitest";

import { money, pageOf, sweep, whyNot } from "../e2e/fixtures/studies";
import { barOf, scaleOf } from "../src/studies/bars";
import { CHOICES, countOf, isEmpty, isSolver, pathOf } from "../src/studies/stages";

describe("the bars of a sweep", () => {
  const scale = scaleOf(sweep.rows);

  it("begin at one zero and end within the whole width", () => {
    const bars = sweep.rows.flatMap(({ fit, test }) => [fit, ...(test === null ? [] : [test])]).map(({ net }) => barOf(net, scale));
    for (const { left, width } of bars) {
      expect(parseFloat(left)).toBeGreaterThanOrEqual(0);
      expect(parseFloat(left) + parseFloat(width)).toBeLessThanOrEqual(100.01);
    }
    const starts = bars.filter(({ negative }) => !negative).map(({ left }) => left);
    expect(new Set(starts).size).toBe(1);
  });

  it("are as long as their amounts are, also where these are larger than any float holds exactly", () => {
    const rows = sweep.rows.slice(0, 1).map((row) => ({ ...row, fit: { ...row.fit, net: money(`${10n ** 40n}`) }, test: null }));
    expect(barOf(money(`${10n ** 40n / 4n}`), scaleOf(rows))).toEqual({ left: "0.00%", width: "25.00%", negative: false });
  });

  it("of losses alone go to the left from the right edge", () => {
    const rows = sweep.rows.slice(0, 1).map((row) => ({ ...row, fit: { ...row.fit, net: money("-8") }, test: null }));
    expect(barOf(money("-4"), scaleOf(rows))).toEqual({ left: "50.00%", width: "50.00%", negative: true });
  });

  it("of nothing have no length", () => {
    const rows = sweep.rows.slice(0, 1).map((row) => ({ ...row, fit: { ...row.fit, net: money("0") }, test: null }));
    expect(barOf(money("0"), scaleOf(rows)).width).toBe("0.00%");
  });
});

describe("the stages", () => {
  it("come in the order in which a gap passes them, and count what ended there", () => {
    expect(CHOICES[0]).toBe("all");
    expect(CHOICES.indexOf("costs")).toBeLessThan(CHOICES.indexOf("gate"));
    expect(countOf("costs", whyNot.stages)).toBe(4_320);
    expect(countOf("all", whyNot.stages)).toBe(4_386);
    expect(countOf("gate", whyNot.stages)).toBeUndefined();
  });

  it("are asked for by name, the newest of all by the socket", () => {
    expect(pathOf("all", null)).toBeNull();
    expect(pathOf("costs", null)).toBe("/opportunities?stage=costs&limit=50");
    expect(pathOf("gate", "1-7")).toBe("/opportunities?stage=gate&limit=50&cursor=1-7");
    expect(isSolver("shared")).toBe(true);
    expect(isSolver("execution")).toBe(false);
    expect(isEmpty(pageOf("http://x/?stage=sizing"))).toBe(true);
  });
});

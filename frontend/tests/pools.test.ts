/** Which pools are shown, in which order, and how fresh a chain is. */
import { describe, expect, it } from "vitest";

import { divergent, polygon, pool, proven } from "../e2e/fixtures/pools";
import { instant, wall, WALL } from "../e2e/fixtures/day";
import { changePools, putAsked, useAsked } from "../src/model/asked";
import { freshnessOf, newestBlock } from "../src/model/freshness";
import { magnitude } from "../src/pools/magnitude";
import { COLUMNS, isFiltered, matching, NO_FILTERS, ordered } from "../src/pools/rows";

const plain = pool(7, { name: "plain" });
const all = [plain, proven, divergent];
const names = (pools: { name: string }[]) => pools.map(({ name }) => name);

describe("pools", () => {
  it("are found by every word of a text, in any of their names", () => {
    expect(names(matching(all, { ...NO_FILTERS, text: "usdc deep" }))).toEqual(["Deep pool"]);
    expect(names(matching(all, { ...NO_FILTERS, text: divergent.address.toUpperCase() }))).toEqual(["Broken pair"]);
    expect(names(matching(all, { ...NO_FILTERS, text: " QuickSwap  WETH " }))).toEqual(["Broken pair"]);
    expect(matching(all, { ...NO_FILTERS, text: "deep broken" })).toEqual([]);
  });

  it("are filtered by chain, kind and trust, all at once", () => {
    expect(matching(all, NO_FILTERS)).toEqual(all);
    expect(names(matching(all, { text: "", chain: "137", kind: "v2", trust: "divergent" }))).toEqual(["Broken pair"]);
    expect(matching(all, { text: "", chain: "1", kind: "", trust: "" })).toEqual([]);
    expect([isFiltered(NO_FILTERS), isFiltered({ ...NO_FILTERS, kind: "v2" })]).toEqual([false, true]);
  });

  it("are sorted either way, and what is not known comes last both times", () => {
    expect(names(ordered(all, { by: "price", down: false }))).toEqual(["Deep pool", "Broken pair", "plain"]);
    expect(names(ordered(all, { by: "price", down: true }))).toEqual(["Broken pair", "Deep pool", "plain"]);
    expect(names(ordered(all, { by: "trust", down: false }))).toEqual(["Broken pair", "plain", "Deep pool"]);
    for (const by of COLUMNS) expect(ordered(all, { by, down: true })).toHaveLength(all.length);
  });

  it("compare prices exactly, however long they are", () => {
    const priced = (name: string, value: string) => pool(9, { name, price: { value, base: "A", quote: "B" } });
    const three = [priced("c", "10.5"), priced("a", "9.00000000000000000000001"), priced("b", "9.00000000000000000000002")];
    expect(names(ordered(three, { by: "price", down: false }))).toEqual(["a", "b", "c"]);
  });

  it("take the place of those that they change, and leave the others as they are", () => {
    changePools({ pools: [proven] });
    expect(useAsked.getState().pools).toBeUndefined();
    putAsked("pools", { pools: all, total: 3 });
    changePools({ pools: [{ ...divergent, trust: "proven" }] });
    const after = useAsked.getState().pools?.pools ?? [];
    expect(after.map(({ trust }) => trust)).toEqual(["unknown", "proven", "proven"]);
    expect(after[0]).toBe(plain);
  });
});

describe("magnitudes", () => {
  it("cut digits and never round, with their sign", () => {
    expect(["0", "1234567", "12345678", "-51999999"].map(magnitude)).toEqual(["0", "1234567", "1.234e7", "\u22125.199e7"]);
  });
});

describe("the freshness of a chain", () => {
  it("turns stale when its newest block is older than the limit, though nobody says so", () => {
    const at = (ms: number) => freshnessOf(polygon, WALL - 2000 + ms, null);
    expect([at(0), at(60_000), at(60_001)].map(({ state, ageMs }) => [state, ageMs])).toEqual([
      ["fresh", 0],
      ["fresh", 60_000],
      ["stale", 60_001],
    ]);
  });

  it("keeps what the daemon says that is worse", () => {
    for (const state of ["gap", "stale", "unknown", "ended"] as const)
      expect(freshnessOf({ ...polygon, state }, WALL + 3_600_000, null).state).toBe(state);
  });

  it("is told by the recording's clock where there is one, and unknown without it", () => {
    const recorded = { ...polygon, recorded: true };
    expect(freshnessOf(recorded, WALL + 3_600_000, wall(3000))).toMatchObject({ state: "fresh", ageMs: 5000 });
    expect(freshnessOf(recorded, WALL, null).ageMs).toBeNull();
  });

  it("goes by the newest block that anybody told of, and never by the age of an event", () => {
    const quiet = { ...polygon, last_event: instant("2024-05-14T10:00:00Z") };
    expect(freshnessOf(quiet, WALL, null)).toMatchObject({ state: "fresh", ageMs: 2000 });
    expect(newestBlock({ ...polygon, head: null })?.number).toBe(61_000_004);
    expect(newestBlock({ ...polygon, head: null, block: null })).toBeNull();
    const ahead = polygon.head === null ? null : { ...polygon.head, number: 61_000_009 };
    expect(newestBlock({ ...polygon, head: ahead })?.number).toBe(61_000_009);
  });
});

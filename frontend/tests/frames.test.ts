import { beforeEach, describe, expect, it } from "vitest";

import type { Point } from "../src/api/types";
import type { Append, Put } from "../src/api/wire";
import { Frames, MOST_POINTS, PointsMissing, withPoints, type Changes } from "../src/model/frames";
import { pair, topics } from "../e2e/fixtures/day";

type Appended = ReadonlyMap<string, Append["data"]>;

let flushes: (() => void)[];
let applied: { changes: Changes; appended: Appended }[];
let frames: Frames;

beforeEach(() => {
  flushes = [];
  applied = [];
  frames = new Frames(
    (flush) => flushes.push(flush),
    (changes, appended) => applied.push({ changes, appended }),
  );
});

function point(i: number): Point {
  return { i, t: "0", block: 1, log_index: i, a: null, b: null, gap: null, mark: null };
}

function append(...indexes: number[]): Append {
  const data = { gap_bps: "1.0", points: indexes.map(point) };
  return { type: "delta", seq: 0, topic: "pairs", op: "append", key: pair.id, data };
}

function put(day: string): Put {
  return { type: "delta", seq: 0, topic: "pnl", op: "put", data: { ...topics.pnl, day } };
}

describe("frames", () => {
  it("flush once per frame with the last value of a topic", () => {
    frames.put(put("one"));
    frames.put(put("two"));
    expect(flushes).toHaveLength(1);
    flushes[0]?.();
    expect(applied.map(({ changes }) => changes.pnl?.day)).toEqual(["two"]);
  });

  it("collect points of a pair in order", () => {
    frames.append(append(1, 2));
    frames.append(append(3));
    flushes[0]?.();
    expect(applied[0]?.appended.get(pair.id)?.points.map(({ i }) => i)).toEqual([1, 2, 3]);
  });

  it("stay bounded in a hidden tab, where none is ever drawn", () => {
    for (let i = 0; i < 3 * MOST_POINTS; i += 100) {
      frames.append(append(...Array.from({ length: 100 }, (_, offset) => i + offset)));
    }
    expect(flushes).toHaveLength(1);
    flushes[0]?.();
    expect(applied[0]?.appended.get(pair.id)?.points).toHaveLength(MOST_POINTS);
  });

  it("forget what waits when a snapshot replaces it", () => {
    frames.put(put("one"));
    frames.clear();
    flushes[0]?.();
    expect(applied[0]?.changes).toEqual({});
  });
});

describe("withPoints", () => {
  const before = { pairs: [{ ...pair, points: [point(0), point(1)] }] };
  const add = (...indexes: number[]) =>
    withPoints(before, new Map([[pair.id, append(...indexes).data]])).pairs[0]?.points.map(({ i }) => i);

  it("adds new points and leaves known ones out", () => {
    expect(add(1, 2, 3)).toEqual([0, 1, 2, 3]);
  });

  it("refuses to go on over a hole", () => {
    expect(() => add(3)).toThrow(PointsMissing);
  });

  it("keeps the object when nothing was added", () => {
    expect(withPoints(before, new Map())).toBe(before);
  });
});

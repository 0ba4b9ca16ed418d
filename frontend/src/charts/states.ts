/**
 * The states of a pair in a stretch of time, as numbers to draw. The only place where prices become floating point:
 * what is drawn is never added up or compared with money.
 */
import type { Opportunity, PairView, Point } from "../api/types";
import type { HaltSpan } from "../model/store";

const NANOS = 1_000_000_000n;

export type RangeName = "45" | "360" | "day";

/** Seconds since 1970, with the fraction. */
export function secondsOf(ns: string): number {
  const whole = BigInt(ns);
  return Number(whole / NANOS) + Number(whole % NANOS) / 1e9;
}

export function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** From when the chart reaches, given its last moment in seconds. The day is the UTC day. */
export function rangeStart(range: RangeName, to: number): number {
  return range === "day" ? Math.floor(to / 86400) * 86400 : to - Number(range) * 60;
}

export interface Mark {
  at: number;
  gap: number;
  result: Opportunity["result"] | "found";
  /** Of the opportunity, when the server still lists it. */
  id: string | null;
}

export interface States {
  from: number;
  to: number;
  /** In this order, one per log; the first may be the state that held when the stretch began. */
  points: Point[];
  times: number[];
  a: (number | null)[];
  b: (number | null)[];
  higher: (number | null)[];
  lower: (number | null)[];
  gap: (number | null)[];
  marks: Mark[];
}

/**
 * The states between the range's start and `clock` (the market's time in ns). The state before the start is carried in
 * and the last one is drawn on to the end: a price holds until the next log.
 */
export function statesOf(pair: PairView, range: RangeName, clock: string | null, list: Opportunity[]): States | null {
  const last = pair.points.at(-1);
  if (last === undefined) return null;
  const to = Math.max(secondsOf(last.t), clock === null ? 0 : secondsOf(clock));
  const from = rangeStart(range, to);
  const start = firstAtOrAfter(pair.points, BigInt(Math.floor(from)) * NANOS);
  const carried = start > 0;
  const points = pair.points.slice(carried ? start - 1 : start);
  const states: States = {
    from,
    to,
    points,
    times: points.map((point) => Math.max(from, secondsOf(point.t))),
    a: points.map((point) => numberOf(point.a)),
    b: points.map((point) => numberOf(point.b)),
    higher: [],
    lower: [],
    gap: points.map((point) => numberOf(point.gap)),
    marks: marksOf(carried ? points.slice(1) : points, list),
  };
  hold(states);
  states.higher = states.a.map((one, index) => both(one, states.b[index], Math.max));
  states.lower = states.a.map((one, index) => both(one, states.b[index], Math.min));
  return states;
}

function both(one: number | null, other: number | null | undefined, of: (...values: number[]) => number): number | null {
  return one === null || other === null || other === undefined ? null : of(one, other);
}

/** Draw the last state on to the end of the stretch. */
function hold(states: States): void {
  const last = states.points.at(-1);
  if (last === undefined || states.times.at(-1) === states.to) return;
  states.points = [...states.points, last];
  states.times.push(states.to);
  for (const values of [states.a, states.b, states.gap]) values.push(values.at(-1) ?? null);
}

function firstAtOrAfter(points: Point[], ns: bigint): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (BigInt(points[middle]?.t ?? "0") < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

const ORDER: Mark["result"][] = ["found", "pending", "refused", "failed", "traded"];

function marksOf(points: Point[], list: Opportunity[]): Mark[] {
  const known = new Map(list.map((one) => [`${one.block} ${one.log_index}`, one]));
  const marks = points.flatMap((point): Mark[] => {
    if (point.mark === null || point.gap === null) return [];
    const found = known.get(`${point.block} ${point.log_index}`);
    const result = found?.result ?? "found";
    return [{ at: secondsOf(point.t), gap: Number(point.gap), result, id: found?.id ?? null }];
  });
  // Drawn in this order: what was traded lies on top.
  return marks.sort((one, other) => ORDER.indexOf(one.result) - ORDER.indexOf(other.result));
}

/** The halted stretches of a run as seconds, cut to what the chart shows. */
export function haltedStretches(halts: HaltSpan[], run: number, from: number, to: number): [number, number][] {
  return halts
    .filter((span) => span.run === run)
    .map((span): [number, number] => [
      Math.max(from, span.from === null ? from : secondsOf(span.from)),
      Math.min(to, span.to === null ? to : secondsOf(span.to)),
    ])
    .filter(([start, end]) => end >= start);
}

/** The lowest and highest of some values, or null when there is none. */
export function extent(...lists: (number | null)[][]): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of lists.flat()) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

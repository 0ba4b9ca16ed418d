/**
 * What arrived since the last animation frame. The last value of a topic wins and points are bounded, so a hidden tab,
 * where no frame is ever drawn, holds no more than a visible one.
 */
import type { Append, Put, Topics } from "../api/wire";
import type { PairView, Pairs, Point } from "../api/types";

export const MOST_POINTS = 5000;

export type Changes = Partial<Topics>;

export class Frames {
  private changes: Changes = {};
  private appended = new Map<string, Append["data"]>();
  private scheduled = false;

  constructor(
    private readonly nextFrame: (flush: () => void) => void,
    private readonly apply: (changes: Changes, appended: ReadonlyMap<string, Append["data"]>) => void,
  ) {}

  put(delta: Put): void {
    if (delta.topic === "pairs") this.appended.clear();
    this.changes = { ...this.changes, [delta.topic]: delta.data };
    this.schedule();
  }

  append(delta: Append): void {
    const before = this.appended.get(delta.key)?.points ?? [];
    const points = [...before, ...delta.data.points].slice(-MOST_POINTS);
    this.appended.set(delta.key, { gap_bps: delta.data.gap_bps, points });
    this.schedule();
  }

  /** Forget what waits: a snapshot replaces it. */
  clear(): void {
    this.changes = {};
    this.appended = new Map();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.nextFrame(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const { changes, appended } = this;
    this.clear();
    this.apply(changes, appended);
  }
}

/** Thrown when points are missing between those known and those that came. */
export class PointsMissing extends RangeError {}

/**
 * The pairs with the new points added. Points already known are left out.
 * @throws PointsMissing when a point between was never sent.
 */
export function withPoints(pairs: Pairs, appended: ReadonlyMap<string, Append["data"]>): Pairs {
  if (appended.size === 0) return pairs;
  return { pairs: pairs.pairs.map((pair) => longer(pair, appended.get(pair.id))) };
}

function longer(pair: PairView, more: Append["data"] | undefined): PairView {
  if (more === undefined) return pair;
  const last = pair.points.at(-1)?.i;
  const fresh: Point[] = last === undefined ? more.points : more.points.filter((point) => point.i > last);
  const first = fresh[0]?.i;
  if (last !== undefined && first !== undefined && first !== last + 1 && fresh.length < MOST_POINTS) {
    throw new PointsMissing(`point ${last + 1} of ${pair.id} was not sent, the next one was ${first}`);
  }
  return { ...pair, gap_bps: more.gap_bps, points: [...pair.points, ...fresh].slice(-MOST_POINTS) };
}

/** The frames that the daemon sent since the page asked for them: as many as one may want to look back upon. */
import { create } from "zustand";

import type { FrameSample, LiveFrame } from "../api/wire";

export const MOST_FRAMES = 600;

/** `id` counts on over restarts of the daemon, `n` does not. */
export interface SeenFrame extends LiveFrame {
  id: number;
}

interface Firehose {
  /** Oldest first. */
  frames: readonly SeenFrame[];
  received: number;
  /** Messages that passed and were not sent. */
  skipped: number;
}

export const useFirehose = create<Firehose>(() => ({ frames: [], received: 0, skipped: 0 }));

export function addFrames({ frames, skipped }: FrameSample): void {
  useFirehose.setState((before) => ({
    frames: kept([...before.frames, ...frames.map((frame, index) => ({ ...frame, id: before.received + index }))]),
    received: before.received + frames.length,
    skipped: before.skipped + skipped,
  }));
}

/** Forget what came; the numbers go on, so that no frame is taken for another. */
export function clearFrames(): void {
  useFirehose.setState({ frames: [] });
}

/** Without the oldest of the busiest relay, until there is room: a signal outlives thousands of swaps. */
export function kept(frames: SeenFrame[]): SeenFrame[] {
  const counts = new Map<string, number>();
  for (const { domain } of frames) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  const surplus = new Map<string, number>();
  for (let over = frames.length - MOST_FRAMES; over > 0; over -= 1) {
    const [busiest] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one));
    counts.set(busiest, (counts.get(busiest) ?? 0) - 1);
    surplus.set(busiest, (surplus.get(busiest) ?? 0) + 1);
  }
  return frames.filter(({ domain }) => {
    const left = surplus.get(domain) ?? 0;
    if (left > 0) surplus.set(domain, left - 1);
    return left === 0;
  });
}

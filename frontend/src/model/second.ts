/** One clock for every age on the page: it ticks once a second. */
import { useSyncExternalStore } from "react";

import { serverNow } from "./clock";

let current = serverNow();
const listeners = new Set<() => void>();

function tick(): void {
  current = serverNow();
  for (const listener of listeners) listener();
}

/** Starts the ticking; returns how to end it. */
export function startSeconds(): () => void {
  const timer = window.setInterval(tick, 1000);
  return () => window.clearInterval(timer);
}

/** Brings every age up to date at once, after the daemon's time became known. */
export const tickNow = tick;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The daemon's time in milliseconds, renewed once a second. */
export function useSecond(): number {
  return useSyncExternalStore(subscribe, () => current);
}

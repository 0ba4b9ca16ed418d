/** One clock for every age on the page: it ticks once a second. */
import { useSyncExternalStore } from "react";

import { serverNow } from "./clock";

export interface Times {
  /** The daemon's time, in ms since 1970. */
  server: number;
  /** This machine's monotonic clock, in ms. */
  monotonic: number;
}

let current = read();
const listeners = new Set<() => void>();

function read(): Times {
  return { server: serverNow(), monotonic: performance.now() };
}

/** Brings every age up to date at once: the daemon's time became known, or something a person waits for happened. */
export function tick(): void {
  current = read();
  for (const listener of listeners) listener();
}

/** Starts the ticking; returns how to end it. */
export function startSeconds(): () => void {
  const timer = window.setInterval(tick, 1000);
  return () => window.clearInterval(timer);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTimes(): Times {
  return useSyncExternalStore(subscribe, () => current);
}

/** The daemon's time in milliseconds, renewed once a second. */
export function useSecond(): number {
  return useTimes().server;
}

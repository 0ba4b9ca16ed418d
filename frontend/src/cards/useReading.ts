import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { ask } from "../api/http";
import { words } from "../messages";

export interface Reading<T> {
  /** What was answered last; it stays while the next answer is awaited, and where that could not be had. */
  body: T | null;
  problem: string | null;
}

const never = () => false;

/**
 * What a path below /api/v1 answers; again every `everyMs` if that is given, until `isOver` says that nothing will
 * change any more. Null asks nothing.
 */
export function useReading<T>(path: string | null, everyMs?: number, isOver: (body: T) => boolean = never): Reading<T> {
  const [read, setRead] = useState<Reading<T> & { path: string | null }>({ path: null, body: null, problem: null });
  const over = useRef(isOver);
  useLayoutEffect(() => {
    over.current = isOver;
  });
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    let timer = 0;
    const once = async () => {
      const answer = await ask<T>("GET", path, { signal: end.signal }).catch(() => null);
      if (end.signal.aborted) return;
      const body = answer?.body ?? null;
      const problem = body === null ? (answer?.problem ?? words.notReceived) : null;
      setRead((before) => ({ path, body: body ?? (before.path === path ? before.body : null), problem }));
      const ended = body !== null && over.current(body);
      if (everyMs !== undefined && !ended) timer = window.setTimeout(() => void once(), everyMs);
    };
    void once();
    return () => {
      end.abort();
      window.clearTimeout(timer);
    };
  }, [path, everyMs]);
  return read.path === path ? read : { body: null, problem: null };
}

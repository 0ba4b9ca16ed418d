import { useEffect, useState } from "react";

import { ask } from "../api/http";
import { words } from "../messages";

export interface Read<T> {
  /** What was answered last; it stays while the next answer is awaited. */
  body: T | null;
  problem: string | null;
}

/** What a path below /api/v1 answers; again every `everyMs` if that is given. Null asks nothing. */
export function useAnswer<T>(path: string | null, everyMs?: number): Read<T> {
  const [read, setRead] = useState<Read<T> & { path: string | null }>({ path: null, body: null, problem: null });
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    let timer = 0;
    const once = async () => {
      const answer = await ask<T>("GET", path, { signal: end.signal }).catch(() => null);
      if (end.signal.aborted) return;
      const body = answer?.body ?? null;
      setRead({ path, body, problem: body === null ? (answer?.problem ?? words.notReceived) : null });
      if (everyMs !== undefined) timer = window.setTimeout(() => void once(), everyMs);
    };
    void once();
    return () => {
      end.abort();
      window.clearTimeout(timer);
    };
  }, [path, everyMs]);
  return read.path === path ? read : { body: null, problem: null };
}

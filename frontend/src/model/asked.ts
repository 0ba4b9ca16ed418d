/** Topics that are sent only while a page shows them, as they came last. */
import { create } from "zustand";

import type { AskedTopics, PoolsDelta } from "../api/wire";

export const useAsked = create<Partial<AskedTopics>>(() => ({}));

export function putAsked<T extends keyof AskedTopics>(topic: T, data: AskedTopics[T]): void {
  useAsked.setState({ [topic]: data });
}

/** Pools that have changed take the places of those with their ids; the others stay the same objects. */
export function changePools({ pools: changed }: PoolsDelta["data"]): void {
  const { pools } = useAsked.getState();
  if (pools === undefined) return; // all of them are still to come
  const byId = new Map(changed.map((pool) => [pool.id, pool]));
  putAsked("pools", { ...pools, pools: pools.pools.map((pool) => byId.get(pool.id) ?? pool) });
}

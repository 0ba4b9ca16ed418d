/** Which pools are shown, and in which order: pure. */
import type { PoolView } from "../api/types";

export const COLUMNS = ["name", "venue", "kind", "fee", "price", "trust", "block", "event", "events"] as const;
export type ColumnName = (typeof COLUMNS)[number];

export interface Order {
  by: ColumnName;
  down: boolean;
}

export interface Filters {
  text: string;
  chain: string;
  kind: string;
  trust: string;
}

export const NO_FILTERS: Filters = { text: "", chain: "", kind: "", trust: "" };

/** Quarantined ones first: they are what somebody has to look at. */
const TRUST_ORDER: Record<PoolView["trust"], number> = { divergent: 0, unknown: 1, in_range: 2, proven: 3 };

export function isFiltered(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== "");
}

/** Every word of the text must be in the name, the venue, a token's symbol or an address. */
export function matching(pools: readonly PoolView[], filters: Filters): PoolView[] {
  const asked = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  return pools.filter(
    (pool) =>
      (filters.chain === "" || `${pool.chain_id}` === filters.chain) &&
      (filters.kind === "" || pool.kind === filters.kind) &&
      (filters.trust === "" || pool.trust === filters.trust) &&
      asked.every((word) => searchable(pool).some((text) => text.includes(word))),
  );
}

function searchable(pool: PoolView): string[] {
  const tokens = pool.tokens.flatMap(({ symbol, address }) => [symbol.toLowerCase(), address]);
  return [pool.name.toLowerCase(), pool.venue.toLowerCase(), pool.address, ...tokens];
}

/** In that order; what is not known comes last either way, and equal ones keep their places. */
export function ordered(pools: readonly PoolView[], { by, down }: Order): PoolView[] {
  const sign = down ? -1 : 1;
  return pools.toSorted((one, other) => {
    const [a, b] = [keyOf(one, by), keyOf(other, by)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  });
}

function keyOf(pool: PoolView, by: ColumnName): string | number | bigint | null {
  switch (by) {
    case "name":
      return pool.name.toLowerCase();
    case "venue":
      return pool.venue.toLowerCase();
    case "kind":
      return pool.kind;
    case "fee":
      return pool.fee_ppm;
    case "price":
      return pool.price === null ? null : decimalKey(pool.price.value);
    case "trust":
      return TRUST_ORDER[pool.trust];
    case "block":
      return pool.last_block;
    case "event":
      return pool.last_event === null ? null : BigInt(pool.last_event.ns);
    case "events":
      return pool.events;
  }
}

const PLACES = 60;

/** Decimal text as an integer of one scale, so that prices are compared exactly. */
function decimalKey(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, "0"));
}

/** Amounts of this page as its API tells them: raw units beside their decimals, wei, hashes. Pure. */
import type { Amount, Instant, Trade, WalletView } from "../api/types";
import { decimal, exactText } from "../format/amount";

const GWEI_PLACES = 9;
const SHOWN_GWEI_PLACES = 4;
const COIN_DECIMALS = 18;
const NS_PER_MS = 1_000_000n;
const HEAD = 6;
const TAIL = 4;

/** "0xabcd\u2026ef01": enough to tell it apart; hovering and copying give all of it. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, HEAD)}\u2026${hash.slice(-TAIL)}`;
}

/** Wei per gas in gwei: as many of four decimals as say something; what is not nothing is never shown as nothing. */
export function gweiText(wei: string): string {
  const text = exactText(wei, GWEI_PLACES);
  const shown = text.slice(0, SHOWN_GWEI_PLACES - GWEI_PLACES).replace(/\.?0+$/, "");
  const places = /[1-9]/.test(shown) || !/[1-9]/.test(text) ? (shown.split(".")[1] ?? "").length : SHOWN_GWEI_PLACES;
  return decimal(text, places);
}

/** The least that replaces an offer: a tenth more, rounded up. */
export function bumped(wei: string): string {
  const before = BigInt(wei);
  const tenth = (before * 110n + 99n) / 100n;
  return (tenth > before ? tenth : before + 1n).toString();
}

export interface Unit {
  address: string;
  symbol: string;
  decimals: number | null;
}

/** A token's symbol; one that nobody knows has its address for one, which is shortened. */
export function symbolText({ symbol }: Pick<Unit, "symbol">): string {
  return /^0x[0-9a-f]{40}$/.test(symbol) ? shortHash(symbol) : symbol;
}

/** A sentence with the hashes in it shortened. */
export function briefly(text: string): string {
  return text.replace(/0x[0-9a-f]{64}/g, shortHash);
}

/** An amount of a token; one whose decimals nobody knows is left in raw units and says so. */
export function amountOf(raw: string, { address, symbol, decimals }: Unit): Amount {
  return decimals === null ? { raw, decimals: 0, symbol: `raw ${symbolText({ symbol })}`, token: address } : { raw, decimals, symbol, token: address };
}

/** An amount of a chain's own coin. */
export function coinOf(wei: string, coin: string): Amount {
  return { raw: wei, decimals: COIN_DECIMALS, symbol: coin, token: "" };
}

/** How much more there is on the chain than in the books. */
export function differenceOf(books: string, chain: string): string {
  return (BigInt(chain) - BigInt(books)).toString();
}

/** Actual less expected, once it is known. */
export function missedBy({ expected_net: expected, actual_net: actual }: Trade): string | null {
  return actual === null ? null : differenceOf(expected, actual);
}

/** What all wallets have paid for gas within the last hour, of their common limit, and in which coin. */
export function gasOfHour(wallets: WalletView[]): { used: string; budget: string | null; coin: string } {
  const used = wallets.reduce((sum, one) => sum + BigInt(one.gas_hour_wei), 0n);
  const coins = new Set(wallets.map(({ coin }) => coin));
  return { used: used.toString(), budget: wallets[0]?.gas_budget_wei ?? null, coin: [...coins].join(", ") };
}

/** A moment that came as nanoseconds since 1970. */
export function instantOf(ns: string): Instant {
  // eslint-disable-next-line no-restricted-syntax -- a moment, not an amount
  return { ns, iso: new Date(Number(BigInt(ns) / NS_PER_MS)).toISOString() };
}

/**
 * Amounts as text. The server sends whole numbers of the smallest unit as decimal strings; the point is placed by
 * string work and no amount ever passes through a floating point number.
 */
import type { Amount } from "../api/types";
import { decimalMark, numberLocale } from "./style";

export const MINUS = "\u2212";
export const MISSING = "\u2014";

const STABLE = new Set(["USDC", "USDT", "DAI", "USDC.E", "USDBC", "FRAX", "LUSD", "PYUSD", "TUSD", "BUSD"]);

export type SignStyle = "negative" | "exceptZero";

/**
 * The exact value, a point as decimal mark and no grouping: `exactText("-1534147509", 6)` is "-1534.147509".
 * @throws RangeError when `raw` is not a whole number in decimal digits.
 */
export function exactText(raw: string, decimals: number): string {
  if (!/^-?\d+$/.test(raw)) throw new RangeError(`amount was "${raw}", expected a whole number in decimal digits`);
  const sign = raw.startsWith("-") ? "-" : "";
  const digits = raw.slice(sign.length).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** How many decimals a token is shown with: stablecoins 2, others 4, or 6 below one. */
export function shownPlaces(symbol: string, text: string): number {
  if (STABLE.has(symbol.toUpperCase())) return 2;
  return /^-?0*(\.|$)/.test(text) ? 6 : 4;
}

const formats = new Map<string, Intl.NumberFormat>();

export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const locale = numberLocale();
  const key = locale + JSON.stringify(options);
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat(locale, { useGrouping: "always", ...options });
  formats.set(key, made);
  return made;
}

/** A decimal text with grouping and a fixed number of places; what is not zero is never shown as zero. */
export function decimal(text: string, places: number, sign: SignStyle = "negative"): string {
  const shown = numberFormat({
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    signDisplay: sign,
  }).format(text as Intl.StringNumericLiteral);
  if (/[1-9]/.test(shown)) return shown.replace("-", MINUS);
  if (!/[1-9]/.test(text)) return shown.replace(/[-+]/, "");
  const smallest = places === 0 ? "1" : `0${decimalMark()}${"1".padStart(places, "0")}`;
  return `${text.startsWith("-") ? MINUS : ""}<${smallest}`;
}

/** The amount without its unit. */
export function amountText(amount: Amount, sign: SignStyle = "negative"): string {
  const text = exactText(amount.raw, amount.decimals);
  return decimal(text, shownPlaces(amount.symbol, text), sign);
}

/** The amount where there is no room: stablecoins without decimals. Hovering gives the rest. */
export function roundAmount(amount: Amount): string {
  const text = exactText(amount.raw, amount.decimals);
  return decimal(text, STABLE.has(amount.symbol.toUpperCase()) ? 0 : 4);
}

/** The amount with its unit. */
export function amountWithUnit(amount: Amount, sign: SignStyle = "negative"): string {
  return `${amountText(amount, sign)} ${amount.symbol}`;
}

/** Every digit and the unit, for hovering and copying. */
export function amountExact(amount: Amount): string {
  return `${exactText(amount.raw, amount.decimals)} ${amount.symbol}`;
}

/** A cost is sent as a positive number and shown as what it takes away. */
export function costText(amount: Amount): string {
  return amountText(negated(amount));
}

export function negated(amount: Amount): Amount {
  return { ...amount, raw: (-BigInt(amount.raw)).toString() };
}

/** -1, 0 or 1. */
export function signOf(amount: Amount): -1 | 0 | 1 {
  const value = BigInt(amount.raw);
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

/** The sum of amounts of one token, or null when there is none, one is missing, or tokens differ. */
export function sumOf(amounts: (Amount | null)[]): Amount | null {
  const first = amounts[0];
  if (first === null || first === undefined) return null;
  let total = 0n;
  for (const amount of amounts) {
    if (amount === null || amount.token !== first.token || amount.decimals !== first.decimals) return null;
    total += BigInt(amount.raw);
  }
  return { ...first, raw: total.toString() };
}

/** `part` of `whole` in millionths, at most `1_000_000n`; null when they cannot be compared. */
export function shareOf(part: Amount, whole: Amount): bigint | null {
  const limit = BigInt(whole.raw);
  if (part.token !== whole.token || part.decimals !== whole.decimals || limit <= 0n) return null;
  const used = BigInt(part.raw);
  const share = ((used < 0n ? -used : used) * 1_000_000n) / limit;
  return share > 1_000_000n ? 1_000_000n : share;
}

/** A price: 2 decimals from a thousand up, otherwise 6 significant digits. */
export function priceText(value: string): string {
  const whole = value.replace("-", "").split(".")[0] ?? "";
  if (whole.replace(/^0+/, "").length >= 4) return decimal(value, 2);
  const digits = { minimumSignificantDigits: 6, maximumSignificantDigits: 6 };
  return numberFormat(digits).format(value as Intl.StringNumericLiteral).replace("-", MINUS);
}

/** A fee in millionths as a percentage: 500 is "0.05%"; one that changes with the pool's state has no number. */
export function feeText(ppm: number | null): string {
  if (ppm === null) return "dynamic";
  const text = exactText(BigInt(ppm).toString(), 4);
  const shown = numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: 4 });
  return `${shown.format(text as Intl.StringNumericLiteral)}%`;
}

/** A count of events. */
export function countText(count: number): string {
  return numberFormat({ maximumFractionDigits: 0 }).format(count);
}

/** The text of a percentage from millionths, for widths and labels: 250000n is "25.00%". */
export function percentText(ppm: bigint): string {
  return `${exactText(ppm.toString(), 4).replace(/..$/, "")}%`;
}

/** A whole number that came as decimal text: grouped, every digit. */
export function integerText(text: string): string {
  return decimal(text, 0);
}

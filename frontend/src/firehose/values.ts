/** Values of a frame as text: every digit, as they stand in the bytes. */
import { exactText } from "../format/amount";
import { firehose as texts } from "../messages";
import { hexOf } from "../wire/bytes";
import { InstrumentId } from "../wire/view";
import type { Row } from "./rows";

export function valueText({ form, value, count }: Row): string {
  if (form === "list") return texts.items(count);
  if (form !== "value") return "";
  if (value === null) return texts.absent;
  if (value instanceof Uint8Array) return `0x${hexOf(value)}`;
  if (value instanceof InstrumentId) return `${value.venue} ${value.name}`;
  return value === "" ? texts.empty : String(value);
}

/** Unit and meaning, without the marks of the protocol's written description. */
export function meaningText({ unit, text }: Row): string {
  const words = [unit, text].filter((part) => part !== "").join(": ");
  return words.replaceAll("`", "");
}

const NS = "ns since 1970 UTC";
const Q8 = " at 10^-8";
const Q8_DECIMALS = 8;
/** Later moments have a year that no clock shows. */
const LAST_NS = 253_402_300_800_000_000_000n;

/** The value again, as people write it: a moment, or a number with its point. */
export function plainText({ value, unit }: Row): string | null {
  if (typeof value !== "bigint") return null;
  if (unit === NS) return value === 0n || value >= LAST_NS ? null : momentText(value);
  return unit.endsWith(Q8) ? exactText(value.toString(), Q8_DECIMALS) : null;
}

function momentText(ns: bigint): string {
  const [seconds, fraction] = [ns / 1_000_000_000n, ns % 1_000_000_000n];
  // eslint-disable-next-line no-restricted-syntax -- a moment, not an amount
  const iso = new Date(Number(seconds * 1000n)).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}.${fraction.toString().padStart(9, "0")} UTC`;
}

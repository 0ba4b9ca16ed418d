/** Integers of which the order of magnitude is what is read: liquidity has no unit that anybody knows. */
import { MINUS } from "../format/amount";

const WHOLE = 7;

/** "1234567", "1.234e19", "\u22125.163e22": four digits, cut and not rounded; the whole number stands on hover. */
export function magnitude(text: string): string {
  const digits = text.replace("-", "");
  const sign = text.startsWith("-") ? MINUS : "";
  if (digits.length <= WHOLE) return sign + digits;
  return `${sign}${digits.slice(0, 1)}.${digits.slice(1, 4)}e${digits.length - 1}`;
}

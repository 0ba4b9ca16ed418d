/** The numbers of a gate check, in the unit the gate counts in. */
import type { Amount, Opportunity } from "../api/types";
import { amountExact, amountText, MINUS, signOf } from "../format/amount";
import { durationText, millisOfNanos } from "../format/time";
import { opportunities as texts } from "../messages";

const RAW_AMOUNT = "raw profit token";
const NANOSECONDS = "ns";

type Show = (amount: Amount) => string;

function shown(row: Opportunity, number: string | null, show: Show): string | null {
  const unit = row.reason?.unit ?? "";
  if (number === null) return null;
  if (unit === RAW_AMOUNT) {
    const { address, decimals, symbol } = row.token;
    return show({ raw: number, decimals, symbol, token: address });
  }
  if (unit === NANOSECONDS) return durationText(millisOfNanos(number));
  return `${number} ${unit}`.trim();
}

/** Every digit of the value found and of the limit, with their unit. */
export function checkNumbers(row: Opportunity): { value: string | null; limit: string | null } {
  const exact: Show = (amount) => amountExact(amount).replace("-", MINUS);
  return { value: shown(row, row.reason?.value ?? null, exact), limit: shown(row, row.reason?.limit ?? null, exact) };
}

/** Why, in few words, or how a trade ended. */
export function reasonText(row: Opportunity): string {
  if (row.reason === null) return row.result === "traded" ? tradedText(row) : "";
  const short: Show = (amount) => amountText(amount);
  const value = shown(row, row.reason.value, short);
  const limit = shown(row, row.reason.limit, short);
  const checks: Record<string, (value: string, limit: string) => string> = texts.checks;
  // A floor of one raw unit is no floor: any profit at all would pass.
  const code = row.reason.code === "min_net_profit" && row.reason.limit === "1" ? "no_net_profit" : row.reason.code;
  const words = checks[code];
  return words === undefined || value === null || limit === null ? row.reason.text : words(value, limit);
}

/** Whether the trade earned what was expected of it, and by how much not. */
function tradedText({ net, actual_net: actual }: Opportunity): string {
  if (net === null || actual === null || net.token !== actual.token) return "";
  const difference: Amount = { ...net, raw: (BigInt(actual.raw) - BigInt(net.raw)).toString() };
  return signOf(difference) === 0 ? texts.asExpected : texts.unlikeExpected(amountText(difference, "exceptZero"));
}

/** Amounts, prices and moments as the cards show them. Hovering gives every digit. */
import { IconTriangleFilled, IconTriangleInvertedFilled } from "@tabler/icons-react";

import type { Amount, Instant } from "../api/types";
import { amountExact, amountText, costText, negated, signOf } from "../format/amount";
import { localText, millis, timeOfDay } from "../format/time";
import { Missing } from "./Card";

/** Earned or lost: sign and colour. `plain` keeps the sign and leaves the colour out. */
export function Profit({ amount, plain = false }: { amount: Amount; plain?: boolean }) {
  const sign = signOf(amount);
  const tone = plain ? "plain" : sign > 0 ? "pos" : sign < 0 ? "neg" : "zero";
  return (
    <span className={`amount ${tone}`} title={amountExact(amount)}>
      {amountText(amount, "exceptZero")}
    </span>
  );
}

export function Plain({ amount }: { amount: Amount }) {
  return (
    <span className="amount" title={amountExact(amount)}>
      {amountText(amount)}
    </span>
  );
}

export function Cost({ amount, cause }: { amount: Amount | null; cause: string }) {
  if (amount === null) return <Missing cause={cause} />;
  return (
    <span className="amount cost" title={amountExact(negated(amount))}>
      {costText(amount)}
    </span>
  );
}

/** The shape beside the big number; nothing for zero. */
export function Trend({ amount }: { amount: Amount }) {
  const sign = signOf(amount);
  if (sign === 0) return null;
  const Shape = sign > 0 ? IconTriangleFilled : IconTriangleInvertedFilled;
  return <Shape size={14} className={sign > 0 ? "pos" : "neg"} aria-hidden="true" />;
}

export function TimeOfDay({ instant, log }: { instant: Instant; log?: string }) {
  const ms = millis(instant);
  return (
    <time dateTime={instant.iso} title={log === undefined ? localText(ms) : `${localText(ms)}, ${log}`}>
      {timeOfDay(ms)}
    </time>
  );
}

/** Amounts of tokens that the API tells in raw units, with their symbols. */
import { Plain, Profit } from "../cards/Figures";
import { integerText } from "../format/amount";
import { amountOf, symbolText, type Unit } from "./figures";

interface Props {
  raw: string;
  unit: Unit;
  /** Whether it is earned or lost, and if so whether that has a colour. */
  as?: "profit" | "plain profit" | "amount";
  /** Whether the symbol stands somewhere else. */
  bare?: boolean;
}

export function Quantity({ raw, unit, as = "amount", bare = false }: Props) {
  if (unit.decimals === null) {
    return (
      <>
        {integerText(raw)} <span className="log">raw</span> {!bare && symbolText(unit)}
      </>
    );
  }
  const amount = amountOf(raw, unit);
  return (
    <>
      {as === "amount" ? <Plain amount={amount} /> : <Profit amount={amount} plain={as === "plain profit"} />} {!bare && symbolText(unit)}
    </>
  );
}

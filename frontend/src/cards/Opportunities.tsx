import { memo, useState } from "react";
import { IconChevronRight } from "@tabler/icons-react";

import type { Opportunity, LatestOpportunities, Counts, PairView } from "../api/types";
import { amountExact, amountText, countText, decimal, feeText, negated, roundAmount, sumOf } from "../format/amount";
import { millis, timeOfDay } from "../format/time";
import { opportunities as texts } from "../messages";
import { isHalted } from "../model/banner";
import { useModel } from "../model/store";
import { Card, Missing, NotReceived } from "./Card";
import { Cost, Plain, Profit, TimeOfDay } from "./Figures";
import { OpportunityDrawer } from "./OpportunityDrawer";
import { reasonText } from "./reasons";
import { Result, ResultShape } from "./results";
import { choose, useChosen } from "./chosen";
import { useHeldRows } from "./heldRows";

const SHOWN = 14;

export function Opportunities() {
  const page = useModel((model) => model.topics.opportunities);
  const chosen = useChosen();
  return (
    <Card title={texts.title} className="opportunities" head={page !== undefined && <CountLine counts={page.counts} />}>
      {page === undefined ? <NotReceived /> : <Known page={page} chosen={chosen} />}
      <OpportunityDrawer id={chosen} onClose={() => choose(null)} />
    </Card>
  );
}

function Known({ page, chosen }: { page: LatestOpportunities; chosen: string | null }) {
  const [all, setAll] = useState(false);
  const { rows, newer, showNewer, hold, release } = useHeldRows(page.opportunities, chosen !== null);
  if (rows.length === 0) return <Empty />;
  const shown = all ? rows : rows.slice(0, SHOWN);
  return (
    <div onPointerEnter={hold} onPointerLeave={release}>
      {newer > 0 && (
        <button type="button" className="newer" onClick={showNewer}>
          {texts.newer(newer)}
        </button>
      )}
      <Table rows={shown} chosen={chosen} />
      <ul className="narrow" data-all={all || undefined}>
        {shown.map((row) => (
          <TwoLines key={row.id} row={row} />
        ))}
      </ul>
      <button
        type="button"
        className="all"
        data-few={rows.length <= SHOWN || undefined}
        data-one-page={rows.length <= 6 || undefined}
        aria-expanded={all}
        onClick={() => setAll(!all)}
      >
        {all ? texts.fewer : texts.all(rows.length)}
      </button>
    </div>
  );
}

function CountLine({ counts }: { counts: Counts }) {
  return (
    <div className="counts">
      <span>
        <b>{countText(counts.found)}</b> {texts.found}
      </span>
      {(["traded", "failed", "refused"] as const).map((result) => (
        <span key={result}>
          <ResultShape result={result} />
          <b>{countText(counts[result])}</b> {texts[result]}
        </span>
      ))}
      {(["pending", "orphaned"] as const).map(
        (result) =>
          counts[result] > 0 && (
            <span key={result}>
              <ResultShape result={result} />
              <b>{countText(counts[result])}</b> {texts[result]}
            </span>
          ),
      )}
    </div>
  );
}

function Empty() {
  const pair = useModel((model) => model.topics.pairs?.pairs[0]);
  const halted = useModel((model) => isHalted(model.topics.status));
  if (halted) return <p className="quiet">{texts.noneHalted}</p>;
  if (pair === undefined || pair.points.length === 0) return <p className="quiet">{texts.none}</p>;
  return <p className="quiet">{texts.noneSeen(countText(pair.points.length), largestGap(pair), pair.fees_bps ?? "?")}</p>;
}

/** The largest gap of either sign among the points, compared in tenths of a basis point. */
function largestGap(pair: PairView): string | null {
  let largest: { text: string; tenths: bigint } | null = null;
  for (const { gap } of pair.points) {
    if (gap === null) continue;
    const text = gap.replace("-", "");
    const [whole = "0", fraction = ""] = text.split(".");
    const tenths = BigInt(whole) * 10n + BigInt(fraction.padEnd(1, "0").charAt(0));
    if (largest === null || tenths > largest.tenths) largest = { text, tenths };
  }
  return largest?.text ?? null;
}

/** What all rows have in common, or null. */
function common(rows: Opportunity[], of: (row: Opportunity) => string): string | null {
  const first = rows[0];
  return first !== undefined && rows.every((row) => of(row) === of(first)) ? of(first) : null;
}

function Table({ rows, chosen }: { rows: Opportunity[]; chosen: string | null }) {
  const unit = common(rows, (row) => row.token.symbol);
  const [base, quote] = common(rows, (row) => row.pair)?.split("/") ?? [];
  const flash = rows.some((row) => BigInt(row.flash_fee.raw) !== 0n);
  const path = base !== undefined && unit === quote ? texts.path(base) : texts.pathPlain;
  return (
    <table className="wide" data-mixed={unit === null || undefined}>
      <thead>
        <tr>
          <th scope="col">{texts.time}</th>
          <th scope="col">{path}</th>
          <th scope="col" className="right">
            {texts.gap}
          </th>
          <th scope="col" className="right">
            {texts.withUnit(texts.size, unit)}
          </th>
          <th scope="col" className="right parts">
            {texts.gross}
          </th>
          <th scope="col" className="right parts">
            {texts.poolFees}
          </th>
          {flash && (
            <th scope="col" className="right parts">
              {texts.flash}
            </th>
          )}
          <th scope="col" className="right parts">
            {texts.gas}
          </th>
          <th scope="col" className="right folded">
            {texts.feesAndGas}
          </th>
          <th scope="col" className="right">
            {texts.withUnit(texts.net, unit)}
          </th>
          <th scope="col" className="reason">
            {texts.result}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id} row={row} flash={flash} unit={unit} chosen={row.id === chosen} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  row: Opportunity;
  flash: boolean;
  unit: string | null;
  chosen: boolean;
}

const Row = memo(function Row({ row, flash, unit, chosen }: RowProps) {
  const time = timeOfDay(millis(row.time));
  const costs = sumOf([row.pool_fees, row.flash_fee, row.gas]);
  const parts = [row.pool_fees, row.flash_fee, ...(row.gas === null ? [] : [row.gas])];
  const reason = reasonText(row);
  const suffix = unit === null ? ` ${row.token.symbol}` : "";
  return (
    // The button in the first cell is the keyboard's way; a click anywhere in the row is the pointer's.
    <tr data-result={row.result} data-chosen={chosen || undefined} onClick={() => choose(row.id)}>
      <td>
        <button type="button" className="row-button" aria-label={texts.open(`${time} #${row.log_index}`)}>
          <TimeOfDay instant={row.time} log={`block ${countText(row.block)}, log ${row.log_index}`} />
          <span className="log">#{row.log_index}</span>
        </button>
      </td>
      <td>
        <Path row={row} />
      </td>
      <td className="right">{decimal(row.gap_bps, 1)}</td>
      <td className="right">
        <Plain amount={row.size} />
        {suffix}
      </td>
      <td className="right parts">
        <Plain amount={row.gross} />
      </td>
      <td className="right parts">
        <Cost amount={row.pool_fees} cause="" />
      </td>
      {flash && (
        <td className="right parts">
          <Cost amount={row.flash_fee} cause="" />
        </td>
      )}
      <td className="right parts">
        <Cost amount={row.gas} cause={texts.noGas} />
      </td>
      <td className="right folded" title={parts.map((amount) => amountText(negated(amount))).join(", ")}>
        <Cost amount={costs} cause={texts.noGas} />
      </td>
      <td className="right strong">
        <Net row={row} />
      </td>
      <td className="reason">
        <div>
          <Result result={row.result} />
          <span className="why" title={row.reason?.text ?? reason}>
            {reason}
          </span>
        </div>
      </td>
    </tr>
  );
});

/** What a refused one would have earned is neither earned nor lost: it has a sign and no colour. */
function Net({ row }: { row: Opportunity }) {
  const net = row.actual_net ?? row.net;
  if (net === null) return <Missing cause={texts.noNet} />;
  return <Profit amount={net} plain={row.result === "refused" || row.result === "pending"} />;
}

/** The pools in the order they are used, in the colours of the price chart. */
export function Path({ row }: { row: Opportunity }) {
  const first = useModel((model) => model.topics.pairs?.pairs[0]?.pools[0]?.address);
  const second = useModel((model) => model.topics.pairs?.pairs[0]?.pools[1]?.address);
  return (
    <span className="path">
      {row.path.map((pool, index) => (
        <span key={`${index} ${pool.address}`}>
          {index > 0 && <IconChevronRight size={11} aria-hidden="true" />}
          <span
            className={pool.address === first ? "pool-a" : pool.address === second ? "pool-b" : ""}
            title={`${pool.name} ${pool.address}`}
          >
            {feeText(pool.fee_ppm)}
          </span>
        </span>
      ))}
    </span>
  );
}

const TwoLines = memo(function TwoLines({ row }: { row: Opportunity }) {
  return (
    <li>
      <button type="button" className="two-lines" onClick={() => choose(row.id)}>
        <span className="line">
          <Result result={row.result} />
          <Path row={row} />
          <span className="strong">
            <Net row={row} />
          </span>
        </span>
        <span className="line second">
          <span>
            <TimeOfDay instant={row.time} /> · {texts.bps(decimal(row.gap_bps, 1))} ·{" "}
            <span title={amountExact(row.size)}>{roundAmount(row.size)}</span> {row.size.symbol}
          </span>
          <span className="why">{reasonText(row)}</span>
        </span>
      </button>
    </li>
  );
});

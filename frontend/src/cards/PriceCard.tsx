import { useMemo, useState, type ReactNode } from "react";
import { NativeSelect, SegmentedControl } from "@mantine/core";

import type { PairView, Point } from "../api/types";
import { PriceChart } from "../charts/PriceChart";
import { statesOf, type RangeName, type States } from "../charts/states";
import { countText, decimal, priceText } from "../format/amount";
import { pairLabels } from "../format/pool";
import { millisOfNanos, timeOfDay } from "../format/time";
import { price as texts, words } from "../messages";
import { useModel } from "../model/store";
import { Card, Missing, NotReceived } from "./Card";
import { choose } from "./chosen";
import { ResultShape } from "./results";

const RANGES: RangeName[] = ["45", "360", "day"];
const TABLE_ROWS = 200;

export function PriceCard() {
  const pairs = useModel((model) => model.topics.pairs?.pairs);
  const [chosen, setChosen] = useState<string | null>(null);
  const pair = pairs?.find((one) => one.id === chosen) ?? pairs?.[0];
  if (pairs === undefined || pair === undefined) {
    return (
      <Card title={texts.gap}>{pairs === undefined ? <NotReceived /> : <p className="quiet">{texts.none}</p>}</Card>
    );
  }
  const choice = pairs.length > 1 && (
    <NativeSelect
      size="xs"
      aria-label={texts.pair}
      data={pairs.map((one) => ({
        value: one.id,
        label: texts.choice(one.base.symbol, one.quote.symbol, ...pairLabels(one)),
      }))}
      value={pair.id}
      onChange={(event) => setChosen(event.currentTarget.value)}
    />
  );
  return <Known key={pair.id} pair={pair} choice={choice} />;
}

function Known({ pair, choice }: { pair: PairView; choice: ReactNode }) {
  const [range, setRange] = useState<RangeName>("45");
  const clock = useModel((model) => model.topics.status?.clock?.ns ?? null);
  const run = useModel((model) => model.topics.status?.run.number ?? 0);
  const list = useModel((model) => model.topics.opportunities?.opportunities);
  const states = useMemo(() => statesOf(pair, range, clock, list ?? []), [pair, range, clock, list]);
  return (
    <Card
      title={texts.title(pair.base.symbol, pair.quote.symbol)}
      className="price"
      head={
        <>
          <Legend pair={pair} />
          {choice}
          <SegmentedControl
            size="xs"
            aria-label={texts.range}
            data={RANGES.map((value) => ({ value, label: texts.ranges[value] }))}
            value={range}
            onChange={(value) => setRange(value as RangeName)}
          />
        </>
      }
    >
      {states === null ? (
        <p className="quiet">{texts.noPoints}</p>
      ) : (
        <>
          <Summary pair={pair} states={states} />
          <PriceChart pair={pair} states={states} run={run} onPick={choose} />
          <StateTable pair={pair} />
        </>
      )}
    </Card>
  );
}

function Legend({ pair }: { pair: PairView }) {
  const last = pair.points.at(-1);
  const labels = pairLabels(pair);
  return (
    <div className="legend">
      {pair.pools.map((pool, index) => {
        const value = (index === 0 ? last?.a : last?.b) ?? null;
        const label = labels[index] ?? "";
        return (
          <span key={pool.address} title={`${pool.name} ${pool.address}`}>
            <i className={index === 0 ? "swatch-a" : "swatch-b"} />
            {label}
            {value === null ? <Missing cause={texts.noPrice(label)} /> : <b title={value}>{priceText(value)}</b>}
          </span>
        );
      })}
      <span>
        {texts.gap} <b>{pair.gap_bps === null ? words.none : texts.bps(decimal(pair.gap_bps, 1))}</b>
      </span>
      <span className="marks">
        <ResultShape result="traded" />
        {words.results.traded.toLowerCase()}
      </span>
      <span className="marks">
        <ResultShape result="refused" />
        {words.results.refused.toLowerCase()}
      </span>
    </div>
  );
}

/** What the canvas shows, in a sentence for readers that cannot see it. */
function Summary({ pair, states }: { pair: PairView; states: States }) {
  const last = pair.points.at(-1);
  const [first, second] = pairLabels(pair);
  const shown = (value: string | null | undefined) => (value ? priceText(value) : words.none);
  const gap = last?.gap ? decimal(last.gap, 1) : words.none;
  return (
    <p className="unseen">
      {texts.summary(first, shown(last?.a), second, shown(last?.b), gap, states.marks.length)}
    </p>
  );
}

/** The canvas in words: the newest states, built only when asked for. */
function StateTable({ pair }: { pair: PairView }) {
  const [open, setOpen] = useState(false);
  const labels = pairLabels(pair);
  return (
    <details className="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.table}</summary>
      {open && (
        // The region scrolls, so the keyboard must be able to reach it.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="table-scroll" role="region" aria-label={texts.tableLabel} tabIndex={0}>
          <table className="small-table">
            <thead>
              <tr>
                <th scope="col">{texts.time}</th>
                {labels.map((label) => (
                  <th key={label} scope="col" className="right">
                    {label}
                  </th>
                ))}
                <th scope="col" className="right">
                  {texts.gap}
                </th>
              </tr>
            </thead>
            <tbody>
              {pair.points
                .slice(-TABLE_ROWS)
                .reverse()
                .map((point) => (
                  <StateRow key={point.i} point={point} />
                ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function StateRow({ point }: { point: Point }) {
  return (
    <tr>
      <td title={texts.log(countText(point.block), point.log_index)}>
        {timeOfDay(millisOfNanos(point.t))} <span className="log">#{point.log_index}</span>
      </td>
      <td className="right">{point.a === null ? words.none : priceText(point.a)}</td>
      <td className="right">{point.b === null ? words.none : priceText(point.b)}</td>
      <td className="right">{point.gap === null ? words.none : decimal(point.gap, 1, "exceptZero")}</td>
    </tr>
  );
}

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";

import type { PairView, Point } from "../api/types";
import { countText, decimal, MINUS, priceText } from "../format/amount";
import { pairLabels } from "../format/pool";
import { timeOfDay, zoneWord } from "../format/time";
import { price as texts, words } from "../messages";
import { useModel, type HaltSpan } from "../model/store";
import { padded, timeAxis, valueAxis } from "./axes";
import { Chart } from "./Chart";
import { drawDot, drawHalts, drawLevel, drawMarks } from "./drawing";
import { extent, haltedStretches, secondsOf, type Mark, type States } from "./states";
import { faint, type Tokens } from "./tokens";

interface Props {
  pair: PairView;
  states: States;
  run: number;
  /** A mark was clicked whose details the server still lists. */
  onPick: (id: string) => void;
}

interface Shown {
  states: States;
  halts: HaltSpan[];
  run: number;
  /** Both fees together, in bps. */
  fee: number | null;
}

type Ref = { current: Shown };
type Options = Omit<uPlot.Options, "width" | "height">;

const PRICE_HEIGHT = 218;
const GAP_HEIGHT = 118;
const AXIS = 52;
const HIT_PX = 11;

/** Prices of both pools above, their gap below, on one time axis; every log is a step. */
export function PriceChart({ pair, states, run, onPick }: Props) {
  const halts = useModel((model) => model.halts);
  const fee = pair.fees_bps === null ? null : Number(pair.fees_bps);
  const shown = useRef<Shown>({ states, halts, run, fee });
  useLayoutEffect(() => {
    shown.current = { states, halts, run, fee };
  });
  const { upper, lower, index, moveTo, setUpper, setLower } = useLinkedCursor(shown);
  useEffect(() => {
    upper.current?.redraw(false);
    lower.current?.redraw(false);
  }, [halts, upper, lower]);

  const prices = useMemo<uPlot.AlignedData>(
    () => [states.times, states.higher, states.lower, states.a, states.b],
    [states],
  );
  const gaps = useMemo<uPlot.AlignedData>(() => [states.times, states.gap], [states]);
  const priceOptions = useCallback((tokens: Tokens) => pricePlot(tokens, shown), []);
  const gapOptions = useCallback((tokens: Tokens) => gapPlot(tokens, shown, onPick), [onPick]);

  const labels = pairLabels(pair);
  const fees = pair.fees_bps === null ? "?" : decimal(pair.fees_bps, 0);
  const point = index === null ? null : (states.points[index] ?? null);
  return (
    <figure className="figure price-figure">
      <p className="chart-caption">{texts.unit(pair.base.symbol, pair.quote.symbol)}</p>
      <Chart options={priceOptions} data={prices} height={PRICE_HEIGHT} onReady={setUpper} />
      <p className="chart-caption between">
        <span className="long">{texts.gapCaption(labels[0], labels[1], fees)}</span>
        <span className="short">{texts.gapShort(fees)}</span>
        <span className="readout">{point === null ? "" : <Readout point={point} labels={labels} />}</span>
      </p>
      <Chart options={gapOptions} data={gaps} height={GAP_HEIGHT} onReady={setLower} />
      <input
        type="range"
        className="scrub"
        aria-label={texts.scrub}
        min={0}
        max={Math.max(0, states.points.length - 1)}
        value={index ?? states.points.length - 1}
        aria-valuetext={plainReadout(point ?? states.points.at(-1) ?? null, labels)}
        onChange={(event) => moveTo(event.currentTarget.valueAsNumber)}
      />
    </figure>
  );
}

/** One cursor over both charts; the index says which log it is on, also where many share a second. */
function useLinkedCursor(shown: Ref) {
  const upper = useRef<uPlot | null>(null);
  const lower = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);

  const link = useCallback((plot: uPlot | null, other: { current: uPlot | null }) => {
    if (plot === null) return;
    plot.over.addEventListener("mouseleave", () => {
      setIndex(null);
      other.current?.setCursor({ left: -10, top: -10 }, false);
    });
    plot.over.addEventListener("mousemove", () => {
      setIndex(plot.cursor.idx ?? null);
      other.current?.setCursor({ left: plot.cursor.left ?? -10, top: -10 }, false);
    });
  }, []);
  const setUpper = useCallback(
    (plot: uPlot | null) => {
      upper.current = plot;
      link(plot, lower);
    },
    [link],
  );
  const setLower = useCallback(
    (plot: uPlot | null) => {
      lower.current = plot;
      link(plot, upper);
    },
    [link],
  );
  const moveTo = (to: number) => {
    setIndex(to);
    const at = shown.current.states.times[to];
    if (at === undefined) return;
    for (const plot of [upper.current, lower.current]) plot?.setCursor({ left: plot.valToPos(at, "x"), top: -10 }, false);
  };
  return { upper, lower, index, moveTo, setUpper, setLower };
}

type Labels = readonly [string, string];

function Readout({ point, labels }: { point: Point; labels: Labels }) {
  return (
    <>
      {timeOfDay(secondsOf(point.t) * 1000)} <span className="log">#{point.log_index}</span>{" "}
      <span className="pool-a">{labels[0]}</span> {point.a === null ? words.none : priceText(point.a)}{" "}
      <span className="pool-b">{labels[1]}</span> {point.b === null ? words.none : priceText(point.b)} {texts.gap}{" "}
      {point.gap === null ? words.none : decimal(point.gap, 1, "exceptZero")}
    </>
  );
}

function plainReadout(point: Point | null, labels: Labels): string {
  if (point === null) return words.none;
  const [a, b] = [point.a, point.b].map((value) => (value === null ? words.none : priceText(value)));
  const gap = point.gap === null ? words.none : decimal(point.gap, 1, "exceptZero");
  const where = texts.log(countText(point.block), point.log_index);
  return `${timeOfDay(secondsOf(point.t) * 1000)} ${zoneWord(secondsOf(point.t) * 1000)}, ${where}, ${labels[0]} ${a}, ${labels[1]} ${b}, ${texts.gap} ${gap}`;
}

function stepped(stroke: string, width: number): uPlot.Series {
  const paths = uPlot.paths.stepped?.({ align: 1 });
  return { stroke, width, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
}

function common(tokens: Tokens, shown: Ref, labels: boolean): Options {
  return {
    padding: [8, 0, 0, 2],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: () => [shown.current.states.from, shown.current.states.to] } },
    axes: [timeAxis(tokens, labels), valueAxis(tokens, AXIS)],
    series: [{}],
  };
}

function stretches({ current }: Ref): [number, number][] {
  return haltedStretches(current.halts, current.run, current.states.from, current.states.to);
}

function pricePlot(tokens: Tokens, shown: Ref): Options {
  const base = common(tokens, shown, false);
  return {
    ...base,
    scales: {
      ...base.scales,
      y: {
        range: () => {
          const found = extent(shown.current.states.a, shown.current.states.b);
          return found === null ? [0, 1] : padded(...found);
        },
      },
    },
    // The band is between the higher and the lower price: between crossing lines it would fill everything above.
    bands: [{ series: [1, 2], fill: faint(tokens.text3, 0.22) }],
    series: [{}, stepped("transparent", 0), stepped("transparent", 0), stepped(tokens.poolA, 1.5), stepped(tokens.poolB, 1.5)],
    hooks: {
      draw: [
        (plot) => {
          drawHalts(plot, stretches(shown), tokens, texts.halted);
          const { a, b, to } = shown.current.states;
          const [lastA, lastB] = [a.at(-1) ?? null, b.at(-1) ?? null];
          if (lastA !== null) drawDot(plot, to, lastA, tokens.poolA, tokens.surface);
          if (lastB !== null) drawDot(plot, to, lastB, tokens.poolB, tokens.surface);
        },
      ],
    },
  };
}

function gapPlot(tokens: Tokens, shown: Ref, onPick: (id: string) => void): Options {
  const base = common(tokens, shown, true);
  return {
    ...base,
    scales: {
      ...base.scales,
      y: {
        range: () => {
          const { fee, states } = shown.current;
          const [low, high] = extent(states.gap) ?? [0, 0];
          const room = 1.5 * (fee ?? 0);
          return padded(Math.min(low, -room), Math.max(high, room));
        },
      },
    },
    axes: [
      timeAxis(tokens, true),
      {
        ...valueAxis(tokens, AXIS),
        splits: (_plot, _axis, low, high) => gapSplits(low, high, shown.current.fee ?? 0),
        values: (_plot, splits) => splits.map(signed),
      },
    ],
    series: [{}, stepped(tokens.text2, 1.1)],
    hooks: {
      drawAxes: [
        (plot) => {
          const { fee } = shown.current;
          drawLevel(plot, 0, tokens.control, null);
          if (fee === null) return;
          drawLevel(plot, fee, tokens.warn, signed(fee));
          drawLevel(plot, -fee, tokens.warn, signed(-fee));
        },
      ],
      draw: [
        (plot) => {
          drawHalts(plot, stretches(shown), tokens, null);
          drawMarks(plot, shown.current.states.marks, tokens);
        },
      ],
      ready: [
        (plot) => {
          plot.over.addEventListener("click", () => {
            const id = markUnder(plot, shown.current.states.marks)?.id;
            if (id) onPick(id);
          });
        },
      ],
    },
  };
}

/** Zero and round values that do not run into the labels of the fees. */
function gapSplits(low: number, high: number, fee: number): number[] {
  const step = high - low > 400 ? 200 : 100;
  const splits = [0];
  for (let at = step; at < Math.max(high, -low); at += step) splits.push(at, -at);
  const room = (high - low) * 0.15;
  return splits.filter((at) => at >= low && at <= high && Math.abs(Math.abs(at) - fee) > room).sort((a, b) => a - b);
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : value < 0 ? `${MINUS}${-value}` : "0";
}

function markUnder(plot: uPlot, marks: Mark[]): Mark | null {
  const { left = -1, top = -1 } = plot.cursor;
  let best: { mark: Mark; distance: number } | null = null;
  for (const mark of marks) {
    const distance = Math.hypot(plot.valToPos(mark.at, "x") - left, plot.valToPos(mark.gap, "y") - top);
    if (distance <= HIT_PX && (best === null || distance < best.distance)) best = { mark, distance };
  }
  return best?.mark ?? null;
}

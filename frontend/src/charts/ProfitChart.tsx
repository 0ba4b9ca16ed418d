import { useCallback, useLayoutEffect, useMemo, useRef } from "react";
import uPlot from "uplot";

import type { Instant, PnlToken } from "../api/types";
import { exactText } from "../format/amount";
import { useModel } from "../model/store";
import { padded, timeAxis, valueAxis } from "./axes";
import { Chart } from "./Chart";
import { drawCross, drawDot, drawHalts, drawLevel } from "./drawing";
import { extent, haltedStretches, secondsOf } from "./states";
import { faint, type Tokens } from "./tokens";

interface Props {
  token: PnlToken;
  run: number;
  /** "2024-01-05" */
  day: string;
  clock: Instant | null;
  summary: string;
}

interface Curve {
  from: number;
  /** How far the net is known. */
  now: number;
  to: number;
  trades: { at: number; net: number; failed: boolean }[];
}

const HEIGHT = 158;
/** A curve shorter than this is drawn as if it were so long, so that the first minutes are not stretched. */
const SHORTEST_S = 600;

/** From 00:00 UTC, or where the recording begins if that is later. */
function curveOf(token: PnlToken, day: string, begun: Instant | null, clock: Instant | null): Curve {
  const trades = token.curve.map(({ t, net, kind }) => ({
    at: secondsOf(t),
    net: Number(exactText(net, token.token.decimals)),
    failed: kind === "failed",
  }));
  const midnight = Date.parse(`${day}T00:00:00Z`) / 1000;
  const from = Math.max(midnight, begun === null ? 0 : secondsOf(begun.ns));
  const now = Math.max(clock === null ? from : secondsOf(clock.ns), trades.at(-1)?.at ?? from);
  return { from, now, to: Math.max(now, from + SHORTEST_S), trades };
}

/** Net of the day, stepped: a dot for each trade, a cross for each failed one, zero always in view. */
export function ProfitChart({ token, run, day, clock, summary }: Props) {
  const halts = useModel((model) => model.halts);
  const begun = useModel((model) => model.topics.status?.source?.start ?? null);
  const curve = useMemo(() => curveOf(token, day, begun, clock), [token, day, begun, clock]);
  const shown = useRef({ curve, halts, run });
  useLayoutEffect(() => {
    shown.current = { curve, halts, run };
  });

  const data = useMemo<uPlot.AlignedData>(() => {
    const { from, now, trades } = curve;
    const last = trades.at(-1)?.net ?? 0;
    return [
      [from, ...trades.map((trade) => trade.at), now],
      [0, ...trades.map((trade) => trade.net), last],
    ];
  }, [curve]);

  const options = useCallback((tokens: Tokens) => optionsOf(tokens, shown), []);
  return (
    <figure className="figure">
      <figcaption className="unseen">{summary}</figcaption>
      <Chart options={options} data={data} height={HEIGHT} />
    </figure>
  );
}

type Shown = { current: { curve: Curve; halts: Parameters<typeof haltedStretches>[0]; run: number } };

function optionsOf(tokens: Tokens, shown: Shown): Omit<uPlot.Options, "width" | "height"> {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    padding: [8, 0, 0, 4],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: () => [shown.current.curve.from, shown.current.curve.to] },
      y: {
        range: () => {
          const [low, high] = extent(shown.current.curve.trades.map((trade) => trade.net)) ?? [0, 0];
          if (low === 0 && high === 0) return [-1, 1];
          return padded(Math.min(0, low), Math.max(0, high));
        },
      },
    },
    axes: [timeAxis(tokens, true), valueAxis(tokens, 50)],
    series: [
      {},
      {
        stroke: tokens.pos,
        width: 1.7,
        fill: faint(tokens.pos, 0.13),
        fillTo: 0,
        points: { show: false },
        ...(stepped === undefined ? {} : { paths: stepped }),
      },
    ],
    hooks: {
      drawAxes: [(plot) => drawLevel(plot, 0, tokens.control, null)],
      draw: [
        (plot) => {
          const { curve, halts, run } = shown.current;
          drawHalts(plot, haltedStretches(halts, run, curve.from, curve.to), tokens, null);
          for (const { at, net, failed } of curve.trades) {
            if (failed) drawCross(plot, at, net, tokens.neg);
            else drawDot(plot, at, net, tokens.pos, tokens.surface);
          }
        },
      ],
    },
  };
}

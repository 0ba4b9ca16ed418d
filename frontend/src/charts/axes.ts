/** Axes in UTC and 24 hours; uPlot's own formatter writes "6:35am". */
import type uPlot from "uplot";

import { MINUS, numberFormat } from "../format/amount";
import type { Tokens } from "./tokens";

const MINUTE = 60;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440].map((minutes) => minutes * MINUTE);
const LABEL_SPACE = 60;
/** Where a label would be cut off by the left edge. */
const EDGE = 15;

export const FONT = '10.5px "Inter Variable", Inter, system-ui, sans-serif';

/** The moments that get a label, in seconds: round ones, no closer than `space` pixels. */
export function timeSplits(from: number, to: number, width: number, space: number = LABEL_SPACE): number[] {
  const most = Math.max(1, Math.floor(width / space));
  const step = STEPS.find((one) => (to - from) / one <= most) ?? Math.ceil((to - from) / most / 86400) * 86400;
  const splits: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) splits.push(at);
  return splits;
}

export function timeLabel(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 16);
}

export function valueLabel(value: number): string {
  return numberFormat({ maximumFractionDigits: 2 }).format(value).replace("-", MINUS);
}

export function timeAxis(tokens: Tokens, labels: boolean): uPlot.Axis {
  return {
    stroke: tokens.text3,
    font: FONT,
    size: labels ? 26 : 4,
    gap: 6,
    grid: { stroke: tokens.line, width: 1 },
    ticks: { show: false },
    splits: (plot, _axis, from, to) => timeSplits(from, to, plot.width),
    values: (plot, splits) => splits.map((at) => (labels && !cutOff(plot, at) ? timeLabel(at) : "")),
  };
}

function cutOff(plot: uPlot, at: number): boolean {
  const { min = 0, max = 1 } = plot.scales.x ?? {};
  return min !== null && max !== null && ((at - min) / (max - min)) * plot.width < EDGE;
}

export function valueAxis(tokens: Tokens, size: number): uPlot.Axis {
  return {
    side: 1,
    stroke: tokens.text3,
    font: FONT,
    size,
    gap: 8,
    grid: { stroke: tokens.line, width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => splits.map(valueLabel),
  };
}

/** Limits that leave some air around what is drawn. */
export function padded(low: number, high: number): [number, number] {
  const air = (high - low) * 0.08 || Math.abs(high) * 0.001 || 1;
  return [low - air, high + air];
}

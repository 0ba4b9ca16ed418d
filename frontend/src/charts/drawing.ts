/** Shapes on the canvas of a chart, in canvas pixels. */
import uPlot from "uplot";

import type { Mark } from "./states";
import { FONT } from "./axes";
import { faint, type Tokens } from "./tokens";

function scaledFont(): string {
  return FONT.replace(/^[\d.]+/, (size) => `${Number(size) * uPlot.pxRatio}`);
}

/** Run `draw` clipped to the plotting area, leaving the canvas as it was. */
function inside(plot: uPlot, draw: (context: CanvasRenderingContext2D) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 8 * uPlot.pxRatio, bbox.width + 8 * uPlot.pxRatio, bbox.height + 16 * uPlot.pxRatio);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

/** Shaded stretches of halted time, a line where each begins. */
export function drawHalts(plot: uPlot, stretches: [number, number][], tokens: Tokens, word: string | null): void {
  inside(plot, (ctx) => {
    for (const [from, to] of stretches) {
      const left = plot.valToPos(from, "x", true);
      const right = plot.valToPos(to, "x", true);
      ctx.fillStyle = faint(tokens.stop, 0.13);
      ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
      ctx.fillStyle = tokens.neg;
      ctx.fillRect(left, plot.bbox.top, 1.4 * uPlot.pxRatio, plot.bbox.height);
      if (word === null) continue;
      ctx.font = scaledFont();
      const width = ctx.measureText(word).width;
      const beside = left - plot.bbox.left > width + 8 * uPlot.pxRatio ? left - width - 4 * uPlot.pxRatio : left + 5 * uPlot.pxRatio;
      ctx.textBaseline = "top";
      ctx.textAlign = "left";
      ctx.fillText(word, beside, plot.bbox.top + 2 * uPlot.pxRatio);
    }
  });
}

/** A dashed line across the chart, with its value on the axis. */
export function drawLevel(plot: uPlot, value: number, colour: string, label: string | null): void {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(value, "y", true);
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = uPlot.pxRatio;
  if (label !== null) ctx.setLineDash([4 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  if (label !== null) {
    ctx.font = scaledFont();
    ctx.fillStyle = colour;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.fillText(label, bbox.left + bbox.width + 8 * uPlot.pxRatio, y);
  }
  ctx.restore();
}

export function drawDot(plot: uPlot, at: number, value: number, colour: string, edge: string): void {
  inside(plot, (ctx) => {
    ctx.beginPath();
    ctx.arc(plot.valToPos(at, "x", true), plot.valToPos(value, "y", true), 3.5 * uPlot.pxRatio, 0, 2 * Math.PI);
    ctx.fillStyle = colour;
    ctx.strokeStyle = edge;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.fill();
    ctx.stroke();
  });
}

export function drawCross(plot: uPlot, at: number, value: number, colour: string): void {
  inside(plot, (ctx) => cross(ctx, plot.valToPos(at, "x", true), plot.valToPos(value, "y", true), colour));
}

export function drawMarks(plot: uPlot, marks: Mark[], tokens: Tokens): void {
  inside(plot, (ctx) => {
    for (const mark of marks) {
      const x = plot.valToPos(mark.at, "x", true);
      const y = plot.valToPos(mark.gap, "y", true);
      if (mark.result === "traded") triangle(ctx, x, y, tokens.pos, tokens.surface);
      else if (mark.result === "failed") cross(ctx, x, y, tokens.neg);
      else ring(ctx, x, y, tokens, mark.result === "refused");
    }
  });
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, fill: string, edge: string): void {
  const half = 4.5 * uPlot.pxRatio;
  ctx.beginPath();
  ctx.moveTo(x, y - half);
  ctx.lineTo(x + half, y + half * 0.8);
  ctx.lineTo(x - half, y + half * 0.8);
  ctx.closePath();
  ctx.fillStyle = fill;
  ctx.strokeStyle = edge;
  ctx.lineWidth = uPlot.pxRatio;
  ctx.fill();
  ctx.stroke();
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  const half = 3.5 * uPlot.pxRatio;
  ctx.beginPath();
  ctx.moveTo(x - half, y - half);
  ctx.lineTo(x + half, y + half);
  ctx.moveTo(x + half, y - half);
  ctx.lineTo(x - half, y + half);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2 * uPlot.pxRatio;
  ctx.stroke();
}

function ring(ctx: CanvasRenderingContext2D, x: number, y: number, tokens: Tokens, struck: boolean): void {
  const radius = 3.6 * uPlot.pxRatio;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = tokens.surface;
  ctx.strokeStyle = tokens.text2;
  ctx.lineWidth = 1.4 * uPlot.pxRatio;
  ctx.fill();
  if (struck) {
    ctx.moveTo(x - radius * 0.7, y - radius * 0.7);
    ctx.lineTo(x + radius * 0.7, y + radius * 0.7);
  }
  ctx.stroke();
}

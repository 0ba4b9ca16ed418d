/** The stages by which the page of opportunities filters. */
import type { Opportunities, StageCount } from "../api/types";

export type Stage = StageCount["stage"];
export type Choice = Stage | "all";

const SOLVER: readonly Stage[] = ["state", "liquidity", "sizing", "slippage", "valuation", "costs", "shared"];
const BOOKS: readonly Stage[] = ["signalled", "gate", "execution"];

/** All choices, in the order in which a gap passes them. */
export const CHOICES: readonly Choice[] = ["all", ...SOLVER, ...BOOKS];

/** Whether what ended there never became a signal. */
export function isSolver(choice: Choice): boolean {
  return choice === "all" || SOLVER.includes(choice);
}

/** How many ended there, as far as the daemon counts it; undefined where it does not. */
export function countOf(choice: Choice, counts: StageCount[]): number | undefined {
  if (choice === "all") return counts.filter(({ stage }) => SOLVER.includes(stage)).reduce((sum, { count }) => sum + count, 0);
  return counts.find(({ stage }) => stage === choice)?.count;
}

/** Where a page of the list is asked for; null for the newest of all gaps, which the socket sends. */
export function pathOf(choice: Choice, cursor: string | null): string | null {
  if (choice === "all") return null;
  const query = new URLSearchParams({ stage: choice, limit: "50" });
  if (cursor !== null) query.set("cursor", cursor);
  return `/opportunities?${query.toString()}`;
}

/** The rows of a page: candidates of the solver's stages, opportunities of those behind. */
export function isEmpty(page: Opportunities): boolean {
  return page.candidates.length === 0 && page.opportunities.length === 0;
}

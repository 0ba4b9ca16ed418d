/** All the page knows. Components select what they show. */
import { create } from "zustand";

import type { SessionView } from "../api/types";
import type { Topics } from "../api/wire";
import type { StopView } from "../stop/request";

/** checking: not asked yet; none: the log-in page; open: logged in; over: was logged in. */
export type Session = "checking" | "none" | "open" | "over";

export interface Link {
  phase: "connecting" | "connected" | "disconnected";
  /** The daemon's time of the last word heard from it, in ms. */
  heardAt: number | null;
  /** When the connection is tried again, on the monotonic clock; null while one is open or being tried. */
  retryAt: number | null;
}

/** A halt this page saw happen, in the market's time: what the charts shade. */
export interface HaltSpan {
  run: number;
  haltId: number | null;
  /** Market time in ns; null when trading was halted before the run began. */
  from: string | null;
  to: string | null;
}

export interface Model {
  session: Session;
  /** Who is logged in; null while that is not known. */
  who: SessionView | null;
  /** Why the code of the address did not log in. */
  loginProblem: string | null;
  link: Link;
  topics: Partial<Topics>;
  stop: StopView;
  halts: HaltSpan[];
  /** The version this page was loaded from, once the daemon runs another one. */
  outdated: string | null;
}

export const initial: Model = {
  session: "checking",
  who: null,
  loginProblem: null,
  link: { phase: "connecting", heardAt: null, retryAt: null },
  topics: {},
  stop: { phase: "idle" },
  halts: [],
  outdated: null,
};

export const useModel = create<Model>(() => initial);

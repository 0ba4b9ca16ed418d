/** The shapes of the control plane's answers, by the names of its OpenAPI components. */

export interface Instant {
  ns: string;
  iso: string;
}

export interface TokenRef {
  address: string;
  symbol: string;
  decimals: number;
}

export interface Amount {
  raw: string;
  decimals: number;
  symbol: string;
  token: string;
}

export interface Price {
  value: string;
  base: string;
  quote: string;
  as_of: Instant | null;
}

export interface PoolRef {
  address: string;
  name: string;
  fee_ppm: number;
}

export interface Source {
  kind: string;
  name: string;
  speed: string;
  position_ppm: number;
  start: Instant | null;
  end: Instant | null;
  at_end: "repeat" | "stop" | "hold";
  finished: boolean;
}

export interface Stream {
  id: string;
  label: string;
  state: "fresh" | "quiet" | "stale" | "gap" | "unknown" | "ended";
  last_event: Instant | null;
  age_ns: string | null;
  limit_ns: string | null;
  delivered: number;
  refused: Record<string, number>;
  detail: string;
  note: string;
}

export interface HaltStep {
  name: string;
  ms: string;
  done: boolean;
  text: string;
}

export interface HaltReport {
  halt_id: number;
  scope: string;
  actor: string;
  via: string;
  at: Instant;
  reason: string;
  steps: HaltStep[];
  cancelled: number;
  in_flight: number;
  unknown: number;
  kept_running: string[];
  complete: boolean;
}

export interface PartialHalt {
  scope: string;
  halt_id: number;
  since: Instant;
  by: string;
  via: string;
  cause: string;
}

export interface Build {
  version: string;
  configuration: string;
}

export interface Status {
  mode: "paper" | "live";
  state: "starting" | "active" | "halted" | "stopping";
  since: Instant;
  by: string;
  via: string;
  cause: string;
  halt_id: number | null;
  epoch: number;
  partial_halts: PartialHalt[];
  report: HaltReport | null;
  run: { number: number; started: Instant; reason: string };
  source: Source | null;
  streams: Stream[];
  clock: Instant | null;
  build: Build;
  assumption: string;
  lesson: string | null;
  other_ways: { command: string; signal: string };
  resume_command: string;
  server_time: Instant;
}

export interface TreeNode {
  name: string;
  path: string;
  kind: string;
  state: "starting" | "running" | "backing off" | "stopped" | "cancelled" | "failed";
  since: Instant;
  restarts: number;
  heartbeat: Instant | null;
  reason: string;
  children: TreeNode[];
}

export interface PoolView {
  address: string;
  name: string;
  venue: string;
  chain_id: number;
  fee_ppm: number;
  tick_spacing: number;
  token0: TokenRef;
  token1: TokenRef;
  price: Price | null;
  sqrt_price_x96: string | null;
  tick: number | null;
  liquidity: string | null;
  trust: "unknown" | "in range";
  last_block: number | null;
  last_event: Instant | null;
  events: number;
}

export interface Pools {
  pools: PoolView[];
}

export interface Point {
  i: number;
  t: string;
  block: number;
  log_index: number;
  a: string | null;
  b: string | null;
  gap: string | null;
  mark: "opportunity" | null;
}

export interface PairView {
  id: string;
  base: TokenRef;
  quote: TokenRef;
  pools: PoolRef[];
  fees_bps: string;
  gap_bps: string | null;
  points: Point[];
}

export interface Pairs {
  pairs: PairView[];
}

export interface PairAppend {
  gap_bps: string | null;
  points: Point[];
}

export interface Reason {
  code: string;
  text: string;
  value: string | null;
  limit: string | null;
  unit: string;
}

export interface Opportunity {
  id: string;
  run: number;
  time: Instant;
  block: number;
  log_index: number;
  strategy: string;
  pair: string;
  path: PoolRef[];
  token: TokenRef;
  gap_bps: string;
  size: Amount;
  gross: Amount;
  pool_fees: Amount;
  flash_fee: Amount;
  gas: Amount | null;
  net: Amount | null;
  result: "traded" | "failed" | "refused" | "pending";
  reason: Reason | null;
  actual_net: Amount | null;
}

export interface OpportunityCounts {
  found: number;
  traded: number;
  failed: number;
  refused: number;
  pending: number;
}

export interface Opportunities {
  opportunities: Opportunity[];
  counts: OpportunityCounts;
}

export interface OpenTrade {
  intent_id: string;
  strategy: string;
  size: Amount;
  since: Instant;
  state: string;
}

export interface Positions {
  open: OpenTrade[];
  holdings: { strategy: string; amount: Amount }[];
  exposure: Amount[];
  largest: Amount[];
  limit: Amount | null;
}

export interface CurvePoint {
  t: string;
  net: string;
  kind: "fill" | "failed";
}

export interface PnlToken {
  token: TokenRef;
  traded: number;
  failed: number;
  refused: number;
  gross: Amount;
  pool_fees: Amount;
  flash_fees: Amount;
  gas: Amount;
  gas_of_failed: Amount;
  net: Amount;
  best: Amount | null;
  worst: Amount | null;
  last_trade: Instant | null;
  curve: CurvePoint[];
}

export interface Pnl {
  run: number;
  day: string;
  tokens: PnlToken[];
  by_strategy: { strategy: string; day: string; tokens: PnlToken[] }[];
}

export interface ErrorBody {
  error: { code: string; message: string; detail: unknown; request: string };
}

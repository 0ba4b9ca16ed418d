/** The messages of the socket, as the server sends them. */
import type {
  Build,
  Instant,
  Opportunities,
  PairAppend,
  Pairs,
  Pnl,
  Pools,
  Positions,
  Status,
  TreeNode,
} from "./types";

export interface Topics {
  status: Status;
  tree: TreeNode;
  pools: Pools;
  pairs: Pairs;
  pnl: Pnl;
  positions: Positions;
  opportunities: Opportunities;
}

export type Topic = keyof Topics;

export interface Hello {
  type: "hello";
  seq: number;
  server_time: Instant;
  build: Build;
  run: number;
}

export interface Snapshot {
  type: "snapshot";
  seq: number;
  topics: Topics;
}

export type Put = { [T in Topic]: { type: "delta"; seq: number; topic: T; op: "put"; data: Topics[T] } }[Topic];

export interface Append {
  type: "delta";
  seq: number;
  topic: "pairs";
  op: "append";
  key: string;
  data: PairAppend;
}

export interface Beat {
  type: "beat";
  seq: number;
  server_time: Instant;
}

export type Message = Hello | Snapshot | Put | Append | Beat;

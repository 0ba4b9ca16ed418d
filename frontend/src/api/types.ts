/** The shapes of the control plane's answers, by the names of its OpenAPI components. Generated: `npm run types`. */
import type { components } from "./schema";

type Shapes = components["schemas"];

export type Amount = Shapes["Amount"];
export type Build = Shapes["Build"];
export type Counts = Shapes["Counts"];
export type ErrorReply = Shapes["ErrorReply"];
export type HaltReport = Shapes["HaltReport"];
export type Instant = Shapes["Instant"];
export type LatestOpportunities = Shapes["LatestOpportunities"];
export type Opportunity = Shapes["Opportunity"];
export type PairView = Shapes["PairView"];
export type Pairs = Shapes["Pairs"];
export type PartialHalt = Shapes["PartialHalt"];
export type Pnl = Shapes["Pnl"];
export type PnlPoint = Shapes["PnlPoint"];
export type PnlToken = Shapes["PnlToken"];
export type Point = Shapes["Point"];
export type PoolView = Shapes["PoolView"];
export type Positions = Shapes["Positions"];
export type SessionView = Shapes["SessionView"];
export type Source = Shapes["Source"];
export type Status = Shapes["Status"];
export type Stream = Shapes["Stream"];
export type StreamTicket = Shapes["StreamTicket"];
export type TokenRef = Shapes["TokenRef"];
export type TreeNode = Shapes["TreeNode"];

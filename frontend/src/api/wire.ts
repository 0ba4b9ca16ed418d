/** The messages of the socket. Generated shapes; only what a delta holds is told apart by its topic here. */
import type { components } from "./schema";

type Shapes = components["schemas"];

export type Topics = Shapes["Topics"];
export type Topic = keyof Topics;
export type Hello = Shapes["Hello"];
export type Snapshot = Shapes["Snapshot"];
export type Beat = Shapes["Beat"];
export type Append = Shapes["AppendDelta"];
export type LiveFrame = Shapes["LiveFrame"];
export type FrameSample = Shapes["FrameSample"];
export type FramesDelta = Shapes["FramesDelta"];
export type PoolsDelta = Shapes["PoolsDelta"];
export type AskedTopics = Shapes["AskedTopics"];
/** What the page says first. */
export type Introduction = Shapes["TicketMessage"];
/** What the page may say from then on: that it wants a topic which is not sent to everybody, or no longer wants it. */
export type TopicRequest = Shapes["TopicRequest"];
export type AskedTopic = TopicRequest["topics"][number];
export type Put = { [T in Topic]: Omit<Shapes["PutDelta"], "topic" | "data"> & { topic: T; data: Topics[T] } }[Topic];

export type AskedPut = {
  [T in keyof AskedTopics]: Omit<Shapes["AskedDelta"], "topic" | "data"> & { topic: T; data: AskedTopics[T] };
}[keyof AskedTopics];

export type Message = Hello | Snapshot | Put | AskedPut | PoolsDelta | Append | FramesDelta | Beat;

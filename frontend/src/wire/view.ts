/** What the reader makes of bytes: each value with the place it was read from. */
import type { ProtocolFault } from "./fault";

/** An id taken apart; `name` is the symbol, or the address as `0x…` text. */
export class InstrumentId {
  constructor(
    readonly venue: string,
    readonly assetType: string,
    readonly kind: string,
    readonly name: string,
  ) {}
}

/** Integers of up to 48 bits are numbers, wider ones bigints; members of an enumeration are their names. */
export type Leaf = number | bigint | boolean | string | Uint8Array | InstrumentId | null;

/** A value and its bytes, with what belongs to it: length, presence byte, padding. Parts of a list are named 0, 1, … */
export interface FieldView {
  name: string;
  form: "value" | "record" | "list";
  value: Leaf;
  parts: FieldView[];
  unit: string;
  text: string;
  offset: number;
  size: number;
}

/** One TLV; `offset` and `size` cover its own header too. `name` is null for a type that no class has. */
export interface TlvView {
  type: number;
  name: string | null;
  text: string;
  offset: number;
  size: number;
  fields: FieldView[];
}

export interface FrameView {
  header: FieldView[];
  tlvs: TlvView[];
  /** Whether the checksum fits the bytes; unknown where no whole frame is there. */
  checksum: "right" | "wrong" | "unknown";
  /** The first fault, the one for which the daemon refuses these bytes; null for a sound frame. */
  fault: ProtocolFault | null;
}

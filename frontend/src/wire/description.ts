/** How a data class of the daemon describes its wire form: the terms in which schema.ts is written. */

/** Names of an enumeration by number. */
export type Members = ReadonlyMap<number, string>;

export type WireType =
  | { kind: "integer"; bits: number; signed: boolean }
  | { kind: "boolean" }
  | { kind: "bytes"; size: number }
  | { kind: "text"; limit: number }
  | { kind: "blob"; limit: number }
  | { kind: "choice"; members: Members; bits: number }
  | { kind: "instrument" }
  | { kind: "record"; form: RecordForm }
  | { kind: "maybe"; item: WireType }
  | { kind: "many"; item: WireType; limit: number }
  | { kind: "padded"; item: WireType; size: number };

export interface FieldForm {
  name: string;
  type: WireType;
  unit: string;
  text: string;
}

export interface RecordForm {
  name: string;
  text: string;
  fields: readonly FieldForm[];
}

/** A class that travels by itself, as TLV `type` of `domain`. */
export interface MessageForm extends RecordForm {
  type: number;
  domain: number;
}

/** TLV types `first` to `last` belong to `domain`. */
export interface DomainRange {
  domain: number;
  first: number;
  last: number;
}

export const boolean: WireType = { kind: "boolean" };
export const instrument: WireType = { kind: "instrument" };
export const u = (bits: number): WireType => ({ kind: "integer", bits, signed: false });
export const i = (bits: number): WireType => ({ kind: "integer", bits, signed: true });
export const bytes = (size: number): WireType => ({ kind: "bytes", size });
export const text = (limit: number): WireType => ({ kind: "text", limit });
export const blob = (limit: number): WireType => ({ kind: "blob", limit });
export const choice = (members: Members, bits: number): WireType => ({ kind: "choice", members, bits });
export const record = (form: RecordForm): WireType => ({ kind: "record", form });
export const maybe = (item: WireType): WireType => ({ kind: "maybe", item });
export const many = (item: WireType, limit: number): WireType => ({ kind: "many", item, limit });
export const padded = (item: WireType, size: number): WireType => ({ kind: "padded", item, size });
export const f = (name: string, type: WireType, unit: string, words: string): FieldForm => ({
  name,
  type,
  unit,
  text: words,
});

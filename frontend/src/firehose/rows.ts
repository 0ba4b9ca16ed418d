/** A frame as the rows of a table: header, TLVs and their fields, each with its bytes. */
import { firehose as texts } from "../messages";
import { HEADER_SIZE } from "../wire/schema";
import type { FieldView, FrameView, Leaf } from "../wire/view";

/** A frame of many small TLVs has far more fields than anybody reads. */
export const MOST_ROWS = 1000;

export interface Row {
  key: string;
  depth: number;
  form: "section" | FieldView["form"];
  name: string;
  value: Leaf;
  /** How many values a list has. */
  count: number;
  unit: string;
  text: string;
  offset: number;
  size: number;
}

export function rowsOf(view: FrameView): Row[] {
  const rows: Row[] = [];
  if (view.header.length > 0) {
    rows.push(section("header", texts.header, texts.headerText, 0, HEADER_SIZE));
    for (const field of view.header) addField(rows, "header", 1, field);
  }
  for (const { type, name, text, offset, size, fields } of view.tlvs) {
    if (rows.length >= MOST_ROWS) break;
    const key = `${offset}`;
    rows.push(section(key, texts.tlv(type, name), text, offset, size));
    for (const field of fields) addField(rows, key, 1, field);
  }
  return rows;
}

function section(key: string, name: string, text: string, offset: number, size: number): Row {
  return { key, depth: 0, form: "section", name, value: null, count: 0, unit: "", text, offset, size };
}

function addField(rows: Row[], parent: string, depth: number, field: FieldView): void {
  if (rows.length >= MOST_ROWS) return;
  const { name, form, value, parts, unit, text, offset, size } = field;
  const key = `${parent}.${name}`;
  rows.push({ key, depth, form, name, value, count: parts.length, unit, text, offset, size });
  for (const part of parts) addField(rows, key, depth + 1, part);
}

/** The smallest part of the frame to which the byte belongs. */
export function rowAt(rows: readonly Row[], offset: number): Row | null {
  return rows.findLast((row) => row.offset <= offset && offset < row.offset + row.size) ?? null;
}

/** The daemon's own vectors, and frames around their values. */
import { readdirSync, readFileSync } from "node:fs";

import { bytesOf } from "../src/wire/bytes";
import { crc32 } from "../src/wire/crc32";
import { messageForm } from "../src/wire/reader";
import { HEADER_SIZE, MAGIC } from "../src/wire/schema";

const FOLDER = new URL("../../tests/vectors/", import.meta.url);

export interface Vector {
  type: number;
  name: string;
  cases: { fields: Record<string, unknown>; hex: string }[];
}

export interface FaultCase {
  name: string;
  hex: string;
  tlvs: { type: number; name: string | null; fields: number }[];
  error: { kind: string; offset: number; expected: string; found: string; hint: string } | null;
}

export function vectors(): Vector[] {
  const names = readdirSync(new URL("wire", FOLDER));
  return names.map((name) => JSON.parse(readFileSync(new URL(`wire/${name}`, FOLDER), "utf8")) as Vector);
}

export function faultCases(): FaultCase[] {
  return JSON.parse(readFileSync(new URL("frames/faults.json", FOLDER), "utf8")) as FaultCase[];
}

export function bytes(hex: string): Uint8Array {
  const data = bytesOf(hex);
  if (data === null) throw new Error(`no hex text: ${hex}`);
  return data;
}

/** A sound frame around one TLV. */
export function sealed(type: number, value: Uint8Array): Uint8Array {
  const domain = messageForm(type)?.domain ?? 4;
  const short = value.length <= 255;
  const tlv = short ? [type, value.length] : [255, 0, type, value.length & 255, value.length >> 8];
  return checked(Uint8Array.from([...new Uint8Array(HEADER_SIZE), ...tlv, ...value]), domain);
}

/** The same bytes under a right header. */
export function checked(frame: Uint8Array, domain: number): Uint8Array {
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  frame.set([domain, 1, 43, 0], 4);
  view.setUint32(24, frame.length - HEADER_SIZE, true);
  view.setUint32(28, crc32(frame.subarray(0, 28), frame.subarray(HEADER_SIZE)), true);
  return frame;
}

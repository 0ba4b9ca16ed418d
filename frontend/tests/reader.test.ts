import { describe, expect, it } from "vitest";

import { bytesOf, hexOf } from "../src/wire/bytes";
import { crc32 } from "../src/wire/crc32";
import { inspectFrame, messageForm, MOST_SHOWN } from "../src/wire/reader";
import { HEADER_SIZE, MESSAGES } from "../src/wire/schema";
import { InstrumentId, type FieldView, type FrameView } from "../src/wire/view";
import { randomNumbers } from "./random";
import { bytes, checked, faultCases, sealed, vectors } from "./vectors";

const VECTORS = vectors();

/** The fields as the vectors write them: integers as text, bytes as 0x…, ids by venue and name. */
function plain(view: FieldView): unknown {
  if (view.form === "record") return fieldsOf(view.parts);
  if (view.form === "list") return view.parts.map(plain);
  const { value } = view;
  if (typeof value === "number" || typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return `0x${hexOf(value)}`;
  if (value instanceof InstrumentId) return { venue: value.venue, name: value.name };
  return value;
}

function fieldsOf(views: FieldView[]): Record<string, unknown> {
  return Object.fromEntries(views.map((view) => [view.name, plain(view)]));
}

/** Every byte of a value belongs to exactly one of the views that stand side by side. */
function expectNoGaps(views: FieldView[], start: number, end: number): void {
  let position = start;
  for (const view of views) {
    expect(view.offset).toBe(position);
    position += view.size;
    const [first] = view.parts; // in front of it: the count of a list, the presence byte of a record
    if (first !== undefined) expectNoGaps(view.parts, first.offset, position);
  }
  expect(position).toBe(end);
}

describe("golden vectors", () => {
  it.each(VECTORS.map((vector) => [vector.name, vector] as const))("%s", (name, vector) => {
    for (const { fields, hex } of vector.cases) {
      const frame = sealed(vector.type, bytes(hex));
      const view = inspectFrame(frame);
      expect(view.fault).toBeNull();
      expect(view.checksum).toBe("right");
      const [tlv] = view.tlvs;
      expect(tlv?.name).toBe(name);
      expect(fieldsOf(tlv?.fields ?? [])).toEqual(fields);
      expectNoGaps(tlv?.fields ?? [], frame.length - hex.length / 2, frame.length);
    }
  });

  it("has one for each message", () => {
    expect(VECTORS.map(({ name }) => name).sort()).toEqual(MESSAGES.map(({ name }) => name).sort());
    for (const { type, name } of VECTORS) expect(messageForm(type)?.name).toBe(name);
  });
});

describe("faults", () => {
  it.each(faultCases().map((one) => [one.name, one] as const))("%s", (_, { hex, tlvs, error }) => {
    const view = inspectFrame(bytes(hex));
    const { fault } = view;
    const { kind, offset, expected, found, hint } = fault ?? {};
    expect(fault === null ? null : { kind, offset, expected, found, hint }).toEqual(error);
    expect(view.tlvs.map(({ type, name, fields }) => ({ type, name, fields: fields.length }))).toEqual(tlvs);
    if (error === null) expect(view.checksum).toBe("right");
    if (error?.kind === "checksum_mismatch") expect(view.checksum).toBe("wrong");
  });

  it("names what is wrong in one sentence", () => {
    const one = faultCases().find(({ error }) => error?.kind === "checksum_mismatch");
    expect(inspectFrame(bytes(one?.hex ?? "")).fault?.message).toMatch(
      /^checksum at byte 28: expected 0x[0-9a-f]{8}, was 0x[0-9a-f]{8}; the bytes were damaged on their way$/,
    );
  });
});

describe("whatever comes", () => {
  const frames = VECTORS.flatMap(({ type, cases }) => cases.map(({ hex }) => sealed(type, bytes(hex))));

  it("is never accepted with a byte missing", () => {
    for (const frame of frames) {
      for (let size = 0; size < frame.length; size += 1 + (size >> 6)) {
        expect(inspectFrame(frame.slice(0, size)).fault?.kind).toBe("truncated");
      }
    }
  });

  it("is never accepted with a bit flipped", () => {
    const random = randomNumbers(5);
    for (let round = 0; round < 20_000; round += 1) {
      const frame = pick(frames, random).slice();
      const at = Math.floor(random() * frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      if (inspectFrame(frame).fault === null) throw new Error(`accepted: ${hexOf(frame)}`);
    }
  });

  it("is only told as a fault, also as garbage under a right checksum", () => {
    const random = randomNumbers(7);
    const kinds = new Set<string | undefined>();
    for (let round = 0; round < 20_000; round += 1) {
      const { type } = pick(MESSAGES, random);
      const value = Uint8Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256));
      const view = inspectFrame(round % 2 === 0 ? sealed(type, value) : value);
      kinds.add(view.fault?.kind);
      expectInside(view, value.length + 64);
    }
    expect([...kinds]).toEqual(expect.arrayContaining(["truncated", "wrong_magic", "invalid_value", "trailing_bytes"]));
  });
});

describe("a frame of very many TLVs", () => {
  const tiny = (count: number, last: number[] = []) => {
    const frame = new Uint8Array(HEADER_SIZE + 2 * count + last.length);
    for (let at = HEADER_SIZE; at < HEADER_SIZE + 2 * count; at += 2) frame[at] = 250;
    frame.set(last, HEADER_SIZE + 2 * count);
    return checked(frame, 4);
  };

  it("is shown as far as anybody reads, and checked to its end", () => {
    const view = inspectFrame(tiny(100_000));
    expect([view.fault, view.tlvs.length]).toEqual([null, MOST_SHOWN]);
    expect(inspectFrame(tiny(100_000, [0, 0])).fault).toMatchObject({ kind: "invalid_framing", offset: 200_032 });
  });
});

function pick<T>(from: readonly T[], random: () => number): T {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error("there is nothing to pick from");
  return one;
}

function expectInside(view: FrameView, end: number): void {
  for (const { offset, size } of view.tlvs) if (offset + size > end) throw new Error("a TLV behind the end");
}

describe("bytes", () => {
  it("have the checksum of zlib", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new TextEncoder().encode("1234"), new TextEncoder().encode("56789"))).toBe(0xcbf43926);
  });

  it("come from hex text, or not at all", () => {
    expect(bytesOf("00fFa5")).toEqual(Uint8Array.of(0, 255, 165));
    expect(bytesOf("")).toEqual(new Uint8Array());
    for (const text of ["0", "0g", "0x00", " 00"]) expect(bytesOf(text)).toBeNull();
  });
});

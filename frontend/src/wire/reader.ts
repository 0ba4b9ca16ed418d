/**
 * Reads frames of Protocol V2 as the daemon's own decoder does, and shows what is still to be seen of damaged ones.
 * What it finds is for people; nothing acts upon it.
 */
import { bigInteger, hexByte, hexOf, unsigned } from "./bytes";
import { crc32 } from "./crc32";
import type { MessageForm } from "./description";
import { invalid, oneOf, ProtocolFault, truncated } from "./fault";
import {
  CHECKSUM_OFFSET,
  Domain,
  DOMAIN_RANGES,
  HEADER_SIZE,
  MAGIC,
  MAX_FRAME_SIZE,
  MESSAGES,
  Source,
  VERSION,
} from "./schema";
import { readValue } from "./value";
import type { FieldView, FrameView, Leaf, TlvView } from "./view";

const COMPRESSED_OR_ENCRYPTED = 0x03;
const EXTENDED = 255;
const SYSTEM = 4;
const MAGIC_BYTES = "efbeadde";
const NO_MORE = "the payload ends there";

/** So many TLVs of a frame are kept to be shown; a view takes a hundred times the bytes of a small one. */
export const MOST_SHOWN = 1000;

const byType = new Map(MESSAGES.map((form) => [form.type, form]));

/** The class that travels as TLV `type`, undefined for a number that nobody declared. */
export function messageForm(type: number): MessageForm | undefined {
  return byType.get(type);
}

/** What stands in `data`, which should be one frame. Never throws. */
export function inspectFrame(data: Uint8Array): FrameView {
  const view: FrameView = { header: headerFields(data), tlvs: [], checksum: "unknown", fault: headerFault(data) };
  if (view.fault !== null && isForeign(view.fault)) return view;
  if (data.length < HEADER_SIZE) return view;
  const size = HEADER_SIZE + unsigned(data, 24, 4);
  view.fault ??= sizeFault(data.length, size);
  if (data.length === size) {
    const mismatch = checksumFault(data);
    view.checksum = mismatch === null ? "right" : "wrong";
    view.fault ??= mismatch;
  }
  const inside = readTlvs(data, Math.min(data.length, size), view.tlvs);
  view.fault ??= inside;
  return view;
}

/** Behind these faults a payload means nothing. */
function isForeign(fault: ProtocolFault): boolean {
  return ["wrong_magic", "unsupported_version", "unsupported_flags", "too_large"].includes(fault.kind);
}

const HEADER: readonly [name: string, offset: number, size: number, unit: string, text: string][] = [
  ["magic", 0, 4, "", "the same in every frame"],
  ["domain", 4, 1, "", "which relay carries it"],
  ["version", 5, 1, "", "of the protocol"],
  ["source", 6, 1, "", "who published it"],
  ["flags", 7, 1, "", ""],
  ["sequence", 8, 8, "", "the publisher's own number"],
  ["timestamp_ns", 16, 8, "ns since 1970 UTC", "time of sending"],
  ["payload_size", 24, 4, "bytes", "what follows the header"],
  ["checksum", 28, 4, "", "CRC-32 of everything but itself"],
];

/** The fields of the header that are there; none if the bytes begin otherwise than a frame. */
function headerFields(data: Uint8Array): FieldView[] {
  if (data.length < 4 || unsigned(data, 0, 4) !== MAGIC) return [];
  const there = HEADER.filter(([, offset, size]) => offset + size <= data.length);
  return there.map(([name, offset, size, unit, text]) => {
    const value = headerValue(name, data, offset, size);
    return { name, form: "value", value, parts: [], unit, text, offset, size };
  });
}

function headerValue(name: string, data: Uint8Array, offset: number, size: number): Leaf {
  if (size === 8) return bigInteger(data, offset, size, false);
  const number = unsigned(data, offset, size);
  if (name === "domain") return Domain.get(number) ?? number;
  if (name === "source") return Source.get(number) ?? number;
  return name === "magic" || name === "checksum" ? hex32(number) : number;
}

function headerFault(data: Uint8Array): ProtocolFault | null {
  if (data.length >= 4 && unsigned(data, 0, 4) !== MAGIC) return magicFault(data);
  if (data.length < HEADER_SIZE) return truncated("header", 0, HEADER_SIZE, data.length, "read on");
  const [domain = 0, version = 0, source = 0, flags = 0] = data.subarray(4);
  if (version !== VERSION) {
    return new ProtocolFault("unsupported_version", "version", 5, `${VERSION}`, `${version}`, "update the older side");
  }
  const payload = unsigned(data, 24, 4);
  if (payload > MAX_FRAME_SIZE - HEADER_SIZE) {
    const expected = `at most ${MAX_FRAME_SIZE - HEADER_SIZE} bytes`;
    return new ProtocolFault("too_large", "payload_size", 24, expected, `${payload}`, "send several frames");
  }
  if (flags & COMPRESSED_OR_ENCRYPTED) {
    const hint = "send frames plain; compression and encryption belong to the link";
    return new ProtocolFault("unsupported_flags", "flags", 7, "neither 0x01 nor 0x02", `0x${hexByte(flags)}`, hint);
  }
  if (!Domain.has(domain)) return invalid("domain", 4, oneOf(Domain.keys()), `${domain}`);
  if (!Source.has(source)) return invalid("source", 6, oneOf(Source.keys()), `${source}`);
  return null;
}

function magicFault(data: Uint8Array): ProtocolFault {
  const start = hexOf(data.subarray(0, 4));
  const late = [1, 2, 3].find((cut) => beginsLate(data, cut));
  const later = magicAt(data);
  let hint = "this is no Protocol V2 frame";
  if (start === "deadbeef") {
    hint = "the bytes are in the wrong order: the sender writes big-endian, the protocol is little-endian";
  } else if (data.subarray(0, HEADER_SIZE).every((byte) => byte === 0)) {
    hint = "all zeros: the buffer was never filled";
  } else if (late !== undefined) {
    hint = `the first bytes of the magic are missing: the reader is out of step by ${late}`;
  } else if (later > 0) {
    hint = `the magic is at byte ${later}: the reader is out of step by that much, or the header's layout is older`;
  }
  return new ProtocolFault("wrong_magic", "magic", 0, MAGIC_BYTES, start, hint);
}

/** Whether the bytes look like a frame without its first `cut` bytes. */
function beginsLate(data: Uint8Array, cut: number): boolean {
  const [domain = 0, version = 0] = data.subarray(4 - cut);
  const isRest = hexOf(data.subarray(0, 4 - cut)) === MAGIC_BYTES.slice(2 * cut);
  return isRest && Domain.has(domain) && version === VERSION;
}

function magicAt(data: Uint8Array): number {
  for (let offset = 0; offset + 4 <= data.length; offset += 1) {
    if (unsigned(data, offset, 4) === MAGIC) return offset;
  }
  return -1;
}

function sizeFault(found: number, expected: number): ProtocolFault | null {
  if (found === expected) return null;
  if (found < expected) return truncated("frame", found, expected, found, "read on");
  const hint = "cut the stream with frame_size before decoding";
  return new ProtocolFault("trailing_bytes", "frame", expected, `${expected} bytes`, `${found} bytes`, hint);
}

function checksumFault(data: Uint8Array): ProtocolFault | null {
  const stored = unsigned(data, CHECKSUM_OFFSET, 4);
  const [start, payload] = [data.subarray(0, CHECKSUM_OFFSET), data.subarray(HEADER_SIZE)];
  const calculated = crc32(start, payload);
  if (calculated === stored) return null;
  let cause = "the bytes were damaged on their way";
  if (stored === crc32(payload)) cause = "the sender covered only the payload";
  else if (stored === crc32(start, new Uint8Array(4), payload)) {
    cause = "the sender covered the checksum field itself, as zeros";
  } else if (stored === 0) cause = "the sender did not compute it";
  return new ProtocolFault("checksum_mismatch", "checksum", CHECKSUM_OFFSET, hex32(stored), hex32(calculated), cause);
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/** Append the first TLVs in `data[HEADER_SIZE:end]` whose framing is sound; gives back the first fault of all. */
function readTlvs(data: Uint8Array, end: number, into: TlvView[]): ProtocolFault | null {
  let first: ProtocolFault | null = null;
  let position = HEADER_SIZE;
  while (position < end) {
    const span = spanAt(data, position, end);
    if (span instanceof ProtocolFault) return first ?? span;
    const { type, start, stop } = span;
    const form = messageForm(type);
    const { name = null, text = "" } = form ?? {};
    const view: TlvView = { type, name, text, offset: position, size: stop - position, fields: [] };
    if (into.length < MOST_SHOWN) into.push(view);
    first ??= domainFault(data, type, start);
    try {
      if (form !== undefined) readValue(form, data, start, stop, view.fields);
      else view.fields.push(rawField(data, start, stop));
    } catch (reason) {
      if (!(reason instanceof ProtocolFault)) throw reason;
      first ??= reason;
    }
    position = stop;
  }
  return first;
}

interface Span {
  type: number;
  start: number;
  stop: number;
}

/** The TLV whose own header begins at `position`. */
function spanAt(data: Uint8Array, position: number, end: number): Span | ProtocolFault {
  const extended = data[position] === EXTENDED;
  const start = position + (extended ? 5 : 2);
  if (start > end) {
    const subject = extended ? "extended TLV header" : "TLV header";
    return truncated(subject, position, start - position, end - position, NO_MORE);
  }
  const [reserved = 0] = data.subarray(position + 1);
  if (extended && reserved !== 0) {
    return new ProtocolFault("invalid_framing", "TLV reserved byte", position + 1, "0", `${reserved}`);
  }
  const type = data[extended ? position + 2 : position] ?? 0;
  const stop = start + (extended ? unsigned(data, position + 3, 2) : reserved);
  if (type === 0 || type === EXTENDED) {
    return new ProtocolFault("invalid_framing", "TLV type", position, "1 to 254", `${type}`);
  }
  if (stop > end) {
    return truncated(`TLV ${type}`, start, stop - start, end - start, NO_MORE);
  }
  return { type, start, stop };
}

function domainFault(data: Uint8Array, type: number, start: number): ProtocolFault | null {
  const owner = DOMAIN_RANGES.find(({ first, last }) => first <= type && type <= last)?.domain;
  const [domain = 0] = data.subarray(4);
  if (owner === undefined || owner === domain || owner === SYSTEM) return null;
  const expected = domain === SYSTEM ? "a type of SYSTEM" : `a type of ${Domain.get(domain) ?? domain} or SYSTEM`;
  return new ProtocolFault("wrong_domain", `TLV ${type}`, start, expected, Domain.get(owner) ?? `${owner}`);
}

function rawField(data: Uint8Array, start: number, stop: number): FieldView {
  const value = data.subarray(start, stop);
  return { name: "raw", form: "value", value, parts: [], unit: "", text: "", offset: start, size: stop - start };
}

/** Hex text as people paste it: with blanks, line breaks, colons, commas or 0x between the bytes. */
import { firehose as texts } from "../messages";
import { bytesOf } from "../wire/bytes";
import { MAX_FRAME_SIZE } from "../wire/schema";

export type Pasted = { data: Uint8Array; problem: null } | { data: null; problem: string | null };

/** The bytes in `text`, or what is wrong with it; neither for an empty one. */
export function readPasted(text: string): Pasted {
  const hex = text.replace(/0x|\\x|[\s:,;_'"-]/gi, "");
  if (hex === "") return { data: null, problem: null };
  const foreign = /[^0-9a-f]/iu.exec(hex)?.[0];
  if (foreign !== undefined) return { data: null, problem: texts.notHex(foreign) };
  if (hex.length % 2 !== 0) return { data: null, problem: texts.odd };
  if (hex.length > 2 * MAX_FRAME_SIZE) return { data: null, problem: texts.tooLong };
  return { data: bytesOf(hex) ?? new Uint8Array(), problem: null };
}

/** Frames taken apart, each once. */
import { firehose as texts } from "../messages";
import type { SeenFrame } from "../model/firehose";
import { bytesOf } from "../wire/bytes";
import { inspectFrame } from "../wire/reader";
import type { FrameView } from "../wire/view";

export interface Inspected {
  data: Uint8Array;
  view: FrameView;
}

export function inspect(data: Uint8Array): Inspected {
  return { data, view: inspectFrame(data) };
}

const seen = new WeakMap<SeenFrame, Inspected>();

export function inspected(frame: SeenFrame): Inspected {
  let found = seen.get(frame);
  if (found === undefined) {
    found = inspect(bytesOf(frame.hex) ?? new Uint8Array());
    seen.set(frame, found);
  }
  return found;
}

/** What the frame's header says, or an empty text. */
export function headerText(view: FrameView, name: "domain" | "source"): string {
  return String(view.header.find((field) => field.name === name)?.value ?? "");
}

export function typesOf(view: FrameView): string[] {
  return view.tlvs.map(({ name, type }) => name ?? texts.unknownType(type));
}

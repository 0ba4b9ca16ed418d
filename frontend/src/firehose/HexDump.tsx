import { memo } from "react";

import { countText } from "../format/amount";
import { firehose as texts } from "../messages";
import { hexByte } from "../wire/bytes";
import type { Row } from "./rows";

const GROUP = 8;
/** Nobody reads more, and each byte is an element. */
const MOST_BYTES = 4096;

interface Props {
  data: Uint8Array;
  marked: Row | null;
  onPoint: (offset: number | null) => void;
  onPin: (offset: number) => void;
}

/** The bytes in groups of eight; those of the marked part stand out. */
export function HexDump({ data, marked, onPoint, onPin }: Props) {
  const shown = data.subarray(0, MOST_BYTES);
  const from = marked?.offset ?? 0;
  const to = from + (marked?.size ?? 0);
  const starts = Array.from({ length: Math.ceil(shown.length / GROUP) }, (_, index) => index * GROUP);
  return (
    // What can be pointed at here can be reached by keyboard in the table of fields, which marks the same bytes.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so the keyboard must reach it
    <div className="hex" role="group" aria-label={texts.hex} tabIndex={0} onPointerLeave={() => onPoint(null)}>
      {starts.map((start) => (
        <Group
          key={start}
          start={start}
          data={data}
          end={Math.min(start + GROUP, shown.length)}
          from={Math.min(Math.max(from, start), start + GROUP)}
          to={Math.min(Math.max(to, start), start + GROUP)}
          onPoint={onPoint}
          onPin={onPin}
        />
      ))}
      {shown.length < data.length && <p className="meta">{texts.cut(countText(data.length - shown.length))}</p>}
    </div>
  );
}

interface GroupProps {
  start: number;
  end: number;
  data: Uint8Array;
  /** Marked are the bytes from `from` up to `to`. */
  from: number;
  to: number;
  onPoint: (offset: number) => void;
  onPin: (offset: number) => void;
}

const Group = memo(function Group({ start, end, data, from, to, onPoint, onPin }: GroupProps) {
  const offsets = Array.from({ length: end - start }, (_, index) => start + index);
  return (
    <div className="hex-group">
      <span className="hex-at" aria-hidden="true">
        {start.toString(16).padStart(4, "0")}
      </span>
      {offsets.map((offset) => (
        <span
          key={offset}
          className="hex-byte"
          data-part={partOf(offset)}
          data-on={(from <= offset && offset < to) || undefined}
          onPointerEnter={() => onPoint(offset)}
          onPointerDown={() => onPin(offset)}
        >
          {hexByte(data[offset] ?? 0)}
        </span>
      ))}
    </div>
  );
});

function partOf(offset: number): "header" | "checksum" | undefined {
  if (offset >= 32) return undefined;
  return offset >= 28 ? "checksum" : "header";
}

import { useCallback, useMemo, useState } from "react";
import { ActionIcon, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import { Card } from "../cards/Card";
import { countText } from "../format/amount";
import { firehose as texts, words } from "../messages";
import { hexOf } from "../wire/bytes";
import { FieldTable } from "./FieldTable";
import { HexDump } from "./HexDump";
import type { Inspected } from "./inspected";
import { rowAt, rowsOf, type Row } from "./rows";
import { meaningText } from "./values";
import { ChecksumVerdict, Fault } from "./Verdict";

interface Props {
  title: string;
  frame: Inspected;
}

/** One frame: its bytes beside its fields. Pointing at either marks the other; a click keeps the mark. */
export function FrameCard({ title, frame }: Props) {
  const { data, view } = frame;
  const rows = useMemo(() => rowsOf(view), [view]);
  const [pointed, setPointed] = useState<Row | null>(null);
  const [pinned, setPinned] = useState<Row | null>(null);
  const pin = useCallback((row: Row | null) => setPinned((before) => (before === row ? null : row)), []);
  const pointAt = useCallback((offset: number | null) => setPointed(offset === null ? null : rowAt(rows, offset)), [rows]);
  const pinAt = useCallback((offset: number) => pin(rowAt(rows, offset)), [rows, pin]);
  const marked = pointed ?? pinned;
  const head = (
    <span className="frame-head">
      <ChecksumVerdict checksum={view.checksum} />
      <CopyHex data={data} />
    </span>
  );
  return (
    <Card title={title} meta={texts.size(countText(data.length))} head={head} className="frame">
      {view.fault !== null && <Fault fault={view.fault} />}
      <div className="frame-body">
        <div>
          <HexDump data={data} marked={marked} onPoint={pointAt} onPin={pinAt} />
          <Marked row={marked} />
        </div>
        <FieldTable rows={rows} marked={marked} onPoint={setPointed} onPin={pin} />
      </div>
    </Card>
  );
}

/** What is marked: its place, and what it means where the table has no room for it. */
function Marked({ row }: { row: Row | null }) {
  if (row === null) return <p className="marked quiet">{texts.pointing}</p>;
  return (
    <p className="marked">
      <b>{row.name}</b> <span className="meta">{texts.place(row.offset, row.size)}</span>
      <span className="marked-meaning">{meaningText(row)}</span>
    </p>
  );
}

function CopyHex({ data }: { data: Uint8Array }) {
  return (
    <CopyButton value={hexOf(data)} timeout={2000}>
      {({ copied, copy }) => (
        <ActionIcon
          variant="transparent"
          className="copy"
          onClick={copy}
          aria-label={copied ? words.copied : texts.copyHex}
          title={copied ? words.copied : texts.copyHex}
        >
          {copied ? <IconCheck size={15} aria-hidden="true" /> : <IconCopy size={15} aria-hidden="true" />}
        </ActionIcon>
      )}
    </CopyButton>
  );
}

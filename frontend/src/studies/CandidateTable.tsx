import { IconChevronRight } from "@tabler/icons-react";

import type { CandidateView } from "../api/types";
import { Missing } from "../cards/Card";
import { DataTable, type Column } from "../cards/DataTable";
import { Profit } from "../cards/Figures";
import { decimal, feeText } from "../format/amount";
import { studies as texts } from "../messages/studies";
import { placeColumn } from "./place";

interface Props {
  rows: CandidateView[];
  onOpen: (row: CandidateView) => void;
}

/** Gaps that became no signal: where, which path, how far it came, and why not further. */
export function CandidateTable({ rows, onOpen }: Props) {
  const columns: Column<CandidateView>[] = [
    placeColumn(onOpen),
    { head: texts.stage, cell: (row) => <b>{texts.stages[row.stage]}</b> },
    { head: texts.path, wraps: true, cell: (row) => <Hops row={row} /> },
    { head: texts.gap, right: true, cell: (row) => decimal(row.gap_bps, 1) },
    {
      head: texts.net,
      right: true,
      cell: (row) =>
        row.net === null ? (
          <Missing cause={texts.notReached} />
        ) : (
          <>
            <Profit amount={row.net} plain /> {row.net.symbol}
          </>
        ),
    },
    { head: texts.reason, wraps: true, whole: true, cell: (row) => row.reason },
  ];
  return <DataTable label={texts.list} columns={columns} rows={rows} keyOf={({ id }) => id} />;
}

/** Tokens, with the pool's fee between each two. */
function Hops({ row }: { row: CandidateView }) {
  return (
    <span className="hop-line">
      {row.token.symbol}
      {row.hops.map((hop, index) => (
        <span key={`${index} ${hop.pool}`} title={`${hop.name} ${hop.pool}`}>
          <IconChevronRight size={11} aria-hidden="true" />
          {hop.bought.symbol} <span className="log">{hop.fee_ppm === null ? texts.dynamic : feeText(hop.fee_ppm)}</span>
        </span>
      ))}
    </span>
  );
}

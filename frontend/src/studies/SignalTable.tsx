import type { Opportunity } from "../api/types";
import { Missing } from "../cards/Card";
import { DataTable, type Column } from "../cards/DataTable";
import { Profit } from "../cards/Figures";
import { reasonText } from "../cards/reasons";
import { Result } from "../cards/results";
import { decimal } from "../format/amount";
import { opportunities as listTexts } from "../messages";
import { studies as texts } from "../messages/studies";
import { placeColumn } from "./place";

interface Props {
  rows: Opportunity[];
  onOpen: (row: Opportunity) => void;
}

/** Signals of all runs, with what became of each. */
export function SignalTable({ rows, onOpen }: Props) {
  const columns: Column<Opportunity>[] = [
    placeColumn(onOpen),
    { head: texts.stage, cell: (row) => <Result result={row.result} /> },
    { head: texts.path, wraps: true, cell: (row) => row.path.map(({ name }) => name).join(" > ") },
    { head: listTexts.gap, right: true, cell: (row) => decimal(row.gap_bps, 1) },
    {
      head: texts.net,
      right: true,
      cell: (row) => {
        const net = row.actual_net ?? row.net;
        if (net === null) return <Missing cause={listTexts.noNet} />;
        return (
          <>
            <Profit amount={net} plain={row.result !== "traded" && row.result !== "failed"} /> {net.symbol}
          </>
        );
      },
    },
    {
      head: texts.reason,
      wraps: true,
      whole: true,
      cell: (row) => <span title={row.reason?.text ?? ""}>{reasonText(row)}</span>,
    },
  ];
  return <DataTable label={texts.list} columns={columns} rows={rows} keyOf={({ id }) => id} />;
}

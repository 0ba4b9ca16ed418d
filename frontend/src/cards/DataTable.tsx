import type { ReactNode } from "react";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
  right?: boolean;
  /** Whether long text may take several lines. */
  wraps?: boolean;
  /** Whether it takes a line of its own on narrow screens. */
  whole?: boolean;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  toneOf?: (row: Row) => string | undefined;
}

/**
 * A table of a few rows. On narrow screens each row becomes a small card, with its heads beside the values.
 */
export function DataTable<Row>({ label, columns, rows, keyOf, toneOf }: Props<Row>) {
  return (
    <table className="data" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ head, right }) => (
            <th key={head} scope="col" className={right === true ? "right" : undefined}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} data-tone={toneOf?.(row)}>
            {columns.map(({ head, cell, right, wraps, whole }) => (
              <td key={head} data-head={head} className={[right && "right", wraps && "wraps", whole && "whole"].filter(Boolean).join(" ")}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

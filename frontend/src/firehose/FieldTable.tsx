import { memo } from "react";

import { countText } from "../format/amount";
import { firehose as texts } from "../messages";
import { MOST_ROWS, type Row } from "./rows";
import { meaningText, plainText, valueText } from "./values";

interface Props {
  rows: readonly Row[];
  marked: Row | null;
  onPoint: (row: Row | null) => void;
  onPin: (row: Row) => void;
}

export function FieldTable({ rows, marked, onPoint, onPin }: Props) {
  return (
    <div className="fields">
      <table onPointerLeave={() => onPoint(null)}>
        <caption className="unseen">{texts.fields}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.field}</th>
            <th scope="col">{texts.value}</th>
            <th scope="col">{texts.meaning}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <FieldRow key={row.key} row={row} on={row === marked} onPoint={onPoint} onPin={onPin} />
          ))}
        </tbody>
      </table>
      {rows.length >= MOST_ROWS && <p className="meta">{texts.rowsCut}</p>}
    </div>
  );
}

interface RowProps {
  row: Row;
  on: boolean;
  onPoint: (row: Row | null) => void;
  onPin: (row: Row) => void;
}

const FieldRow = memo(function FieldRow({ row, on, onPoint, onPin }: RowProps) {
  const meaning = meaningText(row);
  const plain = plainText(row);
  return (
    // The button is the keyboard's way; pointing at any place of the row is the pointer's.
    <tr data-form={row.form} data-on={on || undefined} onPointerEnter={() => onPoint(row)} onClick={() => onPin(row)}>
      <th scope="row">
        <button
          type="button"
          className="row-button"
          data-depth={Math.min(row.depth, 4)}
          title={meaning}
          onFocus={() => onPoint(row)}
        >
          {row.name}
        </button>
      </th>
      <td className="field-value">
        {row.form === "section" ? texts.size(countText(row.size)) : valueText(row)}
        {plain !== null && <span className="field-plain">{plain}</span>}
      </td>
      <td className="field-meaning">{meaning}</td>
    </tr>
  );
});

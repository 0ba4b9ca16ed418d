import type { Column } from "../cards/DataTable";
import { countText } from "../format/amount";
import { studies as texts } from "../messages/studies";

interface Placed {
  id: string;
  block: number;
  log_index: number;
}

/** Where on the chain it was seen: opens its details. */
export function placeColumn<Row extends Placed>(onOpen: (row: Row) => void): Column<Row> {
  return {
    head: texts.at,
    cell: (row) => {
      const place = `${countText(row.block)} #${row.log_index}`;
      return (
        <button type="button" className="link" aria-label={texts.details(`${row.id}, ${place}`)} onClick={() => onOpen(row)}>
          {place}
        </button>
      );
    },
  };
}

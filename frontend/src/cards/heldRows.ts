import { useState } from "react";

import type { Opportunity } from "../api/types";

interface HeldRows {
  rows: Opportunity[];
  /** How many rows came since the list is held still. */
  newer: number;
  showNewer: () => void;
  hold: () => void;
  release: () => void;
}

/** Rows do not move while the pointer is over them or one is open; what changed in them is still shown. */
export function useHeldRows(newest: Opportunity[], alsoHeld: boolean): HeldRows {
  const [heldIds, setHeldIds] = useState<string[] | null>(null);
  const hold = () => setHeldIds(newest.map((row) => row.id));
  const release = () => {
    if (!alsoHeld) setHeldIds(null);
  };
  const nothing = { rows: newest, newer: 0, showNewer: hold, hold, release };
  if (heldIds === null) return nothing;
  const byId = new Map(newest.map((row) => [row.id, row]));
  const rows = heldIds.flatMap((id) => byId.get(id) ?? []);
  // Another run, or so many new rows that none of the held ones is left: there is nothing to hold.
  if (rows.length === 0) return nothing;
  const first = newest.findIndex((row) => row.id === rows[0]?.id);
  return { rows, newer: first, showNewer: hold, hold, release };
}

/** What may be done to a scope, and which right each of it needs. */
import type { Level } from "../api/act";
import type { ScopeLevel } from "../api/types";
import type { Act } from "../model/roles";

export type Wish = Level | "resume" | "flatten";

export const NEEDS: Record<Wish, Act> = { reducing: "halt", halted: "halt", locked: "lock", resume: "resume", flatten: "flatten" };

/** What fits the level of a scope, the mildest first. A lock ends at the machine only. */
export function wishes(level: ScopeLevel["level"]): Wish[] {
  switch (level) {
    case "active":
    case "probation":
      return ["reducing", "halted", "locked"];
    case "reducing":
      return ["resume", "halted", "locked"];
    case "halted":
      return ["resume", "flatten", "locked"];
    case "locked":
      return [];
  }
}

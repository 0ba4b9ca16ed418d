/** What each role may do. The daemon decides; the page only says beforehand what it would refuse. */
import type { SessionView } from "../api/types";

export type Role = SessionView["role"];
export type Act = "halt" | "lock" | "resume" | "flatten" | "run" | "transact" | "limits" | "inspect";

/** tests/roles.test.ts holds it against the roles that each route of the API names. */
export const ROLES: Record<Act, readonly Role[]> = {
  halt: ["operator", "risk", "admin"],
  lock: ["risk", "admin"],
  resume: ["operator", "admin"],
  flatten: ["operator", "risk", "admin"],
  run: ["operator", "admin"],
  transact: ["operator", "admin"],
  limits: ["risk", "admin"],
  inspect: ["admin"],
};

const NAMES: Record<Role, string> = { viewer: "Viewers", operator: "Operators", risk: "Risk managers", admin: "Admins" };
const ONE_OF: Record<Role, string> = { viewer: "a viewer", operator: "an operator", risk: "a risk manager", admin: "an admin" };

/** Why somebody may not do that, and whom to ask; null if he may, or if it is not known who he is. */
export function refusal(role: Role | null, act: Act): string | null {
  if (role === null || ROLES[act].includes(role)) return null;
  const whom = ROLES[act].map((one) => ONE_OF[one]);
  return `${NAMES[role]} cannot do this. Ask ${whom.length > 1 ? `${whom.slice(0, -1).join(", ")} or ${whom.at(-1) ?? ""}` : (whom[0] ?? "")}.`;
}

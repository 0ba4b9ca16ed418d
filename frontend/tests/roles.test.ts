import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import { refusal, ROLES, type Act } from "../src/model/roles";

interface Operation {
  "x-roles": string[];
}

const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, Operation>>;
};

const ROUTES: Record<Exclude<Act, "lock">, string[]> = {
  halt: ["/api/v1/control/kill"],
  resume: ["/api/v1/control/challenge", "/api/v1/control/resume"],
  flatten: ["/api/v1/control/flatten"],
  run: ["/api/v1/tree/stop", "/api/v1/tree/start", "/api/v1/tree/restart", "/api/v1/strategies/reload"],
  transact: [
    "/api/v1/transactions/{tx_hash}/bump",
    "/api/v1/transactions/{tx_hash}/cancel",
    "/api/v1/wallets/{address}/fill-gap",
  ],
  limits: ["/api/v1/limits/override"],
  inspect: ["/api/v1/tree/stacks"],
};

it.each(Object.entries(ROUTES))("%s is for the roles that the API names", (act, paths) => {
  for (const path of paths) {
    const [operation] = Object.values(document.paths[path] ?? {});
    expect([...ROLES[act as Act]].sort()).toEqual([...(operation?.["x-roles"] ?? [])].sort());
  }
});

it("says who is refused and whom to ask, and nothing while nobody knows who it is", () => {
  expect(refusal("viewer", "halt")).toBe("Viewers cannot do this. Ask an operator, a risk manager or an admin.");
  expect(refusal("risk", "resume")).toBe("Risk managers cannot do this. Ask an operator or an admin.");
  expect(refusal("operator", "inspect")).toBe("Operators cannot do this. Ask an admin.");
  expect(refusal("admin", "lock")).toBeNull();
  expect(refusal(null, "lock")).toBeNull();
});

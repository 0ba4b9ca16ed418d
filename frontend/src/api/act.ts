/** Actions: POST with an Idempotency-Key that is made when a person begins, so that asking again is the same act. */
import { execution as texts } from "../messages/execution";
import { newKey } from "../stop/request";
import { ask, type Answer } from "./http";
import type {
  Challenge,
  FlattenReport,
  HaltReport,
  LimitView,
  Reloaded,
  Scope,
  Status,
  TransactionView,
  TreeNode,
} from "./types";

export type Outcome<T> = { done: T } | { problem: string[] };

/** Ask once. What failed comes as words: the daemon's own where it gave some, behind those that its code has here. */
export async function act<T>(path: string, body?: object, key: string = newKey()): Promise<Outcome<T>> {
  try {
    return outcome(await ask<T>("POST", path, { body, headers: { "Idempotency-Key": key } }));
  } catch {
    return { problem: ["The daemon did not answer. Nobody knows whether it was done: look before you ask again."] };
  }
}

function outcome<T>(answer: Answer<T>): Outcome<T> {
  if (answer.body !== null) return { done: answer.body };
  if (answer.failed.length > 0) return { problem: answer.failed };
  const known = answer.code === null ? undefined : refusals[answer.code];
  return { problem: [...(known === undefined ? [] : [known]), answer.problem ?? `status ${answer.status}`] };
}

const refusals: Record<string, string | undefined> = texts.refusals;

export type Level = "halted" | "reducing" | "locked";
export type Move = "stop" | "start" | "restart";

export const acts = {
  kill: (scope: Scope, level: Level, reason: string) => act<HaltReport>("/control/kill", { scope, level, reason }),
  challenge: (scope: Scope) => act<Challenge>("/control/challenge", { scope }),
  resume: (scope: Scope, nonce: string, phrase: string, reason: string) =>
    act<Status>("/control/resume", { scope, nonce, phrase, reason }),
  flatten: (scope: Scope, reason: string) => act<FlattenReport>("/control/flatten", { scope, reason }),
  move: (move: Move, child: string, reason: string) => act<TreeNode>(`/tree/${move}`, { child, reason }),
  reload: (name: string, reason: string) => act<Reloaded>("/strategies/reload", { name, reason }),
  override: (name: string, value: string, seconds: number, reason: string) =>
    act<LimitView>("/limits/override", { name, value, for_s: seconds, reason }),
  bump: (hash: string) => act<TransactionView>(`/transactions/${hash}/bump`),
  cancel: (hash: string) => act<TransactionView>(`/transactions/${hash}/cancel`),
  fillGap: (wallet: string, nonce: number) => act<TransactionView>(`/wallets/${wallet}/fill-gap`, { nonce }),
};

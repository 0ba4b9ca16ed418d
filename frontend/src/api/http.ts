/** Plain requests to the control plane. Nothing here retries: whoever asks decides whether to ask again. */
import { login } from "../messages";
import type { ErrorReply, HaltReport, SessionView, Status, StreamTicket } from "./types";

export interface Answer<T> {
  status: number;
  body: T | null;
  /** What the server said was wrong, in its own words. */
  problem: string | null;
  /** The same for programs. */
  code: string | null;
  /** What forbids it, one by one, where the server names that. */
  failed: string[];
}

/**
 * Ask once.
 * @throws TypeError when there was no answer at all, DOMException when `signal` ended the wait.
 */
export async function ask<T>(method: string, path: string, options: AskOptions = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    credentials: "same-origin",
    cache: "no-store",
    signal: options.signal,
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return { status: response.status, body: body as T, problem: null, code: null, failed: [] };
  return { status: response.status, body: null, problem: problemOf(body), code: codeOf(body), failed: failedOf(body) };
}

interface AskOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

function problemOf(body: unknown): string | null {
  const error = (body as Partial<ErrorReply> | null)?.error;
  return error === undefined ? null : `${error.message} (request ${error.request})`;
}

function codeOf(body: unknown): string | null {
  return (body as Partial<ErrorReply> | null)?.error?.code ?? null;
}

function failedOf(body: unknown): string[] {
  const failed: unknown = (body as Partial<ErrorReply> | null)?.error?.detail?.failed;
  return Array.isArray(failed) ? failed.map(String) : [];
}

export function readStatus(): Promise<Answer<Status>> {
  return ask<Status>("GET", "/status");
}

export function readSession(): Promise<Answer<SessionView>> {
  return ask<SessionView>("GET", "/session");
}

/** What opens the socket, once and within 30 seconds. */
export function takeTicket(): Promise<Answer<StreamTicket>> {
  return ask<StreamTicket>("POST", "/stream/ticket");
}

/** Log in with a one-time code. Null when that opened a session, otherwise what to tell the person. */
export async function tryCode(code: string): Promise<string | null> {
  const answer = await ask("POST", "/session", { body: { code } }).catch(() => null);
  if (answer === null || answer.status >= 500) return login.unreachable;
  if (answer.status === 401) return login.wrong;
  return answer.status >= 400 ? login.problem(answer.problem ?? `status ${answer.status}`) : null;
}

export function sendKill(key: string, reason: string, signal: AbortSignal): Promise<Answer<HaltReport>> {
  const body = { scope: "global", reason };
  return ask<HaltReport>("POST", "/control/kill", { body, headers: { "Idempotency-Key": key }, signal });
}

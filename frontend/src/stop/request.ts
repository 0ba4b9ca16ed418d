/**
 * The order to stop, over plain HTTP: asked each second with the same key until the daemon answers or the person ends
 * it. Nothing here says that trading is halted; that is in the daemon's answers.
 */
import type { Answer } from "../api/http";
import type { HaltReport } from "../api/types";

export const REPEAT_MS = 1000;
export const TIMEOUT_MS = 2000;

export type StopView =
  | { phase: "idle" }
  /** Sent, not answered; `since` in the monotonic clock's milliseconds. `problem`: what was wrong last. */
  | { phase: "sending"; since: number; attempts: number; problem: string | null }
  /** The session is over: the stop waits for a new log-in and is then sent. */
  | { phase: "login"; since: number }
  /** The daemon understood and said no. */
  | { phase: "refused"; problem: string }
  | { phase: "confirmed"; report: HaltReport };

export interface StopClock {
  now(): number;
  later(ms: number, action: () => void): () => void;
}

export type Send = (key: string, signal: AbortSignal) => Promise<Answer<HaltReport>>;

export class StopRequest {
  private key: string | null = null;
  private since = 0;
  private attempts = 0;
  private problem: string | null = null;
  private waitsForLogin = false;
  private cancelRepeat: (() => void) | null = null;

  constructor(
    private readonly send: Send,
    private readonly clock: StopClock,
    private readonly changed: (view: StopView) => void,
  ) {}

  /** Send now. A second call with another key replaces the first. */
  start(key: string): void {
    this.end();
    this.key = key;
    this.since = this.clock.now();
    this.attempts = 0;
    this.problem = null;
    this.attempt(key);
  }

  /** The person ends it, or it was answered. */
  end(): void {
    this.settle({ phase: "idle" });
  }

  /** A new session is open: send what waited for it. */
  loggedIn(): void {
    if (this.key !== null) this.attempt(this.key);
  }

  private attempt(key: string): void {
    this.attempts += 1;
    this.waitsForLogin = false;
    this.cancelRepeat?.();
    this.cancelRepeat = this.clock.later(REPEAT_MS, () => this.attempt(key));
    this.show();
    const abort = new AbortController();
    const cancelTimeout = this.clock.later(TIMEOUT_MS, () => abort.abort());
    void this.send(key, abort.signal).then(
      (answer) => {
        cancelTimeout();
        if (key === this.key) this.answered(answer);
      },
      (reason: unknown) => {
        cancelTimeout();
        if (key === this.key) this.failed(reason instanceof Error ? reason.message : String(reason));
      },
    );
  }

  private answered(answer: Answer<HaltReport>): void {
    if (answer.body !== null) {
      this.settle({ phase: "confirmed", report: answer.body });
    } else if (answer.status === 401) {
      this.cancelRepeat?.();
      this.waitsForLogin = true;
      this.changed({ phase: "login", since: this.since });
    } else if (refuses(answer)) {
      this.settle({ phase: "refused", problem: answer.problem ?? `status ${answer.status}` });
    } else {
      this.failed(answer.problem ?? `status ${answer.status}`);
    }
  }

  private failed(problem: string): void {
    this.problem = problem;
    if (!this.waitsForLogin) this.show();
  }

  private show(): void {
    const { since, attempts, problem } = this;
    this.changed({ phase: "sending", since, attempts, problem });
  }

  private settle(view: StopView): void {
    this.key = null;
    this.cancelRepeat?.();
    this.cancelRepeat = null;
    this.changed(view);
  }
}

/** Whether the daemon said no, rather than not yet: an earlier attempt still runs, or it was asked too often. */
function refuses({ status, code }: Answer<HaltReport>): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429 && code !== "in_progress";
}

/** A key for one press of the button. Made without crypto.randomUUID, which only exists on secure origins. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

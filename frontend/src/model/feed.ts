/**
 * The socket client. It checks that nothing is missing, notices silence and connects again; what the messages mean is
 * its listener's business. It knows no React and no browser beyond what it is given.
 */
import type { Message, TopicRequest } from "../api/wire";

/** A daemon that has not been heard for so long is not known to run. */
export const SILENCE_MS = 3000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/** hello and snapshot. */
const GREETING = 2;

export const CLOSED_TOO_SLOW = 1013;
export const CLOSED_NOT_LOGGED_IN = 4401;

export interface Wire {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface FeedClock {
  now(): number;
  /** Calls `action` after `ms`; returns how to call it off. */
  later(ms: number, action: () => void): () => void;
  /** From 0 up to 1. */
  random(): number;
}

export interface FeedListener {
  message(message: Message): void;
  /** Nothing was heard for SILENCE_MS. */
  silent(): void;
  /** The next attempt is at this reading of the clock; null while one is under way. */
  waiting(until: number | null): void;
  /** The server cut this page off because it read too slowly. */
  shed(): void;
  /** The connection was refused or ended before the first message: perhaps the session is over. */
  refused(): void;
}

export class Feed {
  private wire: Wire | null = null;
  private expected = 0;
  private delay = FIRST_DELAY_MS;
  private cancelSilence: (() => void) | null = null;
  private cancelRetry: (() => void) | null = null;
  private running = false;

  constructor(
    private readonly open: () => Wire,
    private readonly clock: FeedClock,
    private readonly listener: FeedListener,
  ) {}

  start(): void {
    this.running = true;
    this.armSilence();
    this.connect();
  }

  stop(): void {
    this.running = false;
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.cancelSilence?.();
    this.drop();
  }

  /** Do not wait for the next attempt. Does nothing while connected or connecting. */
  retryNow(): void {
    if (!this.running || this.cancelRetry === null) return;
    this.cancelRetry();
    this.connect();
  }

  /** Ask for a topic, or for no more of it. Before the greeting is over nothing is sent: ask again then. */
  send(request: TopicRequest): void {
    if (this.expected >= GREETING) this.wire?.send(JSON.stringify(request));
  }

  private connect(): void {
    this.cancelRetry = null;
    this.expected = 0;
    this.listener.waiting(null);
    const wire = this.open();
    this.wire = wire;
    wire.onmessage = (event) => {
      if (wire === this.wire) this.receive(event.data);
    };
    wire.onclose = (event) => {
      if (wire === this.wire) this.closed(event.code);
    };
  }

  private receive(data: unknown): void {
    const message = JSON.parse(String(data)) as Message;
    if (message.seq < this.expected) return; // a duplicate: already applied
    if (message.seq > this.expected) {
      this.reconnect(); // a hole: what was missed is only in a new snapshot
      return;
    }
    this.expected += 1;
    if (message.type !== "delta") this.armSilence();
    if (message.type === "snapshot") this.delay = FIRST_DELAY_MS;
    this.listener.message(message);
  }

  /** Drop the connection and take a new snapshot. */
  reconnect(): void {
    if (!this.running) return;
    this.drop();
    this.retryLater();
  }

  private closed(code: number): void {
    this.wire = null;
    if (code === CLOSED_TOO_SLOW) this.listener.shed();
    if (code === CLOSED_NOT_LOGGED_IN || this.expected === 0) this.listener.refused();
    if (this.running) this.retryLater();
  }

  private retryLater(): void {
    const wait = this.delay * (0.75 + 0.5 * this.clock.random());
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY_MS);
    this.cancelRetry = this.clock.later(wait, () => this.connect());
    this.listener.waiting(this.clock.now() + wait);
  }

  private armSilence(): void {
    this.cancelSilence?.();
    this.cancelSilence = this.clock.later(SILENCE_MS, () => this.fellSilent());
  }

  private fellSilent(): void {
    this.armSilence();
    this.listener.silent();
    if (this.wire !== null) this.reconnect();
  }

  private drop(): void {
    const wire = this.wire;
    this.wire = null;
    wire?.close();
  }
}

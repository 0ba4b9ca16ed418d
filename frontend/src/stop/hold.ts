/** Holding for one second, by pointer or key. It fires while still held, judged by a monotonic clock. */

export const HOLD_MS = 1000;

export interface HoldClock {
  now(): number;
  later(ms: number, action: () => void): () => void;
}

export interface HoldListener {
  /** A hold began: what is needed to fire is made now. */
  began(): void;
  /** Held for HOLD_MS. */
  fired(): void;
  /** Let go too early. */
  released(): void;
  /** Called off: Escape, focus lost, pointer taken away. */
  aborted(): void;
}

export class Hold {
  private startedAt: number | null = null;
  private cancelTimer: (() => void) | null = null;

  constructor(
    private readonly clock: HoldClock,
    private readonly listener: HoldListener,
  ) {}

  get holding(): boolean {
    return this.startedAt !== null;
  }

  begin(): void {
    if (this.holding) return;
    this.startedAt = this.clock.now();
    this.listener.began();
    this.wait(HOLD_MS);
  }

  /** `at`: the moment of letting go on the same clock, which may be before it was noticed. */
  release(at: number): void {
    if (this.startedAt === null) return;
    const held = at - this.startedAt;
    this.end();
    if (held >= HOLD_MS) this.listener.fired();
    else this.listener.released();
  }

  abort(): void {
    if (this.startedAt === null) return;
    this.end();
    this.listener.aborted();
  }

  private wait(ms: number): void {
    this.cancelTimer = this.clock.later(ms, () => this.due());
  }

  private due(): void {
    if (this.startedAt === null) return;
    const left = HOLD_MS - (this.clock.now() - this.startedAt);
    if (left > 0) {
      this.wait(left);
      return;
    }
    // A busy page may have a release waiting that happened in time: it gets its turn first.
    this.cancelTimer = this.clock.later(0, () => {
      if (this.startedAt === null) return;
      this.end();
      this.listener.fired();
    });
  }

  private end(): void {
    this.startedAt = null;
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}

/** The daemon's time, carried on between its beats by a clock that cannot be set. */

export class ServerClock {
  private serverMs: number | null = null;
  private heardAt = 0;

  /** The daemon said it was `serverMs` when this machine's monotonic clock read `monotonicMs`. */
  sync(serverMs: number, monotonicMs: number): void {
    this.serverMs = serverMs;
    this.heardAt = monotonicMs;
  }

  /** The daemon's time now; before its first word, the time of this machine. */
  now(monotonicMs: number, localMs: number): number {
    return this.serverMs === null ? localMs : this.serverMs + (monotonicMs - this.heardAt);
  }
}

export const serverClock = new ServerClock();

export function serverNow(): number {
  return serverClock.now(performance.now(), Date.now());
}

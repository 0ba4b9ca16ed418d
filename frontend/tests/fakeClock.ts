/** A clock that only moves when told to. */
export class FakeClock {
  private time = 0;
  private next = 0;
  private readonly waiting = new Map<number, { at: number; action: () => void }>();

  now = (): number => this.time;
  random = (): number => 0.5;

  later = (ms: number, action: () => void): (() => void) => {
    const id = this.next++;
    this.waiting.set(id, { at: this.time + ms, action });
    return () => this.waiting.delete(id);
  };

  /** Let `ms` pass, doing what falls due in its order. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.waiting].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (due === undefined) break;
      const [id, { at, action }] = due;
      this.waiting.delete(id);
      this.time = Math.max(this.time, at);
      action();
    }
    this.time = end;
  }

  /** Time passes while nothing can run, as on a busy page. */
  stall(ms: number): void {
    this.time += ms;
  }
}

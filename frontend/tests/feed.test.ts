import { beforeEach, describe, expect, it } from "vitest";

import type { Message, TopicRequest } from "../src/api/wire";
import { CLOSED_NOT_LOGGED_IN, CLOSED_TOO_SLOW, Feed, SILENCE_MS, type Wire } from "../src/model/feed";
import { ServerClock } from "../src/model/clock";
import { FakeClock } from "./fakeClock";

class FakeWire implements Wire {
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  closed = false;
  readonly sent: string[] = [];

  close(): void {
    this.closed = true;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  arrive(seq: number, type = "beat"): void {
    this.onmessage?.({ data: JSON.stringify({ type, seq }) });
  }
}

let clock: FakeClock;
let wires: FakeWire[];
let received: number[];
let told: string[];
let feed: Feed;

function last(): FakeWire {
  const wire = wires.at(-1);
  if (wire === undefined) throw new Error("nothing was opened");
  return wire;
}

beforeEach(() => {
  clock = new FakeClock();
  wires = [];
  received = [];
  told = [];
  const open = () => {
    const wire = new FakeWire();
    wires.push(wire);
    return wire;
  };
  feed = new Feed(open, clock, {
    message: (message: Message) => received.push(message.seq),
    silent: () => told.push("silent"),
    waiting: (until) => told.push(until === null ? "trying" : `until ${until}`),
    shed: () => told.push("shed"),
    refused: () => told.push("refused"),
  });
  feed.start();
});

describe("sequence", () => {
  it("hands on what comes in order", () => {
    [0, 1, 2].forEach((seq) => last().arrive(seq));
    expect(received).toEqual([0, 1, 2]);
  });

  it("leaves a duplicate out and goes on", () => {
    [0, 1, 1, 0, 2].forEach((seq) => last().arrive(seq));
    expect(received).toEqual([0, 1, 2]);
    expect(wires).toHaveLength(1);
  });

  it("drops the socket at a hole and takes a new snapshot", () => {
    const first = last();
    [0, 1, 3].forEach((seq) => first.arrive(seq));
    expect(received).toEqual([0, 1]);
    expect(first.closed).toBe(true);
    first.arrive(4);
    expect(received).toEqual([0, 1]);
    clock.pass(500);
    expect(wires).toHaveLength(2);
    last().arrive(0);
    expect(received).toEqual([0, 1, 0]);
  });
});

describe("silence", () => {
  it("is noticed after three seconds without a beat, and connects anew", () => {
    last().arrive(0);
    clock.pass(SILENCE_MS - 1);
    expect(told).not.toContain("silent");
    clock.pass(1);
    expect(told).toContain("silent");
    expect(wires[0]?.closed).toBe(true);
  });

  it("is not broken by deltas alone", () => {
    last().arrive(0);
    clock.pass(2000);
    last().arrive(1, "delta");
    clock.pass(1000);
    expect(told).toContain("silent");
  });

  it("does not come while beats come", () => {
    for (let seq = 0; seq < 10; seq += 1) {
      last().arrive(seq);
      clock.pass(1000);
    }
    expect(told).not.toContain("silent");
  });
});

describe("connecting again", () => {
  it("waits from half a second, doubling up to ten", () => {
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      last().onclose?.({ code: 1006 });
      const opened = wires.length;
      let waited = 0;
      while (wires.length === opened) {
        clock.pass(250);
        waited += 250;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it("starts from the shortest wait again after a snapshot", () => {
    last().onclose?.({ code: 1006 });
    clock.pass(500);
    last().arrive(0, "hello");
    last().arrive(1, "snapshot");
    last().onclose?.({ code: 1006 });
    clock.pass(500);
    expect(wires).toHaveLength(3);
  });

  it("happens at once when asked, but never twice at a time", () => {
    feed.retryNow();
    expect(wires).toHaveLength(1);
    last().onclose?.({ code: 1006 });
    feed.retryNow();
    feed.retryNow();
    expect(wires).toHaveLength(2);
    clock.pass(600);
    expect(wires).toHaveLength(2);
  });

  it("ends with stop", () => {
    feed.stop();
    clock.pass(60_000);
    expect(wires).toHaveLength(1);
    expect(told).not.toContain("silent");
  });
});

describe("closing", () => {
  it("tells that the page was shed", () => {
    last().arrive(0);
    last().onclose?.({ code: CLOSED_TOO_SLOW });
    expect(told).toContain("shed");
    clock.pass(500);
    expect(wires).toHaveLength(2);
  });

  it("tells that the session may be over", () => {
    last().arrive(0);
    last().onclose?.({ code: CLOSED_NOT_LOGGED_IN });
    expect(told).toContain("refused");
  });

  it("tells that it was refused before the first message", () => {
    last().onclose?.({ code: 1006 });
    expect(told).toContain("refused");
  });
});

describe("asking", () => {
  const request: TopicRequest = { type: "subscribe", topics: ["firehose"] };

  it("waits until the greeting is over, and is for this connection only", () => {
    feed.send(request);
    last().arrive(0, "hello");
    feed.send(request);
    expect(last().sent).toEqual([]);
    last().arrive(1, "snapshot");
    feed.send(request);
    expect(last().sent).toEqual(['{"type":"subscribe","topics":["firehose"]}']);
    last().onclose?.({ code: 1006 });
    feed.send(request);
    clock.pass(500);
    feed.send(request);
    expect(wires.map(({ sent }) => sent.length)).toEqual([1, 0]);
  });
});

describe("the daemon's clock", () => {
  it("is carried on by the monotonic clock, however wrong the local one is", () => {
    const server = new ServerClock();
    expect(server.now(50, 1234)).toBe(1234);
    server.sync(1_000_000, 100);
    expect(server.now(1600, 999)).toBe(1_001_500);
    expect(server.now(1600, -5)).toBe(1_001_500);
  });
});

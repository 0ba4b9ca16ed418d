import { describe, expect, it } from "vitest";

import type { Status } from "../src/api/types";
import { banner, stateLine, stateWord } from "../src/model/banner";
import { initial, type Model } from "../src/model/store";
import { titleOf } from "../src/shell/presence";
import { halted, instant, report, status, streams, topics, wall, WALL } from "../e2e/fixtures/day";

const times = { server: WALL, monotonic: 100_000 };
const kill = 'alphapulse kill --reason "\u2026"';

function model(more: Partial<Model> = {}, withStatus: Status = status): Model {
  return {
    ...initial,
    session: "open",
    link: { phase: "connected", heardAt: WALL, retryAt: null },
    topics: { ...topics, status: withStatus },
    ...more,
  };
}

const lost = { phase: "disconnected", heardAt: WALL - 16_000, retryAt: 102_500 } as const;

function shown(one: Model) {
  const found = banner(one, times);
  if (found === null) throw new Error("there was no banner");
  return found;
}

function words(one: Model): string {
  const { heading, by, text } = shown(one);
  return [heading, by === null ? "" : by.before + by.name + by.rest, ...text].filter((line) => line !== "").join("\n");
}

describe("banner", () => {
  it("is not there while ACTIVE", () => {
    expect(banner(model(), times)).toBeNull();
    expect(stateWord(model())).toBe("active");
    expect(stateLine(model(), times)).toBe("6 min, since 14:26:08 UTC, by operator 1");
  });

  it("says that nothing is traded while STARTING", () => {
    const starting = { ...status, state: "starting", cause: "waiting for first block", since: wall(-4000) } as const;
    expect(words(model({}, starting))).toBe("Starting. Nothing is traded yet.\nStep: waiting for first block, 4 s.");
  });

  it("says who halted, from where, when and why, and how to resume", () => {
    const one = model({}, halted);
    expect(words(one)).toBe(
      [
        "HALTED. Nothing is being traded.",
        "Stopped by operator 1 from the dashboard at 14:32:03 UTC, 5 s ago. Halt 7, whole system.",
        "Reason: \u201cStopped from the dashboard.\u201d A restart does not end it; only a person can resume.",
        "To resume on its machine, run:",
      ].join("\n"),
    );
    expect(shown(one).commands).toEqual(['alphapulse resume --reason "\u2026"']);
    expect(shown(one).report?.steps.map(({ ms }) => ms)).toEqual(["0.031", "1.402", "38.114"]);
    expect(stateWord(one)).toBe("halted");
  });

  it("counts orders of unknown outcome as exposure", () => {
    const text = words(model({}, { ...halted, report: { ...report, unknown: 2 } }));
    expect(text).toContain("HALTED, but 2 orders have an unknown outcome.");
    expect(text).toContain("They count as exposure (0.00 USDC) until a venue answers.");
    const single = words(model({}, { ...halted, report: { ...report, unknown: 1 } }));
    expect(single).toContain("but 1 order has an unknown outcome");
  });

  it("says that the daemon is carrying the halt out while it is STOPPING", () => {
    const one = model({}, { ...halted, state: "stopping", report: { ...report, complete: false } });
    expect(words(one)).toContain("Stopping.\nThe daemon has accepted the stop and is carrying it out.");
    expect(stateWord(one)).toBe("stopping");
  });

  it("waits two seconds for the answer to a stop", () => {
    const one = model({ stop: { phase: "sending", since: 99_600, attempts: 1, problem: null } });
    expect(words(one)).toBe("Stop sent 0.4 s ago. Waiting for the daemon to confirm.");
    expect(stateWord(one)).toBe("stopping");
    expect(stateLine(one, times)).toBe("stop sent 0.4 s ago");
  });

  it("tells the other ways when a stop stays unanswered", () => {
    const one = model({ stop: { phase: "sending", since: 97_000, attempts: 3, problem: "failed to fetch" } });
    expect(words(one)).toBe(
      [
        "No answer yet. Treat it as still trading.",
        "Stop sent 3 s ago. Waiting for the daemon to confirm.",
        "Last problem: failed to fetch",
        "Trying again every second, 3 so far. On its machine:",
      ].join("\n"),
    );
    expect(shown(one).commands).toEqual([kill, "kill -USR1 4711"]);
    expect(shown(one).action).toEqual({ does: "give up", label: "Stop trying" });
  });

  it("keeps a stop pending over a log-in", () => {
    const one = model({ session: "over", stop: { phase: "login", since: 97_000 } });
    expect(words(one)).toContain("Your session ended before the stop was sent.\nNo answer yet.");
    expect(shown(one).action?.does).toBe("log in");
  });

  it("says loudly that a stop was refused", () => {
    const one = model({ stop: { phase: "refused", problem: "Your role (viewer) may not stop." } });
    expect(words(one)).toContain("The daemon refused to stop.\nYour role (viewer) may not stop.");
    expect(stateWord(one)).toBe("active");
  });

  it("claims nothing while disconnected", () => {
    const one = model({ link: lost });
    expect(words(one)).toBe(
      [
        "Disconnected for 16 s. What you see is as of 14:31:52 UTC.",
        "The daemon may still be trading. Stopping still works from here if the daemon answers; " +
          "otherwise run on its machine:",
      ].join("\n"),
    );
    expect(shown(one)).toMatchObject({ commands: [kill], aside: "Next try in 3 s", action: { label: "Retry now" } });
    expect(stateWord(one)).toBe("unknown");
    expect(stateLine(one, times)).toBe("was ACTIVE at 14:31:52 UTC");
  });

  it("remembers a halt while disconnected without claiming it", () => {
    const one = model({ link: lost }, halted);
    expect(words(one)).toContain("Trading was halted at 14:31:52 UTC (halt 7) and only a person can resume.");
    expect(stateWord(one)).toBe("unknown");
    expect(stateLine(one, times)).toBe("was HALTED at 14:31:52 UTC");
  });

  it("says that nothing is known before the first word", () => {
    const one = { ...model({ link: { phase: "disconnected", heardAt: null, retryAt: null } }), topics: {} };
    expect(words(one)).toContain("Not connected. Nothing is known yet.");
    expect(stateLine(one, times)).toBe("nothing heard yet");
  });

  it("names the stale stream, its age and its limit", () => {
    const [first, ...others] = streams;
    if (first === undefined) throw new Error("the fixture has no stream");
    const stale = { ...first, state: "stale", age_ns: "74000000000", note: "The gate is closed for 2 strategies." } as const;
    expect(words(model({}, { ...status, streams: [stale, ...others] }))).toBe(
      "Stale: Ethereum logs, last event 74 s ago, limit 60 s.\nThe gate is closed for 2 strategies.",
    );
    const gap = { ...first, state: "gap", note: "" } as const;
    expect(words(model({}, { ...status, streams: [gap] }))).toBe(
      "Gap: Ethereum logs, events are missing.\nNothing that needs it is traded.",
    );
  });

  it("says when the session is over", () => {
    expect(words(model({ session: "over", link: lost }))).toContain(
      "Your session ended. The page shows data as of 14:31:52 UTC.",
    );
  });

  it("says that the recording is over and what comes", () => {
    const source = status.source === null ? null : { ...status.source, finished: true };
    const clock = instant("2024-01-05T11:59:47Z");
    expect(words(model({}, { ...status, source, clock }))).toBe(
      "Recording finished at 2024-01-05 11:59:47 UTC.\nIt starts over by itself.",
    );
    const stops = source === null ? null : ({ ...source, at_end: "hold" } as const);
    expect(words(model({}, { ...status, source: stops }))).toContain("Nothing more will happen until");
  });

  it("asks to reload after an update", () => {
    expect(shown(model({ outdated: "0.1.0" }))).toMatchObject({
      heading: "The daemon was updated. This page is from 0.1.0.",
      action: { does: "reload" },
    });
  });

  it("names a part that is halted", () => {
    const part = {
      scope: "strategy:flash_arbitrage",
      level: "halted",
      halt_id: 8,
      since: wall(-5000),
      by: "breaker",
      via: "the supervisor",
      cause: "losing streak, 5 of 5",
    } as const;
    const one = model({}, { ...status, partial_halts: [part] });
    expect(words(one)).toBe(
      "flash_arbitrage is halted since 14:32:03 UTC by breaker. Everything else trades.\n" +
        "Reason: \u201closing streak, 5 of 5\u201d",
    );
    expect(stateLine(one, times)).toContain("1 part halted");
  });

  it("shows the gravest only", () => {
    const stop = { phase: "sending", since: 97_000, attempts: 3, problem: null } as const;
    expect(shown(model({ session: "over", link: lost, stop }, halted)).kind).toBe("stopping, no answer");
    expect(shown(model({ session: "over", link: lost }, halted)).kind).toBe("session over");
    expect(shown(model({ link: lost }, halted)).kind).toBe("disconnected");
    expect(shown(model({ outdated: "0.1.0" }, halted)).kind).toBe("halted");
  });
});

describe("title", () => {
  it("says state, mode and net", () => {
    expect(titleOf(model())).toBe("ACTIVE \u00b7 PAPER \u00b7 +4,250.84 \u00b7 AlphaPulse");
    expect(titleOf(model({ link: lost }))).toMatch(/^UNKNOWN/);
  });

  it("leads with LIVE when it is", () => {
    expect(titleOf(model({}, { ...status, mode: "live" }))).toMatch(/^LIVE \u00b7 ACTIVE/);
  });
});

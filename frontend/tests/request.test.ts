import { beforeEach, expect, it } from "vitest";

import type { Answer } from "../src/api/http";
import type { HaltReport } from "../src/api/types";
import { newKey, StopRequest, type StopView } from "../src/stop/request";
import { report } from "../e2e/fixtures/day";
import { FakeClock } from "./fakeClock";

interface Sent {
  key: string;
  signal: AbortSignal;
  answer: (answer: Answer<HaltReport>) => void;
  fail: (reason: Error) => void;
}

let clock: FakeClock;
let sent: Sent[];
let views: StopView[];
let request: StopRequest;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  views = [];
  const send = (key: string, signal: AbortSignal) =>
    new Promise<Answer<HaltReport>>((answer, fail) => sent.push({ key, signal, answer, fail }));
  request = new StopRequest(send, clock, (view) => views.push(view));
});

function answer(status: number, problem: string | null = null, code: string | null = null): Answer<HaltReport> {
  return { status, body: status < 300 ? report : null, problem, code, failed: [] };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

it("repeats each second with the same key until answered", async () => {
  request.start("key");
  clock.pass(3500);
  expect(sent.map(({ key }) => key)).toEqual(["key", "key", "key", "key"]);
  sent[3]?.answer(answer(200));
  await settle();
  expect(views.at(-1)).toEqual({ phase: "confirmed", report });
  clock.pass(5000);
  expect(sent).toHaveLength(4);
});

it("stops waiting for one answer after two seconds", () => {
  request.start("key");
  clock.pass(1999);
  expect(sent[0]?.signal.aborted).toBe(false);
  clock.pass(1);
  expect(sent[0]?.signal.aborted).toBe(true);
});

it("goes on after server errors and tells the last problem", async () => {
  request.start("key");
  sent[0]?.answer(answer(503, "the daemon stops"));
  await settle();
  expect(views.at(-1)).toMatchObject({ phase: "sending", problem: "the daemon stops" });
  clock.pass(1000);
  expect(sent).toHaveLength(2);
});

it("goes on after network errors", async () => {
  request.start("key");
  sent[0]?.fail(new TypeError("failed to fetch"));
  await settle();
  clock.pass(1000);
  expect(sent).toHaveLength(2);
});

it("stays pending without a session and is sent again after a log-in, with the same key", async () => {
  request.start("key");
  sent[0]?.answer(answer(401));
  await settle();
  expect(views.at(-1)?.phase).toBe("login");
  clock.pass(5000);
  expect(sent).toHaveLength(1);
  request.loggedIn();
  expect(sent.map(({ key }) => key)).toEqual(["key", "key"]);
});

it("ends loudly when the daemon refuses", async () => {
  request.start("key");
  sent[0]?.answer(answer(403, "your role (viewer) may not stop"));
  await settle();
  expect(views.at(-1)).toEqual({ phase: "refused", problem: "your role (viewer) may not stop" });
  clock.pass(5000);
  expect(sent).toHaveLength(1);
});

it("goes on while an earlier attempt still runs", async () => {
  request.start("key");
  sent[0]?.answer(answer(409, "still running", "in_progress"));
  await settle();
  expect(views.at(-1)).toMatchObject({ phase: "sending" });
  clock.pass(1000);
  sent[1]?.answer(answer(200));
  await settle();
  expect(views.at(-1)).toEqual({ phase: "confirmed", report });
});

it("ends when the person ends it and ignores a late answer", async () => {
  request.start("key");
  request.end();
  sent[0]?.answer(answer(200));
  await settle();
  expect(views.at(-1)).toEqual({ phase: "idle" });
});

it("makes a new key for each press", () => {
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
  expect(newKey()).not.toBe(newKey());
});

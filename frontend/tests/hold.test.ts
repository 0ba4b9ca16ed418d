import { beforeEach, expect, it } from "vitest";

import { Hold, HOLD_MS } from "../src/stop/hold";
import { FakeClock } from "./fakeClock";

let clock: FakeClock;
let told: string[];
let hold: Hold;

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  hold = new Hold(clock, {
    began: () => told.push("began"),
    fired: () => told.push("fired"),
    released: () => told.push("released"),
    aborted: () => told.push("aborted"),
  });
});

it("fires after one second while still held", () => {
  hold.begin();
  clock.pass(HOLD_MS - 1);
  expect(told).toEqual(["began"]);
  clock.pass(2);
  expect(told).toEqual(["began", "fired"]);
  hold.release(clock.now());
  expect(told).toEqual(["began", "fired"]);
});

it("does not fire when let go early", () => {
  hold.begin();
  clock.pass(HOLD_MS - 1);
  hold.release(clock.now());
  clock.pass(5000);
  expect(told).toEqual(["began", "released"]);
});

it("is called off by Escape, blur or a lost pointer", () => {
  hold.begin();
  clock.pass(500);
  hold.abort();
  clock.pass(5000);
  expect(told).toEqual(["began", "aborted"]);
});

it("counts a release that happened in time although it was noticed late", () => {
  hold.begin();
  clock.stall(3000);
  hold.release(HOLD_MS - 100);
  clock.pass(5000);
  expect(told).toEqual(["began", "released"]);
});

it("gives a waiting release its turn before a late timer fires", () => {
  hold.begin();
  clock.stall(3000);
  clock.later(0, () => hold.release(HOLD_MS - 100)); // queued behind the timer that is due
  clock.pass(0);
  expect(told).toEqual(["began", "released"]);
});

it("fires when held long enough although the timer did not run", () => {
  hold.begin();
  clock.stall(3000);
  hold.release(2500);
  expect(told).toEqual(["began", "fired"]);
});

it("ignores a second begin and what comes without one", () => {
  hold.release(0);
  hold.abort();
  hold.begin();
  hold.begin();
  expect(told).toEqual(["began"]);
});

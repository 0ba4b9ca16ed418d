import { describe, expect, it } from "vitest";

import { limits, levels } from "../e2e/fixtures/risk";
import { wishes } from "../src/risk/wishes";
import { lackingOf } from "../src/risk/lacking";
import { minutesOf } from "../src/risk/minutes";
import { shareUsed } from "../src/cards/Share";
import { limitText, scopeName } from "../src/risk/words";

describe("the share of a limit", () => {
  it.each([
    ["0", "20", "0.00%", "good"],
    ["15", "20", "75.00%", "good"],
    ["16", "20", "80.00%", "warn"],
    ["19", "20", "95.00%", "warn"],
    ["20", "20", "100.00%", "bad"],
    ["123456789012345678901234567890", "100000000000000000000000000000", "123.45%", "bad"],
  ])("%s of %s is %s, %s as the gate sees it", (used, limit, percent, tone) => {
    expect(shareUsed(used, limit)).toMatchObject({ percent, tone });
  });

  it("of a limit that allows nothing is not a number", () => {
    expect(shareUsed("0", "0")).toBeNull();
  });

  it("never draws a bar that is longer than its place", () => {
    expect(shareUsed("40", "20")?.width).toBe("100.00%");
  });
});

it("writes limits with every digit that says something", () => {
  const [exposure, pace] = limits;
  if (exposure === undefined || pace === undefined) throw new Error("the fixture has no limits");
  expect(limitText(exposure, "1500000000000")).toBe("1,500,000");
  expect(limitText(exposure, "849034033")).toBe("849.034033");
  expect(limitText(pace, "20")).toBe("20");
});

it("offers what fits the level of a scope", () => {
  expect(wishes("active")).toEqual(["reducing", "halted", "locked"]);
  expect(wishes("halted")).toEqual(["resume", "flatten", "locked"]);
  expect(wishes("locked")).toEqual([]);
  expect(levels.map(scopeName)).toContain("strategy flash_arbitrage");
});

describe("resuming", () => {
  const challenge = {
    nonce: "n",
    scope: "global",
    halt_id: 7,
    phrase: "resume all trading after halt 7",
    text: [],
    objections: [],
    expires: { ns: "0", iso: "2024-05-14T14:33:08Z" },
  };

  it("waits for the phrase as it was shown, a reason, and a confirmation that is valid", () => {
    expect(lackingOf(null, false, "", "")).toMatch(/Asking/);
    expect(lackingOf(challenge, false, "Resume all", "it was looked at")).toBe("Type the phrase.");
    expect(lackingOf(challenge, false, challenge.phrase, "too short")).toBe("Give a reason of at least 10 characters.");
    expect(lackingOf(challenge, true, challenge.phrase, "it was looked at")).toBe("This confirmation expired.");
    expect(lackingOf(challenge, false, challenge.phrase, "it was looked at")).toBeNull();
    const objected = { ...challenge, objections: ["journal: it cannot be written"] };
    expect(lackingOf(objected, false, challenge.phrase, "it was looked at")).toMatch(/mended first/);
  });
});

it("takes whole minutes of a day and nothing else", () => {
  expect(["1", "15", "1440"].map(minutesOf)).toEqual([60, 900, 86_400]);
  expect(["0", "1441", "1.5", "-3", "", "1e3", "99999"].map(minutesOf)).toEqual(Array<null>(7).fill(null));
});

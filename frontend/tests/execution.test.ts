/** What the page of execution makes of what the API tells. */
import { describe, expect, it } from "vitest";

import { calledOff, gapped, inBlock, lost, open, replaced, reverted, settled, trade, traded, transaction, waiting, wallet } from "../e2e/fixtures/execution";
import { amountOf, briefly, bumped, differenceOf, gasOfHour, gweiText, instantOf, missedBy, shortHash, symbolText } from "../src/execution/figures";
import { asNow, stageOf, standingOf, stateTone, whyOf } from "../src/execution/standing";

describe("figures", () => {
  it("are wei per gas in gwei: no digit that says nothing, and nothing that is there shown as nothing", () => {
    const pairs = [
      ["30000000000", "30"],
      ["1500000000", "1.5"],
      ["62400000001", "62.4"],
      ["1234567890123", "1,234.5679"],
      ["1000", "<0.0001"],
      ["100000", "0.0001"],
      ["0", "0"],
    ];
    expect(pairs.map(([wei]) => [wei, gweiText(wei ?? "")])).toEqual(pairs);
  });

  it("say the least that replaces an offer: a tenth more, rounded up, and more in any case", () => {
    expect(["0", "1", "9", "10", "62400000001"].map(bumped)).toEqual(["1", "2", "10", "11", "68640000002"]);
    expect(bumped("340282366920938463463374607431768211455")).toBe("374310603613032309809712068174945032601");
  });

  it("shorten hashes and addresses, alone and within sentences, and leave symbols as they are", () => {
    expect(shortHash(settled.hash)).toBe("0xd00d\u2026d00d");
    expect(briefly(`mined as ${settled.hash}, not ${replaced.hash}`)).toBe("mined as 0xd00d\u2026d00d, not 0xdead\u2026dead");
    expect(symbolText({ symbol: `0x${"77".repeat(20)}` })).toBe("0x7777\u20267777");
    expect(symbolText({ symbol: "USDC" })).toBe("USDC");
  });

  it("leave amounts raw of which nobody knows the decimals, and say so", () => {
    const unit = { address: "0x77", symbol: "XYZ", decimals: null };
    expect(amountOf("1000", unit)).toMatchObject({ raw: "1000", decimals: 0, symbol: "raw XYZ" });
    expect(amountOf("1000", { ...unit, decimals: 3 })).toMatchObject({ raw: "1000", decimals: 3, symbol: "XYZ" });
  });

  it("compare books and chain, expected and actual, beyond what a float holds", () => {
    expect(differenceOf("1482093318204119380", "1482093318204119381")).toBe("1");
    expect(differenceOf("12038206786", "12038206769")).toBe("-17");
    expect([missedBy(traded), missedBy(reverted), missedBy(open)]).toEqual(["81871", "-58536898", null]);
  });

  it("sum the gas of all wallets, whose limit is a common one", () => {
    const second = { ...gapped, gas_hour_wei: "1" };
    expect(gasOfHour([wallet, second])).toEqual({ used: "41964103200000001", budget: "50000000000000000", coin: "ETH" });
    expect(gasOfHour([{ ...wallet, gas_budget_wei: null }, { ...gapped, coin: "POL" }])).toMatchObject({ budget: null, coin: "ETH, POL" });
    expect(gasOfHour([])).toEqual({ used: "0", budget: null, coin: "" });
  });

  it("are moments of nanoseconds", () => {
    expect(instantOf("1704437087123456789")).toEqual({ ns: "1704437087123456789", iso: "2024-01-05T06:44:47.123Z" });
  });
});

describe("transactions", () => {
  it("wait while they are in no block, also where nobody knows, and have ended where nothing can come of them", () => {
    const states = ["signed", "sent", "seen", "unknown", "mined", "settled", "replaced", "dropped"] as const;
    const stages = states.map((state) => stageOf(transaction("aa", 1, { state })));
    expect(stages).toEqual(["waiting", "waiting", "waiting", "waiting", "mined", "ended", "ended", "ended"]);
    expect(stateTone("unknown")).toBe("bad");
  });

  it("are shown as the socket told them, unless what was read is newer", () => {
    const newer = { ...waiting, state: "seen" as const, changed_ns: `${BigInt(waiting.changed_ns) + 1n}` };
    expect(asNow([waiting, settled], [newer])).toEqual([newer, settled]);
    expect(asNow([newer], [waiting])).toEqual([newer]);
    expect(asNow([waiting], undefined)).toEqual([waiting]);
  });
});

describe("trades", () => {
  it("stand by their end, and until then by their newest transaction", () => {
    expect(standingOf(traded, settled)).toEqual({ tone: "good", word: "Traded" });
    expect(standingOf(calledOff, undefined)).toEqual({ tone: "idle", word: "Called off" });
    expect(standingOf(open, lost)).toEqual({ tone: "bad", word: "UNKNOWN" });
    expect(standingOf(open, inBlock)).toEqual({ tone: "good", word: "Mined" });
    expect(standingOf(trade("1"), undefined)).toEqual({ tone: "idle", word: "Open" });
  });

  it("say why they failed: what the replay found, else what was said at their end", () => {
    expect(whyOf(reverted)).toEqual({ cause: "Taken by another", text: reverted.finding?.text });
    expect(whyOf(calledOff)).toEqual({ cause: null, text: "called off by halt 7" });
  });
});

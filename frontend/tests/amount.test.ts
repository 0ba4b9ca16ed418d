import { describe, expect, it } from "vitest";

import type { Amount } from "../src/api/types";
import {
  amountText,
  costText,
  decimal,
  exactText,
  feeText,
  MINUS,
  percentText,
  priceText,
  roundAmount,
  shareOf,
  sumOf,
} from "../src/format/amount";
import { randomNumbers } from "./random";

const TOKEN = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48";

function usdc(raw: string): Amount {
  return { raw, decimals: 6, symbol: "USDC", token: TOKEN };
}

/** Rounding half away from zero, by whole numbers alone. */
function rounded(raw: bigint, decimals: number, places: number): bigint {
  const unit = 10n ** BigInt(decimals - places);
  const size = raw < 0n ? -raw : raw;
  const whole = (size + unit / 2n) / unit;
  return raw < 0n ? -whole : whole;
}

describe("exactText", () => {
  it("keeps every digit: the point removed gives back the raw number", () => {
    const random = randomNumbers(1);
    for (let round = 0; round < 2000; round += 1) {
      const length = 1 + Math.floor(random() * 40);
      const digits = Array.from({ length }, () => Math.floor(random() * 10)).join("");
      const raw = (random() < 0.5 ? -BigInt(digits) : BigInt(digits)).toString();
      const decimals = Math.floor(random() * 25);
      const text = exactText(raw, decimals);
      expect(BigInt(text.replace(".", ""))).toBe(BigInt(raw));
      expect(text.split(".")[1]?.length ?? 0).toBe(decimals);
    }
  });

  it("places the point in numbers shorter than their decimals", () => {
    expect(exactText("-1534147509", 6)).toBe("-1534.147509");
    expect(exactText("1", 18)).toBe("0.000000000000000001");
    expect(exactText("42", 0)).toBe("42");
  });

  it("refuses what is not a whole number", () => {
    expect(() => exactText("1e5", 6)).toThrow(RangeError);
    expect(() => exactText("", 6)).toThrow(RangeError);
  });
});

describe("decimal", () => {
  it("rounds like whole numbers do, far beyond floating point", () => {
    const random = randomNumbers(2);
    for (let round = 0; round < 2000; round += 1) {
      const length = 1 + Math.floor(random() * 34);
      const digits = Array.from({ length }, () => Math.floor(random() * 10)).join("");
      const raw = random() < 0.5 ? -BigInt(digits) : BigInt(digits);
      const expected = rounded(raw, 18, 4);
      if (expected === 0n) continue;
      const shown = decimal(exactText(raw.toString(), 18), 4);
      expect(BigInt(shown.replace(MINUS, "-").replace(/[,.]/g, ""))).toBe(expected);
    }
  });

  it("never shows what is not zero as zero", () => {
    expect(decimal("0.004", 2)).toBe("<0.01");
    expect(decimal("-0.004", 2)).toBe(`${MINUS}<0.01`);
    expect(decimal("-0.000000", 2, "exceptZero")).toBe("0.00");
    expect(decimal("0.4", 0)).toBe("<1");
  });

  it("writes a minus sign, not a hyphen", () => {
    expect(decimal("-1534.147509", 2)).toBe(`${MINUS}1,534.15`);
  });
});

describe("shown amounts", () => {
  it("have 2 decimals for stablecoins, 4 for others and 6 below one", () => {
    expect(amountText(usdc("4250840000"), "exceptZero")).toBe("+4,250.84");
    const weth = { decimals: 18, symbol: "WETH", token: TOKEN };
    expect(amountText({ raw: "1534147509000000000", ...weth })).toBe("1.5341");
    expect(amountText({ raw: "534147509000000000", ...weth })).toBe("0.534148");
    expect(amountText({ raw: "0", ...weth })).toBe("0.000000");
  });

  it("have no sign for zero", () => {
    expect(amountText(usdc("0"), "exceptZero")).toBe("0.00");
  });

  it("show costs as what they take away", () => {
    expect(costText(usdc("14170000"))).toBe(`${MINUS}14.17`);
    expect(costText(usdc("0"))).toBe("0.00");
  });

  it("lose their decimals where there is no room", () => {
    expect(roundAmount(usdc("94191994417"))).toBe("94,192");
  });
});

describe("sums and shares", () => {
  it("add whole numbers of one token", () => {
    expect(sumOf([usdc("9007199254740993"), usdc("1")])?.raw).toBe("9007199254740994");
  });

  it("are unknown when a part is", () => {
    expect(sumOf([usdc("1"), null])).toBeNull();
    expect(sumOf([usdc("1"), { ...usdc("1"), token: "0x0" }])).toBeNull();
    expect(sumOf([])).toBeNull();
  });

  it("are at most the whole", () => {
    expect(shareOf(usdc("62500000000"), usdc("250000000000"))).toBe(250_000n);
    expect(shareOf(usdc("-500"), usdc("250"))).toBe(1_000_000n);
    expect(shareOf(usdc("1"), usdc("0"))).toBeNull();
    expect(percentText(250_000n)).toBe("25.00%");
  });
});

describe("prices and fees", () => {
  it("show 2 decimals from a thousand, 6 digits below", () => {
    expect(priceText("2264.416838")).toBe("2,264.42");
    expect(priceText("64012.3")).toBe("64,012.30");
    expect(priceText("0.000441615")).toBe("0.000441615");
    expect(priceText("1.0001")).toBe("1.00010");
  });

  it("show fees as percentages", () => {
    expect([500, 3000, 100, 250].map(feeText)).toEqual(["0.05%", "0.30%", "0.01%", "0.025%"]);
    expect(feeText(null)).toBe("dynamic");
  });
});

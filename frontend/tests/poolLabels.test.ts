import { describe, expect, it } from "vitest";

import { pairLabels } from "../src/format/pool";

const pool = (name: string, fee_ppm: number | null, address = "0x1111111111111111111111111111111111111111") => ({
  address,
  name,
  fee_ppm,
});

describe("the labels of a pair's pools", () => {
  it("are the fees where these differ", () => {
    expect(pairLabels({ pools: [pool("A USDC/WETH", 500), pool("B USDC/WETH", 3000)] })).toEqual(["0.05%", "0.30%"]);
  });

  it("are the names without the pair where the fees are equal", () => {
    const pools = [pool("QuickSwap WPOL/USDC.e", 3000), pool("Sushi WPOL/USDC.e 0.30%", 3000)] as const;
    expect(pairLabels({ pools: [...pools] })).toEqual(["QuickSwap", "Sushi 0.30%"]);
  });

  it("are the addresses where nothing else tells them apart", () => {
    const other = "0x2222222222222222222222222222222222222222";
    const pools = [pool("USDC/WETH 0.05%", 500), pool("USDC/WETH 0.05%", 500, other)] as const;
    expect(pairLabels({ pools: [...pools] })).toEqual(["0x111111", "0x222222"]);
  });
});

import { afterEach, describe, expect, it } from "vitest";

import { amountText, countText, decimal, integerText } from "../src/format/amount";
import { setStyle } from "../src/format/style";
import { clockText, dateAndTime, localText, timeOfDay, zoneWord } from "../src/format/time";
import { price } from "../src/messages";
import { readDisplay } from "../src/model/display";

const usdc = { raw: "-1234567890123", decimals: 6, symbol: "USDC", token: "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48" };

afterEach(() => setStyle({ numbers: "point", zone: "utc" }));

describe("numbers", () => {
  it.each([
    ["point", "\u22121,234,567.89", "<0.01", "12,345"],
    ["comma", "\u22121.234.567,89", "<0,01", "12.345"],
    ["space", "\u22121\u202f234\u202f567,89", "<0,01", "12\u202f345"],
  ] as const)("in the style %s", (numbers, amount, tiny, count) => {
    setStyle({ numbers, zone: "utc" });
    expect(amountText(usdc)).toBe(amount);
    expect(decimal("0.000001", 2)).toBe(tiny);
    expect(countText(12_345)).toBe(count);
    expect(integerText("12345")).toBe(count);
  });

  it("keep every digit in each style", () => {
    for (const numbers of ["point", "comma", "space"] as const) {
      setStyle({ numbers, zone: "utc" });
      expect(integerText("123456789012345678901234567890").replace(/\D/g, "")).toBe("123456789012345678901234567890");
    }
  });
});

describe("times", () => {
  const winter = Date.parse("2024-01-05T23:30:00Z");

  it("are UTC and say so, unless somebody chose his own", () => {
    expect([timeOfDay(winter), clockText(winter, winter), zoneWord(winter)]).toEqual(["23:30:00", "23:30:00 UTC", "UTC"]);
    expect(price.time).toBe("Time, UTC");
  });

  it("follow the place of the reader when he chose that, and say which it is", () => {
    setStyle({ numbers: "point", zone: "local" });
    const zone = zoneWord(winter);
    const offset = -new Date(winter).getTimezoneOffset() * 60_000;
    const here = new Date(winter + offset).toISOString();
    expect(timeOfDay(winter)).toBe(here.slice(11, 19));
    expect(dateAndTime(winter)).toBe(`${here.slice(0, 10)} ${here.slice(11, 19)} ${zone}`);
    expect(localText(winter)).toBe("2024-01-05 23:30:00 UTC");
    expect(price.time).toBe(`Time, ${zoneWord()}`);
  });
});

it("takes up only what can be chosen of what was kept", () => {
  const plain = { numbers: "point", zone: "utc", colours: "green" };
  expect(readDisplay(null)).toEqual(plain);
  expect(readDisplay("{broken")).toEqual(plain);
  expect(readDisplay('"text"')).toEqual(plain);
  expect(readDisplay('{"numbers":"comma","zone":"mars","colours":7,"more":1}')).toEqual({ ...plain, numbers: "comma" });
});

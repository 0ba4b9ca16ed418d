import { beforeEach, describe, expect, it } from "vitest";

import type { LiveFrame } from "../src/api/wire";
import { matching, offered } from "../src/firehose/filters";
import { inspect } from "../src/firehose/inspected";
import { readPasted } from "../src/firehose/pasted";
import { rowAt, rowsOf, type Row } from "../src/firehose/rows";
import { meaningText, plainText, valueText } from "../src/firehose/values";
import { addFrames, clearFrames, kept, MOST_FRAMES, useFirehose, type SeenFrame } from "../src/model/firehose";
import { hexOf } from "../src/wire/bytes";
import { bytes, checked, sealed, vectors } from "./vectors";

const VECTORS = vectors();
const SWAP = "PoolSwap";

/** A sound frame around the last golden vector of a message. */
function frameOf(name: string): Uint8Array {
  const vector = VECTORS.find((one) => one.name === name);
  return sealed(vector?.type ?? 0, bytes(vector?.cases.at(-1)?.hex ?? ""));
}

function live(n: number, domain: LiveFrame["domain"] = "MARKET_DATA", name = SWAP): LiveFrame {
  return { n, domain, hex: hexOf(frameOf(name)), received_ns: "1704437087000000000" };
}

function seen(id: number, domain: LiveFrame["domain"] = "MARKET_DATA", name = SWAP): SeenFrame {
  return { ...live(id, domain, name), id };
}

describe("what is kept of the firehose", () => {
  beforeEach(() => useFirehose.setState({ frames: [], received: 0, skipped: 0 }));

  it("counts what came and what was left out, also over a clearing", () => {
    addFrames({ frames: [live(1), live(2)], skipped: 5 });
    clearFrames();
    addFrames({ frames: [live(1)], skipped: 1 }); // the daemon began anew
    const { frames, received, skipped } = useFirehose.getState();
    expect([frames.map(({ id }) => id), received, skipped]).toEqual([[2], 3, 6]);
  });

  it("is bounded, and a signal outlives the swaps", () => {
    const many = Array.from({ length: MOST_FRAMES + 100 }, (_, id) => seen(id, id === 3 ? "SIGNAL" : "MARKET_DATA"));
    const left = kept(many);
    expect(left).toHaveLength(MOST_FRAMES);
    expect(left[0]?.id).toBe(3);
    expect(left.slice(1).map(({ id }) => id)).toEqual(many.slice(101).map(({ id }) => id));
    expect(kept(many.slice(0, 10))).toEqual(many.slice(0, 10));
  });
});

describe("filters", () => {
  const none = { domain: "", type: "", source: "" };
  const frames = [seen(1), seen(2, "SIGNAL", "ArbitrageSignal"), seen(3, "EXECUTION", "Fill")];
  const found = (filters: Partial<typeof none>) => matching(frames, { ...none, ...filters }).map(({ id }) => id);

  it("are those that can be chosen, so that none hides frames unseen", () => {
    const chosen = { domain: "SIGNAL", type: "ArbitrageSignal", source: "SUPERVISOR" };
    expect(offered(chosen)).toEqual(chosen);
    expect(offered({ ...chosen, domain: "" })).toEqual({ ...chosen, domain: "" });
    expect(offered({ ...chosen, domain: "MARKET_DATA" })).toEqual({ ...chosen, domain: "MARKET_DATA", type: "" });
    expect(offered({ domain: "signal", type: "Nothing", source: "HARRY" })).toEqual(none);
  });

  it("let through what matches all of them", () => {
    expect(matching(frames, none)).toBe(frames);
    expect(found({ domain: "SIGNAL" })).toEqual([2]);
    expect(found({ type: "Fill" })).toEqual([3]);
    expect(found({ source: "SUPERVISOR" })).toEqual([1, 2, 3]);
    expect(found({ domain: "SIGNAL", type: "Fill" })).toEqual([]);
    expect(found({ type: "no such type" })).toEqual([]);
  });
});

describe("pasted text", () => {
  it("may be written in many ways", () => {
    for (const text of ["efbe", "0xEFBE", " ef be\n", "ef:be", "ef, be", "\\xef\\xbe", "0xef, 0xbe", '"efbe"']) {
      expect(readPasted(text)).toEqual({ data: Uint8Array.of(0xef, 0xbe), problem: null });
    }
  });

  it("is nothing, or has its fault named", () => {
    expect(readPasted(" \n")).toEqual({ data: null, problem: null });
    expect(readPasted("efbg").problem).toBe("\u201cg\u201d is no hex digit.");
    expect(readPasted("ef\u{1f600}").problem).toBe("\u201c\u{1f600}\u201d is no hex digit.");
    expect(readPasted("efb").problem).toMatch(/half a byte/);
    expect(readPasted("00".repeat(1_048_577)).problem).toMatch(/1 MiB/);
  });
});

describe("rows", () => {
  const { data, view } = inspect(frameOf(SWAP));
  const rows = rowsOf(view);
  const row = (name: string): Row => {
    const found = rows.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no row ${name}`);
    return found;
  };

  it("stand for every byte of the frame", () => {
    for (let offset = 0; offset < data.length; offset += 1) {
      const found = rowAt(rows, offset);
      expect(found !== null && found.offset <= offset && offset < found.offset + found.size).toBe(true);
    }
    expect(rowAt(rows, data.length)).toBeNull();
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });

  it("lead from a byte to the smallest part it belongs to", () => {
    expect(rowAt(rows, 0)?.name).toBe("magic");
    expect(rowAt(rows, 31)?.name).toBe("checksum");
    expect(rowAt(rows, 32)?.name).toBe("TLV 11 PoolSwap");
    expect(rowAt(rows, row("liquidity").offset)?.name).toBe("liquidity");
    expect(rowAt(rows, row("log_index").offset + 1)?.depth).toBe(2);
  });

  it("tell values exactly and moments twice", () => {
    expect(valueText(row("liquidity"))).toBe("276192583796282817757323875909786430822");
    expect(valueText(row("pool"))).toBe("UNISWAP_V3 0x0102030405060708090a0b0c0d0e0f1011121314");
    expect(valueText(row("magic"))).toBe("0xdeadbeef");
    expect(plainText(row("liquidity"))).toBeNull();
    const moment = { ...row("venue_time_ns"), value: 1_704_437_087_000_000_001n };
    expect(plainText(moment)).toBe("2024-01-05 06:44:47.000000001 UTC");
    expect(plainText({ ...moment, value: 0n })).toBeNull();
    expect(plainText({ ...moment, value: 2n ** 64n - 1n })).toBe("2554-07-21 23:34:33.709551615 UTC");
    const price = { ...moment, unit: "quote per base at 10^-8", value: -1n };
    expect(plainText(price)).toBe("-0.00000001");
  });

  it("say what is absent or empty, and what a part means", () => {
    const absent = { ...row("tick"), value: null };
    expect(valueText(absent)).toBe("absent");
    expect(valueText({ ...absent, value: "" })).toBe("\u201c\u201d");
    expect(valueText({ ...absent, value: new Uint8Array() })).toBe("0x");
    expect(valueText({ ...absent, form: "list", count: 1 })).toBe("1 item");
    expect(meaningText({ ...absent, unit: "wei", text: "as in `Swap`" })).toBe("wei: as in Swap");
  });

  it("are bounded for a frame of many small TLVs", () => {
    const payload = Array.from({ length: 5000 }, () => [250, 1, 7]).flat();
    const frame = checked(Uint8Array.from([...new Uint8Array(32), ...payload]), 4);
    expect(rowsOf(inspect(frame).view).length).toBeLessThanOrEqual(1001);
    expect(inspect(frame).view.fault).toBeNull();
  });
});

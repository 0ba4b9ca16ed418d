/** The built page against a scripted daemon: states that are hard to reach with a real one. */
import { readFileSync } from "node:fs";
import { expect, test, type Page } from "@playwright/test";

import type { LiveFrame } from "../src/api/wire";
import { bytesOf } from "../src/wire/bytes";
import { inspectFrame } from "../src/wire/reader";
import { FakeDaemon, ORIGIN } from "./fake";
import { HOLD_MS, hold, holdTooShortly, pressInTurn } from "./hands";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";
import { halted, haltedTree, opportunities, report, status, streams, topics, wall } from "./fixtures/day";

/** Frames of the recorded day, as the daemon sent them. */
const frames = JSON.parse(readFileSync(new URL("./fixtures/frames.json", import.meta.url), "utf8")) as LiveFrame[];

const state = (page: Page) => page.getByTestId("state");
const stopButton = (page: Page) => page.locator("button.stop");
const banner = (page: Page) => page.locator(".banner");

async function open(page: Page, path = "/"): Promise<FakeDaemon> {
  const daemon = new FakeDaemon(page);
  await daemon.start(path);
  await expect(page.getByTestId("net")).toContainText("+4,250.84");
  return daemon;
}

test.describe("the landing page", () => {
  test("shows state, mode, source, money, prices, opportunities and tasks", async ({ page }) => {
    const daemon = await open(page);
    await expect(state(page)).toContainText("ACTIVE");
    await expect(page.locator(".chip")).toHaveText("PAPER");
    await expect(page.locator(".source")).toContainText("Recording uniswap_v3_day");
    await expect(page.locator(".clock")).toContainText("2024-01-05 07:14:59 UTC");
    await expect(page.locator(".legend")).toContainText("2,264.42");
    await expect(page.locator(".lesson")).toContainText("With one block of delay");
    await expect(page.locator("table.wide tbody tr")).toHaveCount(14);
    await expect(page.locator("table.wide tbody tr").nth(4)).toContainText("net \u22126.53 below 25.00");
    await expect(page.locator("table.wide tbody tr").nth(1)).toContainText("Tradedas expected");
    await expect(page.getByRole("treeitem")).toHaveCount(11);
    await expect(page.locator(".foot")).toContainText("config a41f03c79c02");
    await expect(page).toHaveTitle("ACTIVE \u00b7 PAPER \u00b7 +4,250.84 \u00b7 AlphaPulse");
    daemon.expectClean();
  });

  test("shows every digit, the path and the gate check of an opportunity", async ({ page }) => {
    const daemon = await open(page);
    await page.locator("table.wide tbody tr", { hasText: "#116" }).click();
    const drawer = page.getByRole("dialog");
    await expect(drawer).toContainText("9182.500417 USDC");
    await expect(drawer).toContainText("0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8");
    await expect(drawer).toContainText("25.000000 USDC");
    await expect(page).toHaveURL(/opportunity=1-22/);
    await expect(stopButton(page)).toBeInViewport();
    await page.keyboard.press("Escape");
    await expect(page).not.toHaveURL(/opportunity/);
    daemon.expectClean();
  });

  test("adds new opportunities on top, but not under the pointer", async ({ page }) => {
    const daemon = await open(page);
    const [first] = opportunities;
    if (first === undefined) throw new Error("the fixture has no opportunity");
    const more = { ...topics.opportunities, opportunities: [{ ...first, id: "1-27", log_index: 99 }, ...opportunities] };
    await page.locator("table.wide tbody tr").first().hover();
    daemon.put("opportunities", more);
    await expect(page.getByRole("button", { name: "1 newer" })).toBeVisible();
    await expect(page.locator("table.wide tbody tr").first()).toContainText("#40");
    await page.mouse.move(5, 5);
    await expect(page.locator("table.wide tbody tr").first()).toContainText("#99");
  });

  test("says what is missing and never shows it as zero", async ({ page }) => {
    const daemon = new FakeDaemon(page);
    daemon.topics = {
      status: { ...status, clock: null, source: null, streams: [] },
      pnl: { ...topics.pnl, tokens: [] },
      pairs: { pairs: [{ ...pairWithoutPoints() }] },
      opportunities: { opportunities: [{ ...withoutGas() }], counts: { ...topics.opportunities.counts, found: 1 } },
    };
    await daemon.start();
    await expect(page.locator(".profit")).toContainText("Nothing traded today.");
    await expect(page.locator(".price")).toContainText("No swap in either pool yet.");
    await expect(page.locator(".positions")).toContainText("Not received from the daemon yet.");
    await expect(page.locator(".tree")).toContainText("Not received from the daemon yet.");
    const row = page.locator("table.wide tbody tr").first();
    await expect(row.getByTitle("The gas could not be valued in this token.").first()).toBeVisible();
    await expect(row).not.toContainText("0.00");
    daemon.expectClean();
  });

  test("reads the chart by arrow keys", async ({ page }) => {
    await open(page);
    const scrub = page.getByRole("slider", { name: "State under the cursor" });
    await scrub.focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await expect(scrub).toHaveAttribute("aria-valuetext", /^07:1\d:\d\d UTC, block 18,939,\d{3}, log \d+, 0\.05% 2,26/);
    await page.getByText("Show as table").click();
    await expect(page.getByRole("region", { name: "The last 200 states" }).getByRole("row")).toHaveCount(201);
  });
});

function pairWithoutPoints() {
  const [pair] = topics.pairs.pairs;
  if (pair === undefined) throw new Error("the fixture has no pair");
  return { ...pair, gap_bps: null, points: [] };
}

function withoutGas() {
  const [first] = opportunities;
  if (first === undefined) throw new Error("the fixture has no opportunity");
  return { ...first, gas: null, net: null };
}

test.describe("stopping", () => {
  test("does nothing when let go early", async ({ page }) => {
    const daemon = await open(page);
    await holdTooShortly(page);
    await expect(page.locator(".stop-hint")).toHaveText("Hold for one second to stop.");
    await page.waitForTimeout(1000);
    expect(daemon.kills).toHaveLength(0);
    await expect(state(page)).toContainText("ACTIVE");
  });

  test("is HALTED only when the daemon said so, by one request with a key", async ({ page }) => {
    const daemon = await open(page);
    daemon.onKill = () => ({ status: 200, body: report });
    await hold(page);
    await expect.poll(() => daemon.kills.length).toBe(1);
    expect(daemon.kills[0]?.headers()["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
    expect(daemon.kills[0]?.postDataJSON()).toEqual({ scope: "global", reason: "Stopped from the dashboard." });
    await expect(state(page)).not.toContainText("HALTED");
    daemon.status({ ...halted, server_time: wall(60_000) });
    daemon.put("tree", haltedTree);
    await expect(page.getByRole("treeitem", { name: "engine" }).last()).toContainText("cancelledby halt 7");
    await expect(state(page)).toContainText("HALTED");
    await expect(banner(page)).toContainText("HALTED. Nothing is being traded.");
    await expect(banner(page)).toContainText("Gate closed0.031 ms");
    await expect(banner(page)).toContainText('alphapulse resume --reason "\u2026"');
    await expect(stopButton(page)).toContainText("Stop again");
    await expect(page).toHaveTitle(/^HALTED/);
    daemon.expectClean();
  });

  test("repeats with the same key and tells the other ways when nothing answers", async ({ page }) => {
    const daemon = await open(page);
    daemon.onKill = () => "no answer";
    await hold(page);
    await expect(state(page)).toContainText("STOPPING");
    await expect(banner(page)).toContainText("No answer yet. Treat it as still trading.");
    await expect(banner(page)).toContainText("kill -USR1 4711");
    await expect.poll(() => daemon.kills.length).toBeGreaterThanOrEqual(3);
    expect(new Set(daemon.kills.map((request) => request.headers()["idempotency-key"])).size).toBe(1);
    daemon.onKill = () => ({ status: 200, body: report });
    daemon.topics.status = { ...halted, server_time: wall(60_000) };
    await expect(state(page)).toContainText("HALTED");
  });

  test("works with the socket cut and keeps what the daemon answered", async ({ page }) => {
    const daemon = await open(page);
    daemon.sockets = false;
    await daemon.dropSocket();
    await expect(state(page)).toContainText("UNKNOWN");
    daemon.onKill = () => ({ status: 200, body: report });
    daemon.topics.status = { ...halted, server_time: wall(60_000) };
    await hold(page);
    await expect(state(page)).toContainText("was HALTED at");
    await expect(banner(page)).toContainText("only a person can resume");
  });

  test("stays pending over a log-in in place", async ({ page }) => {
    const daemon = await open(page);
    daemon.onKill = () => (daemon.session === 200 ? { status: 200, body: report } : { status: 401 });
    daemon.session = 401;
    await daemon.dropSocket();
    await expect(banner(page)).toContainText("Your session ended. The page shows data as of");
    await hold(page);
    await expect(banner(page)).toContainText("Your session ended before the stop was sent.");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("One-time code").fill("right");
    await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
    await expect.poll(() => daemon.kills.length).toBe(2);
    const keys = daemon.kills.map((request) => request.headers()["idempotency-key"]);
    expect(keys[0]).toBe(keys[1]);
  });

  test("is told loudly when it was refused", async ({ page }) => {
    const daemon = await open(page);
    const message = "your role (viewer) may not stop";
    daemon.onKill = () => ({
      status: 403,
      body: { error: { code: "forbidden", message, detail: null, request: "7f3a91c2" } },
    });
    await hold(page);
    await expect(banner(page)).toContainText("The daemon refused to stop.");
    await expect(banner(page)).toContainText(message);
  });

  test("works by holding Space or Enter, and by the chord from inside a field", async ({ page }) => {
    const daemon = await open(page);
    daemon.onKill = () => ({ status: 200, body: report });
    await stopButton(page).focus();
    for (const key of ["Space", "Enter"]) {
      await page.keyboard.down(key);
      await page.waitForTimeout(HOLD_MS);
      await page.keyboard.up(key);
    }
    await expect.poll(() => daemon.kills.length).toBe(2);
    await page.getByRole("slider").focus();
    await page.keyboard.down("Alt");
    await page.keyboard.down("Shift");
    await page.keyboard.down("KeyS");
    await page.waitForTimeout(HOLD_MS);
    await page.keyboard.up("KeyS");
    await expect.poll(() => daemon.kills.length).toBe(3);
  });

  test("is called off by Escape", async ({ page }) => {
    const daemon = await open(page);
    await stopButton(page).hover();
    await Promise.all([page.mouse.down(), page.keyboard.press("Escape")]);
    await page.locator("body").press("Escape");
    await page.waitForTimeout(1000);
    await page.mouse.up();
    expect(daemon.kills).toHaveLength(0);
  });

  test("asks first when clicked without a hold", async ({ page }) => {
    const daemon = await open(page);
    daemon.onKill = () => ({ status: 200, body: report });
    await stopButton(page).evaluate((button: HTMLElement) => button.click());
    const now = page.getByRole("button", { name: "Stop now" });
    await expect(now).toBeFocused();
    await now.click();
    await expect.poll(() => daemon.kills.length).toBe(1);
  });

  test("works while a dialog is open", async ({ page }) => {
    const daemon = await open(page);
    daemon.onKill = () => ({ status: 200, body: report });
    await page.locator("table.wide tbody tr").first().click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await hold(page);
    await expect.poll(() => daemon.kills.length).toBe(1);
  });
});

test.describe("honesty", () => {
  test("a daemon that falls silent is UNKNOWN, and known again when it speaks", async ({ page }) => {
    const daemon = await open(page);
    await daemon.cut();
    await expect(state(page)).toContainText("UNKNOWN");
    await expect(state(page)).toContainText("was ACTIVE at");
    await expect(banner(page)).toContainText("What you see is as of");
    await expect(banner(page)).toContainText("The daemon may still be trading.");
    await expect(page.locator(".tile-state").first()).toHaveText("unknown");
    await expect(page).toHaveTitle(/^UNKNOWN/);
    daemon.reachable = true;
    await page.getByRole("button", { name: "Retry now" }).click();
    await expect(state(page)).toContainText("ACTIVE");
    await expect(banner(page)).toHaveCount(0);
    daemon.expectClean();
  });

  test("a hole in the sequence takes a new snapshot", async ({ page }) => {
    const daemon = await open(page);
    daemon.topics.status = { ...status, by: "operator 2" };
    daemon.skip();
    daemon.put("status", { ...status, by: "nobody" });
    await expect(state(page)).toContainText("by operator 2");
  });

  test("a stale stream has its banner", async ({ page }) => {
    const daemon = await open(page);
    const stale = streams.map((one) => (one.id === "logs" ? { ...one, state: "stale" as const, age_ns: "74000000000" } : one));
    daemon.status({ ...status, streams: stale });
    await expect(banner(page)).toContainText("Stale: Ethereum logs, last event 74 s ago, limit 60 s.");
    await expect(page.locator('.tile[data-state="stale"]')).toHaveCount(1);
  });

  test("a page that was cut off says so", async ({ page }) => {
    const daemon = await open(page);
    await daemon.dropSocket(1013);
    await expect(page.getByText("This page was too slow and was cut off at")).toBeVisible();
  });

  test("live money cannot be mistaken for paper", async ({ page }) => {
    const daemon = await open(page);
    daemon.status({ ...status, mode: "live", source: null });
    await expect(page.locator(".chip")).toHaveText("LIVE");
    await expect(page).toHaveTitle(/^LIVE/);
    await expect(page.locator(".profit .meta")).toContainText("live");
  });
});

test.describe("logging in", () => {
  test("takes the code out of the address", async ({ page }) => {
    const daemon = new FakeDaemon(page);
    daemon.session = 401;
    await daemon.start("/#code=right");
    await expect(state(page)).toContainText("ACTIVE");
    expect(page.url()).toBe(`${ORIGIN}/`);
    daemon.expectClean();
  });

  test("says what is wrong with a code and how to get a fresh one", async ({ page }) => {
    const daemon = new FakeDaemon(page);
    daemon.session = 401;
    await daemon.start("/#code=used");
    await expect(page.getByText("This code is wrong, was used already, or is too old.")).toBeVisible();
    await expect(page.getByText("alphapulse login", { exact: true })).toBeVisible();
    expect(page.url()).toBe(`${ORIGIN}/`);
    await page.getByLabel("One-time code").fill("right");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(state(page)).toContainText("ACTIVE");
    daemon.expectClean();
  });
});

for (const scheme of ["dark", "light"] as const) {
  test.describe(`in the ${scheme} theme`, () => {
    test.use({ colorScheme: scheme, contextOptions: { reducedMotion: "reduce" } });

    for (const width of [1440, 1280, 1024, 390, 320]) {
      test(`fits ${width} px in each state, without violations`, async ({ page }) => {
        await page.setViewportSize({ width, height: 900 });
        const daemon = await open(page);
        await expectWellMade(page, "active");
        daemon.status(halted);
        await expect(banner(page)).toBeVisible();
        await expectWellMade(page, "halted");
        await page.locator(width <= 760 ? ".two-lines" : ".row-button").first().click();
        await expect(page.getByRole("dialog")).toBeVisible();
        await expectWellMade(page, "details");
        await page.keyboard.press("Escape");
        await daemon.cut();
        await expect(state(page)).toContainText("UNKNOWN");
        await expectWellMade(page, "disconnected");
        daemon.expectClean();
      });
    }

    test("has an accessible log-in page and stop dialog", async ({ page }) => {
      const daemon = new FakeDaemon(page);
      daemon.session = 401;
      await daemon.start("/#code=used");
      await expect(page.getByLabel("One-time code")).toBeVisible();
      await expectWellMade(page, "log-in");
      await page.getByLabel("One-time code").fill("right");
      await page.keyboard.press("Enter");
      await stopButton(page).evaluate((button: HTMLElement) => button.click());
      await expect(page.getByRole("dialog")).toBeVisible();
      await expectWellMade(page, "stop dialog");
      daemon.expectClean();
    });
  });
}

for (const scheme of ["dark", "light"] as const) {
  test.describe(`the firehose in the ${scheme} theme`, () => {
    test.use({ colorScheme: scheme, contextOptions: { reducedMotion: "reduce" } });

    for (const width of [1440, 1280, 1024, 390, 320]) {
      test(`fits ${width} px, without violations`, async ({ page }) => {
        await page.setViewportSize({ width, height: 900 });
        const daemon = await openFirehose(page);
        await expectWellMade(page, "waiting");
        daemon.frames({ frames, skipped: 1203 });
        await frameRows(page).filter({ hasText: "ArbitrageSignal" }).first().click();
        await expect(page.locator(".frame")).toContainText("TLV 32 ArbitrageSignal");
        await expectWellMade(page, "a frame");
        await paste(page, damaged(hexOf("PoolSwap")));
        await expect(page.locator(".fault")).toBeVisible();
        await expectWellMade(page, "a damaged frame");
        daemon.expectClean();
      });
    }

    test("has an accessible list of keys", async ({ page }) => {
      const daemon = await openFirehose(page);
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog")).toBeVisible();
      await expectWellMade(page, "keys");
      daemon.expectClean();
    });
  });
}

test.describe("the firehose", () => {
  test("is asked for while its page is open, and again on each connection", async ({ page }) => {
    const daemon = await openFirehose(page);
    const subscribe = { type: "subscribe", topics: ["firehose"] };
    const unsubscribe = { type: "unsubscribe", topics: ["firehose"] };
    expect(daemon.requests).toEqual([subscribe]);
    await daemon.dropSocket();
    await expect.poll(() => daemon.requests).toEqual([subscribe, subscribe]);
    await page.getByRole("link", { name: "Overview" }).click();
    await expect(page.getByTestId("net")).toContainText("+4,250.84");
    await expect.poll(() => daemon.requests).toEqual([subscribe, subscribe, unsubscribe]);
    await page.goBack();
    await expect(page.getByRole("heading", { name: "Firehose" })).toBeVisible();
    await expect.poll(() => daemon.requests.length).toBe(4);
    daemon.expectClean();
  });

  test("shows frames with their bytes, fields and checksum, each marking the other", async ({ page }) => {
    const daemon = await openFirehose(page);
    daemon.frames({ frames, skipped: 56 });
    await expect(page.locator(".live .meta").first()).toHaveText(`${frames.length} received, 56 left out`);
    await frameRows(page).filter({ hasText: "PoolSwap" }).last().click();
    const card = page.locator(".frame");
    await expect(card).toContainText("Checksum right");
    await expect(card).toContainText("TLV 11 PoolSwap");
    await expect(card).toContainText("ETHEREUM 0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640");
    const liquidity = card.getByRole("row", { name: /^liquidity/ });
    await liquidity.hover();
    await expect(card.locator(".hex-byte[data-on]")).toHaveCount(16);
    await card.locator(".hex-byte").first().hover();
    await expect(card.locator("tr[data-on]")).toContainText("magic");
    await expect(card.locator(".hex-byte[data-on]")).toHaveCount(4);
    await page.mouse.move(2, 300);
    await expect(card.locator(".hex-byte[data-on]")).toHaveCount(0);
    await liquidity.getByRole("button").focus();
    await expect(card.locator(".hex-byte[data-on]")).toHaveCount(16);
    daemon.expectClean();
  });

  test("is filtered by domain, type and source, which are part of the address", async ({ page }) => {
    const daemon = await openFirehose(page);
    daemon.frames({ frames, skipped: 0 });
    const of = (domain: string) => frames.filter((frame) => frame.domain === domain).length;
    await page.getByLabel("Domain").selectOption("SIGNAL");
    await expect(frameRows(page)).toHaveCount(of("SIGNAL"));
    await expect(page).toHaveURL(/\/firehose\?domain=SIGNAL$/);
    await page.getByLabel("Domain").selectOption("");
    await page.getByLabel("Source", { exact: true }).selectOption("EXECUTION_RELAY");
    await expect(frameRows(page)).toHaveCount(of("EXECUTION"));
    await page.getByLabel("Type").selectOption("PoolSwap");
    await expect(page.getByText("No frame matches these filters.")).toBeVisible();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await expect(frameRows(page)).toHaveCount(frames.length);
    await expect(page).toHaveURL(/\/firehose$/);
    daemon.expectClean();
  });

  test("stands still under the pointer and while it is paused, and can be cleared", async ({ page }) => {
    const daemon = await openFirehose(page);
    const [first, ...others] = frames;
    if (first === undefined) throw new Error("the fixture has no frame");
    daemon.frames({ frames: [first], skipped: 0 });
    await frameRows(page).first().hover();
    daemon.frames({ frames: others.slice(0, 3), skipped: 0 });
    await expect(page.getByRole("button", { name: "3 newer" })).toBeVisible();
    await expect(frameRows(page)).toHaveCount(1);
    await page.mouse.move(2, 300);
    await expect(frameRows(page)).toHaveCount(4);
    await page.keyboard.press("Space");
    await expect(page.getByRole("button", { name: "Go on" })).toBeVisible();
    daemon.frames({ frames: others.slice(3, 5), skipped: 0 });
    await expect(page.getByRole("button", { name: "Paused, 2 newer" })).toBeVisible();
    await expect(frameRows(page)).toHaveCount(4);
    await page.keyboard.press("j");
    await expect(page.locator("tr[data-chosen]")).toHaveCount(1);
    await page.keyboard.press("Space");
    await expect(frameRows(page)).toHaveCount(6);
    await page.getByRole("button", { name: "Clear" }).first().click();
    await expect(frameRows(page)).toHaveCount(0);
    await expect(page.getByText("Waiting for the first frame.")).toBeVisible();
    daemon.expectClean();
  });

  test("decodes a pasted frame without a connection, and says what is wrong with one", async ({ page }) => {
    const daemon = await openFirehose(page);
    await daemon.cut();
    await expect(state(page)).toContainText("UNKNOWN");
    await expect(page.locator(".live")).toContainText("Not connected");
    const card = page.locator(".frame");
    const hex = hexOf("PoolSwap");
    await paste(page, `0x${(hex.match(/../g) ?? []).join(" ")}\n`);
    await expect(card).toContainText("Checksum right");
    await expect(card).toContainText("TLV 11 PoolSwap");
    await paste(page, damaged(hex));
    await expect(card).toContainText("Checksum wrong");
    await expect(card.locator(".fault")).toContainText("the bytes were damaged on their way");
    await expect(card).toContainText("TLV 11 PoolSwap");
    await paste(page, hex.slice(0, -20));
    await expect(card.locator(".fault")).toContainText("10 bytes are missing");
    await paste(page, "ef be g");
    await expect(page.getByText("\u201cg\u201d is no hex digit.")).toBeVisible();
    await stopButton(page).focus();
    await expect(stopButton(page)).toBeInViewport();
    daemon.expectClean();
  });

  test("is a key away, unless keys are switched off", async ({ page }) => {
    const daemon = await open(page);
    await pressInTurn(page, "g", "f");
    await expect(page).toHaveURL(`${ORIGIN}/firehose`);
    await expect(page.getByRole("link", { name: "Firehose" })).toHaveAttribute("aria-current", "page");
    await pressInTurn(page, "g", "h");
    await expect(page).toHaveURL(`${ORIGIN}/`);
    await page.keyboard.press("?");
    await page.getByLabel("Shortcuts by single keys").uncheck();
    await page.keyboard.press("Escape");
    await pressInTurn(page, "g", "f");
    await page.waitForTimeout(300);
    await expect(page).toHaveURL(`${ORIGIN}/`);
    daemon.expectClean();
  });

  test("stops from its page too", async ({ page }) => {
    const daemon = await openFirehose(page);
    daemon.onKill = () => ({ status: 200, body: report });
    await hold(page);
    await expect.poll(() => daemon.kills.length).toBe(1);
    daemon.status({ ...halted, server_time: wall(60_000) });
    await expect(banner(page)).toContainText("HALTED. Nothing is being traded.");
  });

  test("an address without a page says so", async ({ page }) => {
    const daemon = new FakeDaemon(page);
    await daemon.start("/nowhere");
    await expect(page.getByRole("heading", { name: "There is no page at this address." })).toBeVisible();
    await page.getByRole("main").getByRole("link", { name: "Overview" }).click();
    await expect(page.getByTestId("net")).toContainText("+4,250.84");
    daemon.expectClean();
  });
});

const frameRows = (page: Page) => page.locator(".live-list tbody tr");

async function openFirehose(page: Page): Promise<FakeDaemon> {
  const daemon = new FakeDaemon(page);
  await daemon.start("/firehose");
  await expect(page.getByText("Waiting for the first frame.")).toBeVisible();
  await expect.poll(() => daemon.requests.length).toBe(1);
  return daemon;
}

async function paste(page: Page, text: string): Promise<void> {
  await page.getByLabel("Hex text; spaces, line breaks and 0x are left out").fill(text);
}

/** The frame of the fixture with a message of that type. */
function hexOf(type: string): string {
  const frame = frames.find(({ hex }) => inspectFrame(bytesOf(hex) ?? new Uint8Array()).tlvs[0]?.name === type);
  if (frame === undefined) throw new Error(`the fixture has no ${type}`);
  return frame.hex;
}

/** One bit of the last byte flipped. */
function damaged(hex: string): string {
  return `${hex.slice(0, -1)}${(parseInt(hex.slice(-1), 16) ^ 1).toString(16)}`;
}

async function expectWellMade(page: Page, where: string): Promise<void> {
  await expectAccessible(page, where);
  await expectNoSidewaysScroll(page);
  await expect(stopButton(page).or(page.getByLabel("One-time code")).first()).toBeInViewport();
}

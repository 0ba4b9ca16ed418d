/**
 * The real daemon and the built page: log in, first opportunity, hold to stop, HALTED, restart, still HALTED, resume,
 * ACTIVE.
 */
import { expect, test } from "@playwright/test";

import { Daemon, freePort, HOURS_A_SECOND } from "./daemon";
import { hold, holdTooShortly } from "./hands";
import { expectAccessible } from "./layout";

test("log in, see the first opportunity, stop, restart, resume", async ({ page }) => {
  test.setTimeout(600_000);
  const problems: string[] = [];
  let expectErrors = false;
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !expectErrors) problems.push(message.text());
  });
  const daemon = new Daemon();
  const state = page.getByTestId("state");
  const banner = page.locator(".banner");
  try {
    daemon.configure(await freePort(), HOURS_A_SECOND);
    await page.goto(await daemon.start());
    await expect(state).toContainText("ACTIVE");
    expect(page.url()).not.toContain("code");
    await expect(page.locator(".chip")).toHaveText("PAPER");
    await expect(page.locator("table.wide tbody tr").first()).toBeVisible();
    await expectAccessible(page);

    await holdTooShortly(page);
    await expect(page.locator(".stop-hint")).toHaveText("Hold for one second to stop.");
    await expect(state).toContainText("ACTIVE");

    await hold(page);
    await expect(state).toContainText("HALTED");
    await expect(banner).toContainText("HALTED. Nothing is being traded.");
    await expect(banner).toContainText("from the dashboard");
    await expect(banner.locator(".report dd").first()).toHaveText(/\d ms$/);

    expectErrors = true; // the socket is refused while nobody listens
    await daemon.stop();
    await expect(state).toContainText("UNKNOWN");
    await expect(state).toContainText("was HALTED");
    const address = await daemon.start();
    await page.goto("about:blank");
    await page.goto(address);
    expectErrors = false;
    await expect(state).toContainText("HALTED");
    await expect(banner).toContainText("HALTED. Nothing is being traded.");

    const typed = ["--phrase", "resume all trading after halt 1"];
    await daemon.command("resume", "--reason", "the end-to-end test looked at it", ...typed);
    await expect(state).toContainText("PROBATION"); // limits at 10% for a while
    await expect(banner).toContainText("On probation");
    expect(problems).toEqual([]);
  } finally {
    await daemon.remove();
  }
});

test("watch the frames of the relays", async ({ page }) => {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  const daemon = new Daemon();
  try {
    daemon.configure(await freePort());
    await page.goto(await daemon.start());
    await expect(page.getByTestId("state")).toContainText("ACTIVE");
    await page.getByRole("link", { name: "Firehose" }).click();
    const swap = page.locator(".live-list tbody tr").filter({ hasText: "PoolSwap" }).first();
    await expect(swap).toBeVisible();
    await page.keyboard.press("Space");
    await expect(page.getByRole("button", { name: "Go on" })).toBeVisible();
    await swap.click();
    const frame = page.locator(".frame");
    await expect(frame).toContainText("Checksum right");
    await expect(frame).toContainText("TLV 11 PoolSwap");
    await expect(frame.locator(".fault")).toHaveCount(0);
    await expect(frame.getByRole("row", { name: /^source/ })).toContainText("MARKET_DATA_RELAY");
    await expect(frame.getByRole("row", { name: /^venue_time_ns/ })).toContainText("2024-01-05 0");
    await expect(frame.getByRole("row", { name: /^sqrt_price_x96/ })).toContainText(/1\d{33}/);
    await expectAccessible(page);
    await page.reload();
    await expect(page.getByRole("heading", { name: "Firehose" })).toBeVisible();
    await expect(swap).toBeVisible();
    expect(problems).toEqual([]);
  } finally {
    await daemon.remove();
  }
});

/** The page of relays: what is known, what is not, and what a hub within one process shows of itself. */
import { expect, test } from "@playwright/test";

import { withDaemon } from "./daemon";
import { FakeDaemon } from "./fake";
import { relays } from "./fixtures/relays";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

test("shows links, rates, rings, gaps and consumers, and what is not known as unknown", async ({ page }) => {
  const daemon = new FakeDaemon(page);
  daemon.asked = { relays };
  await daemon.start("/relays");
  const cards = page.locator(".relay-card");
  await expect(cards).toHaveCount(3);
  const [market, signals, execution] = [cards.nth(0), cards.nth(1), cards.nth(2)];
  await expect(market).toContainText("GAP");
  await expect(market).toContainText("412.6/s");
  await expect(market).toContainText("3 found, 2 closed");
  await expect(market).toContainText("65,536 messages, 12,800 KiB");
  const strategy = market.getByRole("row").filter({ hasText: "strategy" });
  await expect(strategy).toContainText("SLOW");
  await expect(strategy).toContainText("33,004");
  await expect(strategy.getByText("212")).toBeVisible();
  await expect(signals).toContainText("LOST");
  await expect(signals.getByTitle("The relay has not told this.").first()).toBeVisible();
  await expect(signals.getByRole("row").filter({ hasText: "strategy" })).not.toContainText("OK");
  await expect(signals.getByTitle(/nobody here knows how this consumer is/)).toBeVisible();
  await expect(execution).toContainText("Here");
  await expect(execution.getByTitle("It runs in this process: there is no link to it.")).toBeVisible();
  await expect(execution.getByRole("row").filter({ hasText: "control lane" })).toHaveCount(1);
  expect(daemon.requests).toContainEqual({ type: "subscribe", topics: ["relays"] });
  await page.getByRole("link", { name: "Overview" }).click();
  await expect.poll(() => daemon.requests.at(-1)).toEqual({ type: "unsubscribe", topics: ["relays"] });
  daemon.expectClean();
});

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 390]) {
    test(`is accessible and fits, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const daemon = new FakeDaemon(page);
      daemon.asked = { relays };
      await daemon.start("/relays");
      await expect(page.locator(".relay-card")).toHaveCount(3);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await expect(page.locator("button.stop")).toBeInViewport();
      await page.screenshot({ path: `test-results/relays-${scheme}-${width}.png`, fullPage: true });
      daemon.expectClean();
    });
  }
}

test("of the real daemon: three hubs, their consumers, and rates that come by themselves", async ({ page }) => {
  await withDaemon(page, async () => {
    await page.getByRole("link", { name: "Relays" }).click();
    const market = page.locator(".relay-card").first();
    await expect(market).toContainText("within this process");
    await expect(market.getByRole("row").filter({ hasText: "flash_arbitrage" })).toContainText("this process");
    await expect(market).toContainText(/\d\/s/);
    await expect(market.getByTitle(/keeps no ring/).first()).toBeVisible();
    await expect(page.locator(".relay-card").nth(2).getByRole("row").filter({ hasText: "portfolio" })).toBeVisible();
    await expectAccessible(page);
    await page.screenshot({ path: "test-results/relays-real.png", fullPage: true });
  });
});

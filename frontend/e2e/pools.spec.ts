/** The page of pools and the freshness of chains: what is known, since when, and what is in quarantine. */
import { expect, test } from "@playwright/test";

import { withDaemon } from "./daemon";
import { FakeDaemon } from "./fake";
import { chain, wall } from "./fixtures/day";
import { detail, detailWithTicks, divergent, polygon, pools, proven } from "./fixtures/pools";
import { pressInTurn } from "./hands";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

function scripted(page: ConstructorParameters<typeof FakeDaemon>[0]): FakeDaemon {
  const daemon = new FakeDaemon(page);
  daemon.asked = { pools };
  daemon.topics.chains = { chains: [polygon] };
  daemon.answers.set(`GET /pools/${divergent.id}`, () => ({ status: 200, body: detail }));
  daemon.answers.set(`GET /pools/${proven.id}`, () => ({ status: 200, body: detailWithTicks }));
  return daemon;
}

test("shows quarantined pools first, filters, sorts, and opens one by keys alone", async ({ page }) => {
  const daemon = scripted(page);
  await daemon.start("/pools");
  const rows = page.getByRole("table", { name: "Pools" }).locator("tbody tr");
  await expect(rows).toHaveCount(100);
  await expect(rows.first()).toContainText("Broken pair");
  await expect(rows.first()).toContainText("Quarantined");
  await page.getByRole("button", { name: "Show 43 more" }).click();
  await expect(rows).toHaveCount(143);
  await page.keyboard.press("/");
  await page.keyboard.type("pool");
  await expect(rows).toHaveCount(2);
  await expect(page).toHaveURL(/text=pool/);
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Price", exact: true }).click();
  await expect(page.getByRole("columnheader", { name: "Price" })).toHaveAttribute("aria-sort", "ascending");
  await expect(rows.last().getByTitle("Its state is not known yet.")).toBeVisible();
  await page.keyboard.press("j");
  await expect(page.getByRole("button", { name: "Deep pool" })).toBeFocused();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog");
  await expect(drawer).toContainText("412 initialised ticks");
  await expect(drawer.getByRole("row")).toHaveCount(3);
  await expectAccessible(page, "drawer");
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await page.getByRole("combobox", { name: "Trust" }).selectOption("divergent");
  await expect(page.getByText("No pool matches these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("button", { name: "Broken pair" }).click();
  await expect(drawer).toContainText("reserve0 is 1534147509 here and 1534147510 on the chain");
  await expect(drawer).toContainText("A pool of this kind has no ticks.");
  daemon.expectClean();
});

test("a pool that changes is changed in its row alone", async ({ page }) => {
  const daemon = scripted(page);
  await daemon.start("/pools?text=broken");
  const row = page.getByRole("row").filter({ hasText: "Broken pair" });
  await expect(row).toContainText("Quarantined");
  daemon.send({
    type: "delta",
    topic: "pools",
    op: "change",
    data: { pools: [{ ...divergent, trust: "proven", trust_reason: "proved anew", events: 98 }] },
  });
  await expect(row).toContainText("Proven");
  await expect(row).toContainText("98");
  await page.getByRole("link", { name: "Overview" }).click();
  await expect.poll(() => daemon.requests.at(-1)).toEqual({ type: "unsubscribe", topics: ["pools"] });
  daemon.expectClean();
});

test("the strip counts up by itself and turns loud when no block comes", async ({ page }) => {
  const daemon = scripted(page);
  daemon.topics.chains = { chains: [{ ...polygon, limit_ns: "10000000000" }] };
  await daemon.start();
  const tile = page.locator(".chain-tile");
  await expect(tile).toHaveAttribute("data-state", "fresh");
  await expect(tile).toContainText("block 61,000,004");
  await expect(tile).toContainText("received after 0.6 s");
  await expect(tile).toContainText("by publicnode");
  await expect(tile).toContainText("2 blocks were taken back");
  await expect(tile).toHaveAttribute("data-state", "stale");
  daemon.put("chains", { chains: [{ ...polygon, block_time: wall(60_000), head: null }] });
  await expect(tile).toHaveAttribute("data-state", "fresh");
  daemon.put("chains", { chains: [{ ...polygon, state: "gap", note: "the stream polygon is gap: 3 blocks are missing" }] });
  await expect(tile).toContainText("3 blocks are missing");
  await tile.getByRole("link", { name: "1 quarantined" }).click();
  await expect(page.getByRole("row").filter({ hasText: "Broken pair" })).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Trust" })).toHaveValue("divergent");
  daemon.expectClean();
});

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 390]) {
    test(`is accessible and fits, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const daemon = scripted(page);
      daemon.asked = { pools: { pools: pools.pools.slice(0, 6), total: 6 } };
      daemon.topics.chains = { chains: [polygon, { ...chain, state: "gap", note: "3 blocks are missing" }] };
      await daemon.start("/pools");
      await expect(page.getByRole("row").filter({ hasText: "Broken pair" })).toBeVisible();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await expect(page.locator("button.stop")).toBeInViewport();
      await page.screenshot({ path: `test-results/pools-${scheme}-${width}.png` });
      await page.getByRole("button", { name: "Broken pair" }).click();
      await expect(page.getByRole("dialog")).toContainText("Why");
      await page.screenshot({ path: `test-results/pool-${scheme}-${width}.png` });
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Overview" }).click();
      await expect(page.locator(".chain-tile")).toHaveCount(2);
      await expectAccessible(page, "strip");
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: `test-results/strip-${scheme}-${width}.png` });
      daemon.expectClean();
    });
  }
}

test("of the real daemon: two pools with their prices, and a chain whose blocks come", async ({ page }) => {
  await withDaemon(page, async () => {
    await expect(page.locator(".chain-tile")).toContainText(/since block [\d,]+/);
    await expect(page.locator(".chain-tile")).toContainText("2 in range");
    await pressInTurn(page, "g", "p");
    const rows = page.getByRole("table", { name: "Pools" }).locator("tbody tr");
    await expect(rows).toHaveCount(2);
    await expect(rows.first()).toContainText("In range");
    await expect(rows.first()).toContainText("USDC/WETH");
    await rows.first().getByRole("button").click();
    await expect(page.getByRole("dialog")).toContainText("The ticks of this pool are not known.");
    await expectAccessible(page);
    await page.screenshot({ path: "test-results/pools-real.png" });
  });
});

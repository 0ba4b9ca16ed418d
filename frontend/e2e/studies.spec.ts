/** The pages of opportunities and of sweeps: by stage, in every digit, page by page; and a sweep with its plot. */
import { expect, test } from "@playwright/test";

import { HOURS_A_SECOND, withDaemon } from "./daemon";
import { FakeDaemon } from "./fake";
import { analytics, pageOf, sweep, whyNot } from "./fixtures/studies";
import { pressInTurn } from "./hands";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

function studied(daemon: FakeDaemon): FakeDaemon {
  daemon.asked = { why_not: whyNot };
  daemon.answers.set("GET /analytics", () => ({ status: 200, body: analytics }));
  daemon.answers.set("GET /opportunities", (request) => ({ status: 200, body: pageOf(request.url()) }));
  daemon.answers.set("GET /sweeps", () => ({ status: 200, body: { sweeps: [sweep.summary], unreadable: ["half.sweep.jsonl"] } }));
  daemon.answers.set(`GET /sweeps/${sweep.summary.name}`, () => ({ status: 200, body: sweep }));
  return daemon;
}

test("filters by stage with the keys, shows every digit, and goes back page by page", async ({ page }) => {
  const daemon = studied(new FakeDaemon(page));
  await daemon.start("/");
  await pressInTurn(page, "g", "o");
  const list = page.getByRole("table", { name: "Why it was not traded" });
  await expect(list.getByRole("row")).toHaveCount(3);
  await expect(list).toContainText("flash fee and gas cost more than the gap brings");
  await expect(page.getByText("290 older ones were forgotten")).toBeVisible();
  await page.getByRole("radio", { name: /All gaps/ }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: /State/ })).toBeChecked();
  await expect(page.getByText("Nothing ended here since the strategy began.")).toBeVisible();
  await page.getByRole("radio", { name: /Costs/ }).check();
  await expect(page.getByText("The profit does not cover flash fee and gas.")).toBeVisible();
  await expect(list.getByRole("row")).toHaveCount(2);
  await page.getByRole("button", { name: /Details of c412/ }).press("Enter");
  const drawer = page.getByRole("dialog");
  await expect(drawer).toContainText("21718.627455 USDC");
  await expect(drawer).toContainText("sells WETH, buys USDC");
  await expect(drawer).toContainText("-11068987 raw USDC, limit 0 raw USDC");
  await expectAccessible(page, "drawer");
  await page.screenshot({ path: "test-results/opportunities-drawer.png" });
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Show older" }).click();
  await expect(list).toContainText("18,939,300");
  await page.getByRole("button", { name: "Show the newest" }).click();
  await expect(list).toContainText("18,939,405");
  await page.getByRole("radio", { name: /Gate/ }).check();
  await expect(list).toContainText("gap already traded");
  await page.getByRole("radio", { name: "Path" }).check();
  await expect(page.getByRole("table", { name: "What became of the gaps" })).toContainText("USDC/WETH 0.30% > USDC/WETH 0.05%");
  await expect(page.getByText("who opened it")).toBeVisible();
  daemon.expectClean();
});

test("says so where the strategy is elsewhere and nothing is known", async ({ page }) => {
  const daemon = studied(new FakeDaemon(page));
  daemon.asked = { why_not: { candidates: [], stages: [], forgotten: 0, kept_here: false } };
  daemon.answers.set("GET /analytics", () => ({ status: 503 }));
  await daemon.start("/opportunities");
  await expect(page.getByText("The strategy runs in another process")).toBeVisible();
  await expect(page.getByText(/The list could not be read: log in/)).toBeVisible();
  daemon.expectClean();
});

test("a sweep shows its plot, its table, the best of the fitted, and what went wrong", async ({ page }) => {
  const daemon = studied(new FakeDaemon(page));
  await daemon.start("/opportunities");
  await page.getByRole("link", { name: "Sweeps" }).click();
  const table = page.getByRole("table", { name: "Combinations" });
  await expect(table.getByRole("row").filter({ hasText: "best of the fitted" })).toContainText("1,008.55");
  await expect(page.getByText(/fitted on 2024-01-05T00:00Z.*tested out of sample/).first()).toBeVisible();
  await expect(page.getByText("half.sweep.jsonl")).toBeVisible();
  await expect(page.getByText("the disk is full")).toBeVisible();
  const bars = page.getByRole("list", { name: /Net in USDC/ }).locator("i");
  await expect(bars).toHaveCount(8);
  const widths = await bars.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
  expect(widths[1]).toBeGreaterThan((widths[0] ?? 0) * 3);
  daemon.expectClean();
});

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 390]) {
    test(`is accessible and fits, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const daemon = studied(new FakeDaemon(page));
      for (const name of ["opportunities", "sweeps"]) {
        if (name === "opportunities") await daemon.start("/opportunities");
        else await page.getByRole("link", { name: "Sweeps" }).click();
        await expect(page.getByRole("table").nth(1)).toBeVisible();
        await expectAccessible(page, name);
        await expectNoSidewaysScroll(page);
        await expect(page.locator("button.stop")).toBeInViewport();
        await page.screenshot({ path: `test-results/${name}-${scheme}-${width}.png`, fullPage: true });
      }
      daemon.expectClean();
    });
  }
}

test("of the real daemon: counts by stage, refusals of the gate, and who closed the gaps", async ({ page }) => {
  await withDaemon(page, async () => {
    await page.getByRole("link", { name: "Opportunities" }).click();
    await expect(page.getByRole("radio", { name: /Signalled \d/ })).toBeVisible();
    await page.getByRole("radio", { name: /Signalled/ }).check();
    await expect(page.getByRole("table", { name: "Why it was not traded" })).toBeVisible();
    await expect(page.getByRole("table", { name: "Who closed the newest gaps" })).toContainText(/0x[0-9a-f]{64}/);
    await page.screenshot({ path: "test-results/opportunities-real.png", fullPage: true });
  }, HOURS_A_SECOND);
});

/** The page of tasks: the live tree, and an operator's hand on it. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test, type Page } from "@playwright/test";

import { withDaemon } from "./daemon";
import { FakeDaemon } from "./fake";
import { haltedTree } from "./fixtures/day";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

async function open(page: Page, role: FakeDaemon["role"] = "operator"): Promise<FakeDaemon> {
  const daemon = new FakeDaemon(page);
  daemon.role = role;
  await daemon.start("/system");
  await expect(page.getByRole("tree")).toBeVisible();
  return daemon;
}

const task = (page: Page, name: string) => page.locator(".task-row").filter({ hasText: name }).first();
const card = (page: Page) => page.locator(".task-card");

test("shows each task with its state, and the chosen one in full, by pointer and by arrow keys", async ({ page }) => {
  const daemon = await open(page);
  await expect(page.getByRole("treeitem")).toHaveCount(11);
  await task(page, "engine").click();
  await expect(card(page).getByRole("heading")).toHaveText("engine");
  await expect(card(page)).toContainText("alphapulsed/decisions/engine");
  await expect(card(page)).toContainText("running");
  await expect(page.getByRole("treeitem", { selected: true })).toHaveCount(1);
  await page.keyboard.press("ArrowUp");
  await expect(card(page).getByRole("heading")).toHaveText("strategies / flash_arbitrage");
  daemon.put("tree", haltedTree);
  await expect(card(page)).toContainText("cancelled");
  daemon.expectClean();
});

test("moves a task with a reason, and says what the daemon refuses", async ({ page }) => {
  const daemon = await open(page);
  const refused = { code: "not_allowed", message: "expected a task that may be stopped, found it guards", detail: null, request: "7f" };
  let status = 409;
  daemon.answers.set("POST /tree/stop", () => ({ status, body: status === 409 ? { error: refused } : daemon.topics.tree }));
  await task(page, "engine").click();
  await page.getByRole("button", { name: "Stop engine" }).click();
  const dialog = page.getByRole("dialog", { name: "Stop engine?" });
  await dialog.getByLabel("Reason, kept in the audit log").fill("a drill");
  await dialog.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("found it guards");
  status = 200;
  await dialog.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(dialog).toHaveCount(0);
  expect(daemon.posts[0]?.postDataJSON()).toEqual({ child: "alphapulsed/decisions/engine", reason: "a drill" });
});

test("says why a viewer may not, and shows a stack dump to admins only", async ({ page }) => {
  await open(page, "viewer");
  await task(page, "engine").click();
  await expect(page.getByRole("button", { name: "Restart engine" })).toHaveAttribute("aria-disabled", "true");
  await expect(card(page)).toContainText("Viewers cannot do this. Ask an operator or an admin.");
  await expect(page.getByRole("button", { name: "Stack dump" })).toHaveAttribute("title", "Viewers cannot do this. Ask an admin.");
});

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 390]) {
    test(`is accessible and fits, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const daemon = await open(page, "admin");
      await task(page, "engine").click();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: `test-results/system-${scheme}-${width}.png`, fullPage: true });
      daemon.expectClean();
    });
  }
}

test("of the real daemon: a task is stopped and started, a strategy is reloaded, stacks are read", async ({ page }) => {
  await withDaemon(page, async (daemon) => {
    await page.getByRole("link", { name: "System" }).click();
    const reason = page.getByLabel("Reason, kept in the audit log");
    await task(page, "engine").click();
    await page.getByRole("button", { name: "Stop engine" }).click();
    await reason.fill("a drill in the browser");
    await page.getByRole("dialog").getByRole("button", { name: "Stop", exact: true }).click();
    await expect(task(page, "engine")).toContainText("stopped");
    await expect(card(page)).toContainText("a drill in the browser");
    await page.getByRole("button", { name: "Start engine", exact: true }).click();
    await reason.fill("the drill is over");
    await page.getByRole("dialog").getByRole("button", { name: "Start", exact: true }).click();
    await expect(task(page, "engine")).toContainText("running");
    const text = readFileSync(daemon.config, "utf8");
    writeFileSync(daemon.config, text.replace(/^evaluate = "log"/m, 'evaluate = "block"'));
    await task(page, "flash_arbitrage").click();
    await page.getByRole("button", { name: "Reload configuration" }).click();
    await reason.fill("once a block is enough");
    await page.getByRole("dialog").getByRole("button", { name: "Reload configuration" }).click();
    await expect(card(page)).toContainText('strategies.flash_arbitrage.evaluate: "log" \u2192 "block"');
    await expect(task(page, "flash_arbitrage")).toContainText("running");
    await page.getByRole("button", { name: "Stack dump" }).click();
    await expect(page.getByRole("dialog").locator("pre")).toContainText("alphapulse");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
    await expectAccessible(page);
    await page.screenshot({ path: "test-results/system-real.png", fullPage: true });
  });
});

/** The page of risks: levels, limits, breakers, halts, and what a person may do about them. */
import { expect, test, type Page } from "@playwright/test";

import { withDaemon } from "./daemon";
import { FakeDaemon } from "./fake";
import { halted, report, wall } from "./fixtures/day";
import { risk } from "./fixtures/risk";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

const PHRASE = "resume flash_arbitrage after halt 7";

function challenge(objections: string[] = []) {
  const text = ["paper, data: strategy:flash_arbitrage is HALTED by halt 7.", "It does not send again what was cancelled."];
  const expires = wall(600_000);
  return { nonce: "a nonce", scope: "strategy:flash_arbitrage", halt_id: 7, phrase: PHRASE, text, objections, expires };
}

async function open(page: Page, role: FakeDaemon["role"] = "operator"): Promise<FakeDaemon> {
  const daemon = new FakeDaemon(page);
  daemon.role = role;
  daemon.asked = { risk };
  await daemon.start("/risk");
  await expect(page.getByRole("heading", { name: "Levels" })).toBeVisible();
  return daemon;
}

const row = (page: Page, table: string, text: string) =>
  page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: text }).first();

test("shows every scope with who, why, since and until", async ({ page }) => {
  const daemon = await open(page);
  const halted = row(page, "Levels", "flash_arbitrage");
  await expect(halted).toContainText("HALTED");
  await expect(halted).toContainText("breaker losing_streak, from a breaker");
  await expect(halted).toContainText("5 losing trades in a row, limit 5");
  await expect(halted).toContainText("a person resumes it");
  await expect(row(page, "Levels", "Everything")).toContainText("14 min 12 s of clean running");
  await expect(row(page, "Levels", "uniswap_v3")).toContainText("REDUCING");
  await expect(row(page, "Levels", "ethereum")).toContainText("ACTIVE");
  await expect(row(page, "Levels", "ethereum").getByTitle("Nothing has ever held it.").first()).toBeVisible();
  await expect(row(page, "Levels", "USDC/WETH 0.05%")).toContainText("somebody unlocks it at the machine");
  daemon.expectClean();
});

test("shows limits in the gate's steps, breakers with their end, and halts", async ({ page }) => {
  await open(page);
  await expect(row(page, "Limits", "max_intents")).toContainText("85.00%, above 80% the gate warns");
  await expect(row(page, "Limits", "max_daily_loss")).toContainText("100.20%, the gate refuses");
  await expect(row(page, "Limits", "max_daily_loss")).toContainText("by rita until 14:46:08 UTC, configured 250 USDC");
  await expect(row(page, "Limits", "max_trade_value").getByTitle("Each trade is measured by it alone.").first()).toBeVisible();
  await expect(row(page, "Breakers", "losing streak")).toContainText("OPEN");
  await expect(row(page, "Breakers", "losing streak")).toContainText("when a person resumes the scope");
  await expect(row(page, "Breakers", "stale data")).toContainText("HALF OPEN");
  await expect(row(page, "Breakers", "price jump")).toContainText("any instrument");
  await expect(row(page, "Halts", "in force")).toContainText("strategy flash_arbitrage");
});

test("shows the kill report with steps, venues, unknown orders, what kept running and its flatten", async ({ page }) => {
  const daemon = await open(page);
  const flatten = { halt_id: 7, scope: "strategy:flash_arbitrage", stage: "done", actor: "ana", via: "the dashboard", reason: "out", at: wall(-1000), closed: 2, unknown: 0, text: "all sold" };
  const venue = { name: "paper", cancelled: 3, ended: 1, in_flight: 0, unknown: 1, text: "one did not answer" };
  const body = { ...report, halt_id: 7, venues: [venue], unknown_orders: ["order 0x77"], unknown: 1, flatten };
  daemon.answers.set("GET /halts/7", () => ({ status: 200, body }));
  await page.getByRole("button", { name: "Report of halt 7" }).click();
  const drawer = page.getByRole("dialog", { name: "Halt 7" });
  await expect(drawer.getByRole("table", { name: "Steps" }).getByRole("row")).toHaveCount(report.steps.length + 1);
  await expect(drawer.getByRole("table", { name: "Venues" })).toContainText("one did not answer");
  await expect(drawer).toContainText("order 0x77");
  await expect(drawer).toContainText(report.kept_running.join(", "));
  await expect(drawer).toContainText("Flattened, ana, from the dashboard");
  await expect(page.locator("button.stop")).toBeInViewport();
  await expectAccessible(page);
  await page.screenshot({ path: "test-results/risk-report.png" });
  daemon.expectClean();
});

test("halts a scope with a reason, once, with a key", async ({ page }) => {
  const daemon = await open(page);
  daemon.onKill = () => ({ status: 200, body: report });
  await page.getByRole("button", { name: "Halt venue ethereum" }).click();
  const dialog = page.getByRole("dialog", { name: "Halt venue ethereum?" });
  await dialog.getByRole("button", { name: "Halt" }).click({ force: true }); // aria-disabled: it says what is missing
  await expect(dialog.getByRole("alert")).toHaveText("Give a reason.");
  expect(daemon.kills).toHaveLength(0);
  await dialog.getByLabel("Reason, kept in the audit log").fill("prices look wrong");
  await dialog.getByRole("button", { name: "Halt" }).click();
  await expect(dialog).toHaveCount(0);
  expect(daemon.kills.map((one) => one.postDataJSON() as unknown)).toEqual([
    { scope: "venue:ethereum", level: "halted", reason: "prices look wrong" },
  ]);
  expect(daemon.kills[0]?.headers()["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
  daemon.expectClean();
});

test("resumes by the phrase that was shown, and tells what the daemon refuses", async ({ page }) => {
  const daemon = await open(page);
  daemon.answers.set("POST /control/challenge", () => ({ status: 200, body: challenge() }));
  const failed = ["cool-down: look why it came, 4 s more", "orders: 1 is unknown"];
  let refuse = true;
  daemon.answers.set("POST /control/resume", () =>
    refuse
      ? { status: 409, body: { error: { code: "not_allowed", message: "not now", detail: { failed }, request: "7f" } } }
      : { status: 200, body: daemon.topics.status },
  );
  await page.getByRole("button", { name: "Resume strategy flash_arbitrage" }).click();
  const dialog = page.getByRole("dialog", { name: "Resume PAPER trading of strategy flash_arbitrage?" });
  await expect(dialog).toContainText("It does not send again what was cancelled.");
  await expect(dialog).toContainText("Confirmation valid for");
  const resume = dialog.getByRole("button", { name: "Resume trading" });
  await resume.click({ force: true });
  await expect(dialog.getByRole("alert").last()).toHaveText("Type the phrase.");
  await dialog.getByLabel("Phrase").fill(PHRASE);
  await dialog.getByLabel("Reason, kept in the audit log").fill("the five trades were looked at");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeVisible();
  expect(daemon.posts.filter((one) => one.url().endsWith("/resume"))).toHaveLength(0);
  await expect(page.locator("button.stop")).toBeInViewport();
  await expectAccessible(page);
  await page.screenshot({ path: "test-results/risk-resume.png" });
  await resume.click();
  for (const line of failed) await expect(dialog).toContainText(line);
  await expect(dialog).toContainText("This confirmation expired.");
  refuse = false;
  await dialog.getByRole("button", { name: "Get a new one" }).click();
  await expect(dialog).toContainText("Confirmation valid for");
  await resume.click();
  await expect(dialog).toHaveCount(0);
  expect(daemon.posts.at(-1)?.postDataJSON()).toEqual({
    scope: "strategy:flash_arbitrage",
    nonce: "a nonce",
    phrase: PHRASE,
    reason: "the five trades were looked at",
  });
});

test("the banner of a halt leads to resuming, and offers it to nobody who may not", async ({ page }) => {
  const daemon = await open(page, "risk");
  daemon.status(halted);
  const banner = page.locator(".banner");
  await expect(banner).toContainText("HALTED. Nothing is being traded.");
  await expect(banner.getByRole("button", { name: "Resume\u2026" })).toHaveCount(0);
  daemon.role = "operator";
  await page.reload();
  daemon.answers.set("POST /control/challenge", () => ({ status: 200, body: { ...challenge(), scope: "global" } }));
  await banner.getByRole("button", { name: "Resume\u2026" }).click();
  await expect(page.getByRole("dialog", { name: "Resume PAPER trading of whole system?" })).toContainText(PHRASE);
  await expect(page.locator("button.stop")).toBeInViewport();
  expect(daemon.posts.map((one) => one.postDataJSON() as unknown)).toEqual([{ scope: "global" }]);
  daemon.expectClean();
});

test("offers no button while something forbids to resume", async ({ page }) => {
  const daemon = await open(page);
  daemon.answers.set("POST /control/challenge", () => ({ status: 200, body: challenge(["journal: it cannot be written"]) }));
  await page.getByRole("button", { name: "Resume strategy flash_arbitrage" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("alert").first()).toContainText("journal: it cannot be written");
  await expect(dialog.getByRole("button", { name: "Resume trading" })).toHaveCount(0);
});

test("says why a viewer may not, and does nothing", async ({ page }) => {
  const daemon = await open(page, "viewer");
  const halt = page.getByRole("button", { name: "Halt venue ethereum" });
  await expect(halt).toHaveAttribute("aria-disabled", "true");
  await expect(halt).toHaveAttribute("title", "Viewers cannot do this. Ask an operator, a risk manager or an admin.");
  await halt.click({ force: true });
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByText("Viewers cannot stop. Ask an operator.")).toBeVisible();
  await expect(page.locator("button.stop")).toBeDisabled();
  await expectAccessible(page);
  daemon.expectClean();
});

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 390]) {
    test(`is accessible and fits, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const daemon = await open(page, "admin");
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await expect(page.locator("button.stop")).toBeInViewport();
      await page.screenshot({ path: `test-results/risk-${scheme}-${width}.png`, fullPage: true });
      daemon.expectClean();
    });
  }
}

test("of the real daemon: a strategy is halted, its report is read, and a person resumes it", async ({ page }) => {
  await withDaemon(page, async () => {
    await page.getByRole("link", { name: "Risk" }).click();
    await page.getByRole("button", { name: "Halt strategy flash_arbitrage" }).click();
    await page.getByLabel("Reason, kept in the audit log").fill("a drill in the browser");
    await page.getByRole("dialog").getByRole("button", { name: "Halt" }).click();
    const held = row(page, "Levels", "flash_arbitrage");
    await expect(held).toContainText("HALTED");
    await expect(held).toContainText("a drill in the browser");
    await expect(page.getByTestId("state")).toContainText("1 part halted");
    await page.getByRole("button", { name: "Report of halt 1" }).click();
    await expect(page.getByRole("dialog")).toContainText("Not flattened. It can be, once in this halt.");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Flatten strategy flash_arbitrage" }).click();
    await page.getByLabel("Reason, kept in the audit log").fill("nothing may be left");
    await page.getByRole("button", { name: "Sell everything" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.getByRole("button", { name: "Report of halt 1" }).click();
    await expect(page.getByRole("dialog")).toContainText("Flattened");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Resume strategy flash_arbitrage" }).click();
    const dialog = page.getByRole("dialog");
    const phrase = (await dialog.locator("label code").textContent()) ?? "";
    await dialog.getByLabel("Phrase").fill(phrase);
    await dialog.getByLabel("Reason, kept in the audit log").fill("the drill is over");
    await dialog.getByRole("button", { name: "Resume trading" }).click();
    await expect(held).toContainText("PROBATION");
    await expect(held).toContainText("of clean running");
    await expect(row(page, "Halts", "a drill in the browser")).not.toContainText("in force");
    await expect(page.getByRole("table", { name: "Limits" }).getByRole("row").nth(1)).toBeVisible();
    await expectAccessible(page);
    await page.screenshot({ path: "test-results/risk-real.png", fullPage: true });
  });
});

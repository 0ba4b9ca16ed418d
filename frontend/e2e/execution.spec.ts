/** The page of execution: trades, transactions on their way, wallets, and an operator's hand on them. */
import { expect, test, type Page } from "@playwright/test";

import { HOURS_A_SECOND, withDaemon } from "./daemon";
import { FakeDaemon } from "./fake";
import { status, topics } from "./fixtures/day";
import { gapped, inBlock, paperTrade, reverted, settled, trade, trades, transaction, transactions, waiting, wallet } from "./fixtures/execution";
import { pressInTurn } from "./hands";
import { expectAccessible, expectNoSidewaysScroll } from "./layout";

async function open(page: Page, role: FakeDaemon["role"] = "operator", path = "/execution"): Promise<FakeDaemon> {
  const daemon = new FakeDaemon(page);
  daemon.role = role;
  daemon.topics = { ...structuredClone(topics), status: { ...status, mode: "live", source: null } };
  daemon.asked = { transactions: { transactions } };
  daemon.answers.set("GET /transactions", (request) => {
    const older = new URL(request.url()).searchParams.get("before") !== null;
    return { status: 200, body: older ? { transactions: [settled], older: null } : { transactions: transactions.slice(3), older: "38" } };
  });
  daemon.answers.set("GET /trades", (request) => {
    const older = new URL(request.url()).searchParams.get("before") !== null;
    return { status: 200, body: older ? { trades: [trade("9")], older: null } : { trades, older: "36" } };
  });
  for (const one of [...trades, paperTrade]) daemon.answers.set(`GET /trades/${one.intent.id}`, () => ({ status: 200, body: one }));
  daemon.answers.set("GET /wallets", () => ({ status: 200, body: { wallets: [wallet, gapped] } }));
  await daemon.start(path);
  return daemon;
}

const rows = (page: Page, table: string) => page.getByRole("table", { name: table }).locator("tbody tr");
const row = (page: Page, table: string, text: string) => rows(page, table).filter({ hasText: text }).first();

test("shows trades with state, hash, path, expected beside actual, gas and why they failed", async ({ page }) => {
  const daemon = await open(page, "operator", "/");
  await pressInTurn(page, "g", "x");
  await expect(rows(page, "Trades")).toHaveCount(5);
  const won = row(page, "Trades", "0xd00d");
  await expect(won).toContainText("0xd00d\u2026d00d");
  await expect(won).toContainText("USDCWETH USDC/WETH 0.05%USDC USDC/WETH 0.30%");
  await expect(won).toContainText("+38.21 USDC");
  await expect(won).toContainText("+38.29 USDC");
  await expect(won).toContainText("0.008964 ETH");
  const undone = row(page, "Trades", "Reverted");
  await expect(undone).toContainText("Taken by another. Another transaction, two places before ours");
  await expect(undone).toContainText("\u221220.33 USDC");
  await expect(row(page, "Trades", "UNKNOWN").getByTitle("It has not ended yet.")).toBeVisible();
  await expect(won.getByRole("button", { name: `Copy: ${settled.hash}` })).toBeVisible();
  await page.getByRole("button", { name: "Show older" }).click();
  await expect(rows(page, "Trades")).toHaveCount(1);
  await page.getByRole("button", { name: "Show the newest" }).click();
  await expect(rows(page, "Trades")).toHaveCount(5);
  daemon.expectClean();
});

test("opens a trade by keys: its legs, its transactions in order, and the finding, every digit", async ({ page }) => {
  const daemon = await open(page);
  await expect(rows(page, "Trades")).toHaveCount(5);
  for (const key of ["j", "j", "k", "j", "j"]) await page.keyboard.press(key);
  await expect(page.getByRole("table", { name: "Trades" }).getByRole("button", { name: "Trade 39" })).toBeFocused();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog", { name: "Trade 39" });
  await expect(drawer).toContainText("Taken by another");
  await expect(drawer).toContainText("ProfitBelowFloor");
  await expect(drawer).toContainText("\u22121.204418 USDC");
  await expect(drawer.getByTitle("It was not traded.").first()).toBeVisible();
  await expect(drawer).toContainText("0.008964103200000000 ETH");
  await expect(drawer).toContainText("\u221220.330112 USDC");
  await expect(page).toHaveURL(/trade=39/);
  await expectAccessible(page, "drawer");
  await page.screenshot({ path: "test-results/execution-reverted.png" });
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
  await page.getByRole("table", { name: "Trades" }).getByRole("button", { name: "Trade 38" }).click();
  const won = page.getByRole("dialog", { name: "Trade 38" });
  await expect(won.getByRole("table", { name: "Legs" })).toContainText("9241.119186 USDC");
  await expect(won.locator(".sent li")).toHaveCount(2);
  await expect(won.locator(".sent li").first()).toContainText("Replaced");
  await expect(won.locator(".sent li").last()).toContainText("Settledblock 18,939,500");
  await expect(won).toContainText("0.081871 USDC");
  await expect(page.locator("button.stop")).toBeInViewport();
  daemon.expectClean();
});

test("what is on its way changes by itself, and what has ended is read page by page", async ({ page }) => {
  const daemon = await open(page);
  await expect(rows(page, "On their way")).toHaveCount(2);
  const first = row(page, "On their way", "0xa41f");
  await expect(first).toContainText("1.5, 62.4");
  await expect(first).toContainText("18,939,506");
  const now = { ...waiting, ...inBlock, hash: waiting.hash, intent_id: "41", changed_ns: `${BigInt(waiting.changed_ns) + 1n}` };
  daemon.asked = { transactions: { transactions: [now, settled] } };
  daemon.tell("transactions");
  await expect(page.getByText("Nothing is on its way.")).toBeVisible();
  await expect(row(page, "Trades", "0xa41f")).toContainText("Mined");
  await page.getByRole("radio", { name: /Mined/ }).check();
  await expect(row(page, "Mined, not final", "0xa41f")).toContainText("block 18,939,500");
  await expect(page.getByRole("button", { name: /Bump/ })).toHaveCount(0);
  await page.getByRole("radio", { name: /Ended/ }).check();
  await expect(rows(page, "Ended")).toHaveCount(3);
  await page.getByRole("button", { name: "Show older" }).first().click();
  await expect(rows(page, "Ended")).toHaveCount(1);
  await page.getByRole("link", { name: "Overview" }).click();
  await expect.poll(() => daemon.requests.at(-1)).toEqual({ type: "unsubscribe", topics: ["transactions"] });
  daemon.expectClean();
});

test("bumps and cancels after saying what will happen, once, and tells in words what cannot be", async ({ page }) => {
  const daemon = await open(page);
  const message = "a replacement has to offer 68640000002 wei per gas in all, and at most 60000000000 may be offered";
  daemon.answers.set(`POST /transactions/${waiting.hash}/bump`, () => ({
    status: 409,
    body: { error: { code: "cap_reached", message, detail: null, request: "7f" } },
  }));
  daemon.answers.set(`POST /transactions/${waiting.hash}/cancel`, () => ({ status: 200, body: transaction("0c0c", 7, { purpose: "cancel" }) }));
  const first = row(page, "On their way", "0xa41f");
  await first.getByRole("button", { name: "Bump" }).click();
  const dialog = page.getByRole("dialog", { name: "Bump number 7?" });
  await expect(dialog).toContainText("1.5 gwei, then at least 1.65");
  await expect(dialog).toContainText("62.4 gwei, then at least 68.64");
  await expectAccessible(page, "dialog");
  await page.screenshot({ path: "test-results/execution-bump.png" });
  await dialog.getByRole("button", { name: "Bump" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Higher fees than the configuration allows would be needed.");
  await expect(dialog.getByRole("alert")).toContainText(message);
  await dialog.getByRole("button", { name: "Do nothing" }).click();
  await first.getByRole("button", { name: "Cancel" }).click();
  const red = page.getByRole("dialog", { name: "Cancel number 7?" });
  await expect(red).toContainText("The old one may still be mined first.");
  await expect(page.locator("button.stop")).toBeInViewport();
  await red.getByRole("button", { name: "Send the transfer" }).click();
  await expect(red).toHaveCount(0);
  await expect(page.getByText("Number 7 is used by 0x0c0c\u20260c0c")).toBeVisible();
  expect(daemon.posts.map((one) => new URL(one.url()).pathname.split("/").at(-1))).toEqual(["bump", "cancel"]);
  expect(new Set(daemon.posts.map((one) => one.headers()["idempotency-key"])).size).toBe(2);
  expect(daemon.posts.map((one) => one.postData())).toEqual([null, null]);
});

test("shows wallets with numbers, gas of their budget, and books beside the chain; and fills a gap", async ({ page }) => {
  const daemon = await open(page);
  daemon.answers.set(`POST /wallets/${gapped.address}/fill-gap`, () => ({ status: 200, body: transaction("f1f1", 3, { purpose: "fill_gap" }) }));
  const main = page.getByRole("region", { name: "main" });
  await expect(main).toContainText("1.4821 ETH");
  await expect(main).toContainText("with a signer of its own");
  await expect(page.locator(".gas-of-hour")).toContainText("83.92%, 0.041964 of 0.050000 ETH");
  await expect(page.locator(".gas-of-hour .share")).toHaveAttribute("data-tone", "warn");
  const books = row(page, "Books and chain of main", "USDC");
  await expect(books).toContainText("UNEQUAL");
  await expect(books.getByTitle("-0.000017 USDC")).toBeVisible();
  await expect(row(page, "Books and chain of main", "ETH")).toContainText("Equal");
  const second = page.getByRole("region", { name: "second" });
  await expect(second.getByTitle("No quorum of nodes has told it yet.")).toBeVisible();
  await expect(second).toContainText("1 transaction waits behind it");
  await second.getByRole("button", { name: "Fill gap 3 of second" }).click();
  const dialog = page.getByRole("dialog", { name: "Fill the gap at number 3?" });
  await dialog.getByRole("button", { name: "Fill gap" }).click();
  await expect(dialog).toHaveCount(0);
  expect(daemon.posts.map((one) => one.postDataJSON() as unknown)).toEqual([{ nonce: 3 }]);
  daemon.expectClean();
});

test("a viewer sees why he may not, and nothing is sent", async ({ page }) => {
  const daemon = await open(page, "viewer");
  const bump = row(page, "On their way", "0xa41f").getByRole("button", { name: "Bump" });
  await expect(bump).toHaveAttribute("title", "Viewers cannot do this. Ask an operator or an admin.");
  await bump.click({ force: true });
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(daemon.posts).toEqual([]);
  await expectAccessible(page);
});

test("on paper there are trades, no wallets, and it says why", async ({ page }) => {
  const daemon = new FakeDaemon(page);
  const assumption = "Not live; missing: the flag --live. Paper: filled directly behind the opening swap.";
  daemon.topics = { ...structuredClone(topics), status: { ...status, assumption } };
  daemon.asked = { transactions: { transactions: [] } };
  daemon.answers.set("GET /trades", () => ({ status: 200, body: { trades: [paperTrade], older: null } }));
  daemon.answers.set("GET /trades/12", () => ({ status: 200, body: paperTrade }));
  daemon.answers.set("GET /wallets", () => ({ status: 200, body: { wallets: [] } }));
  await daemon.start("/execution?trade=12");
  const drawer = page.getByRole("dialog", { name: "Trade 12" });
  await expect(drawer).toContainText("On paper nothing is sent");
  await expect(drawer).toContainText("filled one block later");
  await page.keyboard.press("Escape");
  await expect(page.getByText("a model says how each trade ends")).toBeVisible();
  await expect(page.getByText("which needs no wallet: none is open")).toBeVisible();
  await expect(page.getByRole("main").getByText(assumption)).toBeVisible();
  await expect(row(page, "Trades", "paper").getByTitle("On paper nothing is sent, so there is no hash.")).toBeVisible();
  daemon.answers.set("GET /wallets", () => ({ status: 503 }));
  await expect(page.getByText("They could not be read: log in")).toBeVisible();
  daemon.expectClean();
});

for (const scheme of ["dark", "light"] as const) {
  for (const width of [1440, 1280, 1024, 390, 320]) {
    test(`is accessible and fits, ${scheme} at ${width}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const daemon = await open(page);
      await expect(rows(page, "Trades")).toHaveCount(5);
      await expect(rows(page, "On their way")).toHaveCount(2);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await expect(page.locator("button.stop")).toBeInViewport();
      await page.screenshot({ path: `test-results/execution-${scheme}-${width}.png`, fullPage: true });
      await page.getByRole("table", { name: "Trades" }).getByRole("button", { name: "Trade 39" }).click();
      const drawer = page.getByRole("dialog");
      await expect(drawer).toContainText(reverted.finding?.text ?? "");
      await expectAccessible(page, "drawer");
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: `test-results/execution-trade-${scheme}-${width}.png` });
      await page.keyboard.press("Escape");
      await expect(drawer).toHaveCount(0);
      await page.getByRole("table", { name: "Trades" }).getByRole("button", { name: "Trade 38" }).click();
      await expect(drawer.locator(".sent li")).toHaveCount(2);
      await expectNoSidewaysScroll(page);
      await drawer.locator(".sent li").last().scrollIntoViewIfNeeded();
      await page.screenshot({ path: `test-results/execution-traded-${scheme}-${width}.png` });
      daemon.expectClean();
    });
  }
}

test("of the real daemon: paper trades come by themselves, each with its legs", async ({ page }) => {
  await withDaemon(page, async () => {
    await page.getByRole("link", { name: "Execution" }).click();
    await expect(page.getByText("which needs no wallet: none is open")).toBeVisible();
    await expect(page.getByText("Nothing is on its way.")).toBeVisible();
    await expect(rows(page, "Trades").first()).toBeVisible();
    await expect(rows(page, "Trades").first()).toContainText("paper");
    await rows(page, "Trades").last().getByRole("button").first().click();
    const drawer = page.getByRole("dialog");
    await expect(drawer.getByRole("table", { name: "Legs" }).locator("tbody tr")).toHaveCount(2);
    await expect(drawer).toContainText("flash_arbitrage");
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await page.screenshot({ path: "test-results/execution-real.png" });
  }, HOURS_A_SECOND);
});

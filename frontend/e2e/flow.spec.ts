/**
 * The real daemon and the built page: log in, first opportunity, hold to stop, HALTED, restart, still HALTED, resume,
 * ACTIVE. ALPHAPULSE_PYTHON names an interpreter with the daemon's dependencies (default: python3 of the path).
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

const ROOT = new URL("../..", import.meta.url).pathname;
const PYTHON = process.env.ALPHAPULSE_PYTHON ?? "python3";
const ENVIRONMENT = { ...process.env, PYTHONPATH: `${ROOT}:${join(ROOT, "web")}`, PYTHONDONTWRITEBYTECODE: "1" };
const START_MS = 20_000;

const run = promisify(execFile);

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address === null || typeof address === "string" ? reject(new Error("no port")) : resolve(address.port)));
    });
  });
}

/** A daemon of its own: own folder, own port, the shipped configuration otherwise. */
class Daemon {
  readonly folder = mkdtempSync(join(tmpdir(), "alphapulse-e2e-"));
  private child: ChildProcess | null = null;
  private output = "";

  configure(port: number): void {
    const shipped = readFileSync(join(ROOT, "config.toml"), "utf8");
    const own = shipped
      .replace(/^port = \d+$/m, `port = ${port}`)
      .replace(/^data_folder = .*$/m, `data_folder = "${join(this.folder, "data")}"`);
    writeFileSync(this.config, own);
  }

  get config(): string {
    return join(this.folder, "config.toml");
  }

  /** Start and give back the address that logs in. */
  async start(): Promise<string> {
    this.output = "";
    const code = "from alphapulse.cli.daemon import main; main()";
    const child = spawn(PYTHON, ["-c", code, "--config", this.config], { env: ENVIRONMENT, cwd: this.folder });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => (this.output += data.toString()));
    }
    const deadline = Date.now() + START_MS;
    for (;;) {
      const address = /http:\/\/\S+#code=\S+/.exec(this.output)?.[0];
      if (address !== undefined) return address;
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the daemon did not start:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }

  async command(...words: string[]): Promise<void> {
    const code = "from alphapulse.cli.main import main; main()";
    await run(PYTHON, ["-c", code, ...words, "--config", this.config], { env: ENVIRONMENT, cwd: this.folder });
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function hold(page: Page, ms: number): Promise<void> {
  await page.locator("button.stop").hover();
  await page.mouse.down();
  await page.waitForTimeout(ms);
  await page.mouse.up();
}

test("log in, see the first opportunity, stop, restart, resume", async ({ page }) => {
  test.setTimeout(120_000);
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
    daemon.configure(await freePort());
    await page.goto(await daemon.start());
    await expect(state).toContainText("ACTIVE");
    expect(page.url()).not.toContain("code");
    await expect(page.locator(".chip")).toHaveText("PAPER");
    await expect(page.locator("table.wide tbody tr").first()).toBeVisible({ timeout: 20_000 });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

    await hold(page, 400);
    await expect(page.locator(".stop-hint")).toHaveText("Hold for one second to stop.");
    await expect(state).toContainText("ACTIVE");

    await hold(page, 1200);
    await expect(state).toContainText("HALTED");
    await expect(banner).toContainText("HALTED. Nothing is being traded.");
    await expect(banner).toContainText("from the dashboard");
    await expect(banner.locator(".report dd").first()).toHaveText(/\d ms$/);

    expectErrors = true; // the socket is refused while nobody listens
    await daemon.stop();
    await expect(state).toContainText("UNKNOWN", { timeout: 6000 });
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
  test.setTimeout(60_000);
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
    await expect(swap).toBeVisible({ timeout: 20_000 });
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
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await page.reload();
    await expect(page.getByRole("heading", { name: "Firehose" })).toBeVisible();
    await expect(swap).toBeVisible({ timeout: 20_000 });
    expect(problems).toEqual([]);
  } finally {
    await daemon.remove();
  }
});

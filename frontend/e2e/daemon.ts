/** The real daemon with the shipped configuration. ALPHAPULSE_PYTHON names an interpreter with its dependencies. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, type Page } from "@playwright/test";

const ROOT = new URL("../..", import.meta.url).pathname;
const PYTHON = process.env.ALPHAPULSE_PYTHON ?? "python3";
const ENVIRONMENT = { ...process.env, PYTHONPATH: `${ROOT}:${join(ROOT, "web")}`, PYTHONDONTWRITEBYTECODE: "1" };
/** A speed at which the first trade of the recording, hours after its start, comes within seconds. */
export const HOURS_A_SECOND = 3600;
const START_MS = 180_000;

const run = promisify(execFile);

export function freePort(): Promise<number> {
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
export class Daemon {
  readonly folder = mkdtempSync(join(tmpdir(), "alphapulse-e2e-"));
  private child: ChildProcess | null = null;
  private output = "";

  /**
   * `speed`: how many times as fast as it was recorded; null leaves what is shipped. A loop that a busy machine holds up
   * stops nothing.
   */
  configure(port: number, speed: number | null = null): void {
    const shipped = readFileSync(join(ROOT, "config.toml"), "utf8");
    const own = shipped
      .replace(/^port = \d+$/m, `port = ${port}`)
      .replace(/^data_folder = .*$/m, `data_folder = "${join(this.folder, "data")}"`)
      .replace(/^loop_stall_s = \d+$/m, "loop_stall_s = 600")
      .replace(/^loop_exit_s = \d+$/m, "loop_exit_s = 1_200")
      .replace(/^max_loop_lag_ms = \d+$/m, "max_loop_lag_ms = 600_000");
    writeFileSync(this.config, speed === null ? own : own.replace(/^speed = \d+$/m, `speed = ${speed}`));
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

  async command(...words: string[]): Promise<string> {
    const code = "from alphapulse.cli.main import main; main()";
    const { stdout } = await run(PYTHON, ["-c", code, ...words, "--config", this.config], {
      env: ENVIRONMENT,
      cwd: this.folder,
    });
    return stdout;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A daemon that runs, the page logged in with its address; nothing may appear in the console. */
export async function withDaemon(page: Page, body: (daemon: Daemon) => Promise<void>, speed: number | null = null): Promise<void> {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  const daemon = new Daemon();
  try {
    daemon.configure(await freePort(), speed);
    await page.goto(await daemon.start());
    await expect(page.getByTestId("state")).toContainText("ACTIVE");
    await body(daemon);
    expect(problems).toEqual([]);
  } finally {
    await daemon.remove();
  }
}

/** A scripted daemon for the built page: files from the build, answers and socket messages from the test. */
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { expect, type Page, type Request, type WebSocketRoute } from "@playwright/test";

import type { Status } from "../src/api/types";
import type { SessionView } from "../src/api/types";
import type { AskedTopics, FrameSample, Introduction, Topic, TopicRequest, Topics } from "../src/api/wire";
import { topics as everything, wall, WALL } from "./fixtures/day";

export const ORIGIN = "http://alphapulse.test";
const DIST = new URL("../../web/alphapulse_web/dist", import.meta.url).pathname;
const NONCE = "dGVzdC1ub25jZQ";
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' 'nonce-${NONCE}'`,
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws://alphapulse.test",
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export type Handler = (request: Request) => { status: number; body?: unknown } | "no answer";

export class FakeDaemon {
  readonly problems: string[] = [];
  readonly kills: Request[] = [];
  /** What the page said on its sockets. */
  readonly requests: TopicRequest[] = [];
  session = 200;
  reachable = true;
  /** Whether sockets are accepted; requests are answered all the same. */
  sockets = true;
  topics: Partial<Topics> = structuredClone(everything);
  /** What a page is told that asks for it, and at once. */
  asked: Partial<AskedTopics> = {};
  role: SessionView["role"] = "operator";
  /** Answers to other requests, by method and path below /api/v1. */
  readonly answers = new Map<string, Handler>();
  readonly posts: Request[] = [];
  onKill: Handler = () => ({ status: 503 });
  private socket: WebSocketRoute | null = null;
  private seq = 0;
  private beating: NodeJS.Timeout | null = null;

  constructor(readonly page: Page) {}

  /** Serve the page and fill it; the clock of the fixture is the daemon's clock. */
  async start(path = "/"): Promise<void> {
    this.page.on("console", (message) => {
      const expected = /401 \(Unauthorized\)|503 \(|net::ERR_FAILED|WebSocket/.test(message.text());
      if (message.type() === "error" && !expected) this.problems.push(message.text());
    });
    this.page.on("pageerror", (error) => this.problems.push(error.message));
    await this.page.route("**/*", async (route) => {
      const url = new URL(route.request().url());
      if (url.origin !== ORIGIN) this.problems.push(`request to another host: ${url.origin}`);
      if (url.pathname.startsWith("/api/")) return void (await this.answer(route.request(), route));
      const file = join(DIST, extname(url.pathname) === "" ? "index.html" : url.pathname);
      if (!existsSync(file)) return void (await route.fulfill({ status: 404 }));
      const body = readFileSync(file);
      const html = extname(file) === ".html";
      await route.fulfill({
        headers: { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": POLICY },
        body: html ? body.toString().replaceAll("{{csp_nonce}}", NONCE) : body,
      });
    });
    await this.page.routeWebSocket("ws://alphapulse.test/ws", (socket) => this.accept(socket));
    await this.page.goto(`${ORIGIN}${path}`);
    // A page that has loaded has not mounted yet: until then no key is heard.
    await this.page.locator("#root button").first().waitFor({ state: "attached" });
  }

  send(message: Record<string, unknown>): void {
    this.socket?.send(JSON.stringify({ seq: this.seq++, ...message }));
  }

  put<T extends Topic>(topic: T, data: Topics[T]): void {
    this.send({ type: "delta", topic, op: "put", data });
  }

  frames(sample: FrameSample): void {
    this.send({ type: "delta", topic: "firehose", op: "append", data: sample });
  }

  status(status: Status): void {
    this.topics.status = status;
    this.put("status", status);
  }

  /** From now on nothing answers. */
  async cut(): Promise<void> {
    this.reachable = false;
    await this.dropSocket();
  }

  /** The connection ends; whether the page gets a new one depends on `reachable` and `session`. */
  async dropSocket(code = 1001): Promise<void> {
    this.stopBeating();
    const socket = this.socket;
    this.socket = null;
    await socket?.close({ code });
  }

  /** A message that never arrives. */
  skip(): void {
    this.seq += 1;
  }

  stopBeating(): void {
    if (this.beating !== null) clearInterval(this.beating);
    this.beating = null;
  }

  /** Nothing went wrong that a person would not see: console, policy, other hosts. */
  expectClean(): void {
    expect(this.problems).toEqual([]);
  }

  private accept(socket: WebSocketRoute): void {
    if (!this.reachable || !this.sockets || this.session !== 200) {
      void socket.close({ code: this.session === 401 ? 4401 : 1001 });
      return;
    }
    this.stopBeating();
    this.socket = socket;
    socket.onMessage((message) => {
      const said = JSON.parse(message.toString()) as TopicRequest | Introduction;
      if (said.type === "ticket") this.greet();
      else {
        this.requests.push(said);
        if (said.type === "subscribe") for (const topic of said.topics) this.tell(topic);
      }
    });
  }

  /** What is asked for, as it is now. */
  tell(topic: string): void {
    const data = this.asked[topic as keyof AskedTopics];
    if (data !== undefined) this.send({ type: "delta", topic, op: "put", data });
  }

  private greet(): void {
    this.seq = 0;
    const started = performance.now();
    const now = () => wall(Math.round(performance.now() - started));
    this.send({ type: "hello", server_time: now(), build: everything.status.build, run: 1 });
    this.send({ type: "snapshot", topics: this.topics });
    this.beating = setInterval(() => this.send({ type: "beat", server_time: now() }), 1000);
  }

  private async answer(request: Request, route: Parameters<Parameters<Page["route"]>[1]>[0]): Promise<void> {
    if (!this.reachable) return void (await route.abort());
    const path = new URL(request.url()).pathname.replace("/api/v1", "");
    const json = (status: number, body: unknown) => route.fulfill({ status, json: body });
    const refusal = { error: { code: "unauthorized", message: "log in", detail: null, request: "7f3a91c2" } };
    if (path === "/control/kill") {
      this.kills.push(request);
      const answer = this.onKill(request);
      if (answer === "no answer") return; // the page must give up by itself
      return void (await json(answer.status, answer.body ?? refusal));
    }
    if (path === "/session" && request.method() === "POST") {
      const { code } = request.postDataJSON() as { code: string };
      if (code !== "right") return void (await json(401, refusal));
      this.session = 200;
      return void (await json(200, { expires: wall(3_600_000) }));
    }
    if (this.session !== 200) return void (await json(this.session, refusal));
    const own = this.answers.get(`${request.method()} ${path}`);
    if (own !== undefined) {
      if (request.method() === "POST") this.posts.push(request);
      const answer = own(request);
      return answer === "no answer" ? undefined : void (await json(answer.status, answer.body ?? refusal));
    }
    if (path === "/session") {
      const who: SessionView = { kind: "browser", actor: "ana", role: this.role, key: "7f3a91c2", expires: wall(3_600_000) };
      return void (await json(200, who));
    }
    if (path === "/stream/ticket") return void (await json(200, { ticket: "right", expires: wall(30_000) }));
    if (path === "/status" && this.topics.status) return void (await json(200, this.topics.status));
    await json(404, refusal);
  }
}

export { WALL };

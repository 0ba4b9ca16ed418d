/** The wiring: socket, frames, session and stop, written into the store. Lives outside React. */
import { readSession, readStatus, sendKill, tryCode } from "./api/http";
import { openStream } from "./api/stream";
import type { Append, AskedTopic, Message } from "./api/wire";
import type { HaltReport, Status } from "./api/types";
import { millis } from "./format/time";
import { stop as stopWords } from "./messages";
import { serverClock, serverNow } from "./model/clock";
import { changePools, putAsked } from "./model/asked";
import { addFrames } from "./model/firehose";
import { Feed, type FeedListener } from "./model/feed";
import { Frames, PointsMissing, withPoints, type Changes } from "./model/frames";
import { haltSpans } from "./model/halts";
import { tick } from "./model/second";
import { useModel, type Link } from "./model/store";
import { StopRequest } from "./stop/request";

function later(ms: number, action: () => void): () => void {
  const timer = window.setTimeout(action, ms);
  return () => window.clearTimeout(timer);
}

export const browserClock = {
  now: () => performance.now(),
  later,
  random: () => Math.random(),
};

function setLink(link: Partial<Link>): void {
  useModel.setState((model) => ({ link: { ...model.link, ...link } }));
}

function putStatus(status: Status): void {
  const { topics, halts } = useModel.getState();
  const before = topics.status;
  useModel.setState({ topics: { ...topics, status }, halts: haltSpans(halts, before, status) });
}

/** Statuses come by two ways, so an older one may come later: it is left out. */
function putNewerStatus(status: Status): void {
  const before = useModel.getState().topics.status;
  if (before === undefined || BigInt(before.server_time.ns) <= BigInt(status.server_time.ns)) putStatus(status);
}

/** The status by a halt report alone: the daemon's own words, when nothing else of it can be reached. */
function putReport(report: HaltReport): void {
  const { status } = useModel.getState().topics;
  if (status === undefined) return;
  const { at: since, actor: by, via, reason: cause, halt_id, complete } = report;
  putNewerStatus({ ...status, state: complete ? "halted" : "stopping", since, by, via, cause, halt_id, report });
}

class Dashboard implements FeedListener {
  readonly stop = new StopRequest(
    (key, signal) => sendKill(key, stopWords.reason, signal),
    browserClock,
    (view) => {
      useModel.setState({ stop: view });
      tick();
      if (view.phase === "confirmed") void this.confirmed(view.report);
    },
  );

  onShed: (at: number) => void = () => undefined;

  private build: string | null = null;
  private wasShed = false;
  private readonly asked = new Set<AskedTopic>();
  private readonly feed = new Feed(openStream, browserClock, this);
  private readonly frames = new Frames(
    (flush) => window.requestAnimationFrame(flush),
    (changes, appended) => this.apply(changes, appended),
  );

  /** Find out whether the browser has a session, log in with a code from the address if it brought one. */
  async begin(code: string | null): Promise<void> {
    window.addEventListener("online", () => this.feed.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.feed.retryNow();
    });
    if (code !== null) {
      const problem = await tryCode(code);
      useModel.setState({ loginProblem: problem });
      if (problem === null) {
        this.loggedIn();
        return;
      }
    }
    const answer = await readSession().catch(() => null);
    if (answer?.status === 401) useModel.setState({ session: "none" });
    else this.loggedIn(); // without an answer the socket keeps trying and the page says so
  }

  loggedIn(): void {
    useModel.setState({ session: "open" });
    void this.introduce();
    this.feed.stop();
    this.feed.start();
    this.stop.loggedIn();
  }

  /** Find out who is logged in; without an answer that stays unknown, and the daemon decides alone what is allowed. */
  private async introduce(): Promise<void> {
    const answer = await readSession().catch(() => null);
    if (answer?.body) useModel.setState({ who: answer.body });
  }

  /** Have a topic sent that is not sent to every page; returns how to end that. */
  listen(topic: AskedTopic): () => void {
    this.asked.add(topic);
    this.feed.send({ type: "subscribe", topics: [topic] });
    return () => {
      this.asked.delete(topic);
      this.feed.send({ type: "unsubscribe", topics: [topic] });
    };
  }

  retryNow(): void {
    this.feed.retryNow();
  }

  message(message: Message): void {
    switch (message.type) {
      case "hello":
        this.heard(millis(message.server_time));
        if (this.build !== null && this.build !== message.build.version) useModel.setState({ outdated: this.build });
        this.build ??= message.build.version;
        break;
      case "beat":
        this.heard(millis(message.server_time));
        setLink({ phase: "connected" });
        break;
      case "snapshot":
        this.frames.clear();
        this.snapshot(message.topics);
        for (const topic of this.asked) this.feed.send({ type: "subscribe", topics: [topic] });
        break;
      case "delta":
        if (message.topic === "firehose") addFrames(message.data);
        else if (message.topic === "pools") {
          if (message.op === "change") changePools(message.data);
          else putAsked("pools", message.data);
        } else if (message.topic === "relays") putAsked("relays", message.data);
        else if (message.topic === "risk") putAsked("risk", message.data);
        else if (message.topic === "transactions") putAsked("transactions", message.data);
        else if (message.topic === "why_not") putAsked("why_not", message.data);
        else if (message.op === "append") this.frames.append(message);
        else if (message.topic === "status") putNewerStatus(message.data);
        else this.frames.put(message);
    }
  }

  silent(): void {
    setLink({ phase: "disconnected" });
  }

  waiting(until: number | null): void {
    setLink({ retryAt: until });
  }

  shed(): void {
    this.wasShed = true;
  }

  refused(): void {
    void readSession().then(
      (answer) => {
        if (answer.status !== 401) return;
        this.feed.stop();
        setLink({ phase: "disconnected", retryAt: null });
        useModel.setState((model) => ({ session: model.topics.status === undefined ? "none" : "over" }));
      },
      () => undefined, // no answer: the feed goes on trying and the page says that it is disconnected
    );
  }

  private heard(serverMs: number): void {
    serverClock.sync(serverMs, performance.now());
    setLink({ heardAt: serverMs });
  }

  private snapshot(topics: Changes): void {
    const { status, ...others } = topics;
    useModel.setState((model) => ({ topics: { ...model.topics, ...others } }));
    if (status !== undefined) putStatus(status);
    setLink({ phase: "connected", retryAt: null });
    tick();
    if (this.wasShed) this.onShed(serverNow());
    this.wasShed = false;
  }

  private apply(changes: Changes, appended: ReadonlyMap<string, Append["data"]>): void {
    const { topics } = useModel.getState();
    const next = { ...topics, ...changes };
    try {
      if (next.pairs !== undefined) next.pairs = withPoints(next.pairs, appended);
    } catch (reason) {
      if (!(reason instanceof PointsMissing)) throw reason;
      this.feed.reconnect();
    }
    useModel.setState({ topics: next });
  }

  private async confirmed(report: HaltReport): Promise<void> {
    const answer = await readStatus().catch(() => null);
    if (answer?.body) {
      this.heard(millis(answer.body.server_time));
      putNewerStatus(answer.body);
    } else {
      putReport(report);
    }
  }
}

export const dashboard = new Dashboard();

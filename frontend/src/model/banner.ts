/** Which banner is shown: one at a time, the gravest. Pure: the model and the time go in, the texts come out. */
import { amountWithUnit } from "../format/amount";
import { clockText, durationText, millis, millisOfNanos } from "../format/time";
import { banners, commandOrSignal, shell, stop as stopWords, words } from "../messages";
import type { HaltReport, Status } from "../api/types";
import { refusal } from "./roles";
import type { Times } from "./second";
import type { Model } from "./store";

export type BannerAction = "give up" | "dismiss stop" | "log in" | "retry" | "reload" | "resume";

export interface Banner {
  kind: string;
  tone: "halt" | "warn" | "note";
  shape: "halted" | "unknown" | "stopping" | "starting" | "note";
  heading: string;
  /** Whose name stands out at the start of the text. */
  by: { before: string; name: string; rest: string } | null;
  text: string[];
  /** Commands a person can run, each with a button to copy it. */
  commands: string[];
  report: HaltReport | null;
  /** Extra words beside the action. */
  aside: string | null;
  action: { does: BannerAction; label: string } | null;
}

const ANSWER_EXPECTED_MS = 2000;

/** Whether the daemon is not known to run at this moment. */
export function isUnknown(model: Model): boolean {
  return model.link.phase !== "connected" || model.topics.status === undefined;
}

export type StateWord = keyof typeof words.states;
export type StateFamily = Exclude<StateWord, "reducing" | "probation" | "locked">;

/** Which shape, colour and icon a state has. */
export function familyOf(word: StateWord): StateFamily {
  switch (word) {
    case "locked":
      return "halted";
    case "reducing":
      return "unknown";
    case "probation":
      return "active";
    default:
      return word;
  }
}

/** Whether nothing is traded. */
export function isHalted(status: Status | undefined): boolean {
  return status?.state === "halted" || status?.state === "locked";
}

/** The state the page may claim. */
export function stateWord(model: Model): StateWord {
  const { phase } = model.stop;
  if (phase === "sending" || phase === "login") return "stopping";
  if (isUnknown(model)) return "unknown";
  return model.topics.status?.state ?? "unknown";
}

/** The line below the state: since when and by whom. */
export function stateLine(model: Model, times: Times): string {
  const { status } = model.topics;
  if (stateWord(model) === "stopping" && model.stop.phase !== "idle" && "since" in model.stop) {
    return stopWords.sentShort(durationText(times.monotonic - model.stop.since));
  }
  if (status === undefined) return shell.nothingKnown;
  if (isUnknown(model)) {
    return shell.wasState(words.states[status.state], clockText(model.link.heardAt ?? times.server, times.server));
  }
  const since = millis(status.since);
  const line = shell.since(durationText(times.server - since), clockText(since, times.server), status.by);
  const parts = status.partial_halts.length;
  return status.state === "active" && parts > 0 ? `${shell.partsHalted(parts)} \u00b7 ${line}` : line;
}

const plain = { by: null, text: [], commands: [], report: null, aside: null, action: null };

export function banner(model: Model, times: Times): Banner | null {
  return (
    ofStop(model, times) ??
    ofSession(model, times) ??
    ofLink(model, times) ??
    (model.topics.status === undefined ? null : ofStatus(model, model.topics.status, times))
  );
}

function ofStop(model: Model, times: Times): Banner | null {
  const view = model.stop;
  const ways = commandOrSignal(model.topics.status?.other_ways ?? null);
  if (view.phase === "login") {
    return {
      ...plain,
      kind: "stop needs log-in",
      tone: "halt",
      shape: "stopping",
      heading: stopWords.needsLogin,
      text: [stopWords.noAnswer, stopWords.needsLoginText],
      commands: ways,
      action: { does: "log in", label: words.logIn },
    };
  }
  if (view.phase === "refused") {
    return {
      ...plain,
      kind: "stop refused",
      tone: "halt",
      shape: "stopping",
      heading: stopWords.refused,
      text: [view.problem, stopWords.noAnswer],
      commands: ways,
      action: { does: "dismiss stop", label: stopWords.dismiss },
    };
  }
  if (view.phase !== "sending") return null;
  const waited = times.monotonic - view.since;
  const late = waited >= ANSWER_EXPECTED_MS;
  const problem = view.problem === null ? [] : [stopWords.lastProblem(view.problem)];
  return {
    ...plain,
    kind: late ? "stopping, no answer" : "stopping",
    tone: "halt",
    shape: "stopping",
    heading: late ? stopWords.noAnswer : stopWords.sent(durationText(waited)),
    text: late ? [stopWords.sent(durationText(waited)), ...problem, stopWords.trying(view.attempts)] : [],
    commands: late ? ways : [],
    action: late ? { does: "give up", label: stopWords.giveUp } : null,
  };
}

function ofSession(model: Model, times: Times): Banner | null {
  if (model.session !== "over") return null;
  return {
    ...plain,
    kind: "session over",
    tone: "warn",
    shape: "unknown",
    heading: banners.sessionOver(clockText(model.link.heardAt ?? times.server, times.server)),
    text: [banners.sessionOverText],
    action: { does: "log in", label: words.logIn },
  };
}

function ofLink(model: Model, times: Times): Banner | null {
  const { link, topics } = model;
  if (link.phase !== "disconnected") return null;
  const retry = link.retryAt === null ? null : Math.max(0, Math.ceil((link.retryAt - times.monotonic) / 1000));
  const asOf = clockText(link.heardAt ?? times.server, times.server);
  const halted = isHalted(topics.status);
  const halt = topics.status?.halt_id ? ` (halt ${topics.status.halt_id})` : "";
  const heading =
    link.heardAt === null
      ? banners.neverConnected
      : banners.disconnected(durationText(times.server - link.heardAt), asOf);
  return {
    ...plain,
    kind: "disconnected",
    tone: "warn",
    shape: "unknown",
    heading,
    text: [halted ? banners.disconnectedHalted(halt, asOf) : banners.disconnectedText],
    commands: commandOrSignal(topics.status?.other_ways ?? null).slice(0, 1),
    aside: retry === null ? banners.tryingNow : banners.nextTry(retry),
    action: { does: "retry", label: words.retryNow },
  };
}

function ofStatus(model: Model, status: Status, times: Times): Banner | null {
  if (isHalted(status)) return ofHalt(model, status, times);
  const ago = durationText(times.server - millis(status.since));
  if (status.state === "stopping") {
    const text = [stopWords.takesEffectText, status.cause].filter((line) => line !== "");
    const base = { ...plain, kind: "stopping", tone: "halt", shape: "stopping" } as const;
    return { ...base, heading: stopWords.takesEffect, text, report: status.report };
  }
  if (status.state === "starting") {
    const base = { ...plain, kind: "starting", tone: "note", shape: "starting" } as const;
    return { ...base, heading: banners.starting, text: [banners.startingText(status.cause, ago)] };
  }
  return (
    ofReducing(model, status, times) ??
    ofStreams(status) ??
    ofSource(status, times) ??
    ofBuild(model) ??
    ofParts(status, times) ??
    ofProbation(status, times)
  );
}

function ofReducing(model: Model, status: Status, times: Times): Banner | null {
  if (status.state !== "reducing") return null;
  const heading = banners.reducing(clockText(millis(status.since), times.server), status.by);
  const text = [banners.reducingText(status.cause), banners.resume];
  const base = { ...plain, kind: "reducing", tone: "warn", shape: "unknown" } as const;
  return { ...base, heading, text, commands: [status.resume_command], action: resumes(model) };
}

/** Resuming is offered to who may; the daemon still asks what holds. */
function resumes(model: Model): Banner["action"] {
  return refusal(model.who?.role ?? null, "resume") === null ? { does: "resume", label: banners.resumeButton } : null;
}

function ofProbation(status: Status, times: Times): Banner | null {
  if (status.state !== "probation") return null;
  const heading = banners.probation(clockText(millis(status.since), times.server));
  return { ...plain, kind: "probation", tone: "note", shape: "note", heading, text: [banners.probationText] };
}

function ofHalt(model: Model, status: Status, times: Times): Banner {
  const since = millis(status.since);
  const { by, rest } = banners.haltedBy(status, clockText(since, times.server), durationText(times.server - since));
  const unknown = status.report?.unknown ?? 0;
  const locked = status.state === "locked";
  const exposure = (model.topics.positions?.exposure ?? []).map((amount) => amountWithUnit(amount)).join(", ");
  const open = unknown > 0 ? [banners.unfinishedText(exposure === "" ? null : exposure)] : [];
  return {
    ...plain,
    kind: unknown > 0 ? "halted, unfinished" : "halted",
    tone: "halt",
    shape: "halted",
    heading: unknown > 0 ? banners.unfinished(unknown) : locked ? banners.locked : banners.halted,
    by: { before: banners.stoppedBy, name: by, rest },
    text: [...open, banners.haltedReason(status.report?.reason ?? status.cause), locked ? banners.lockedResume : banners.resume],
    commands: [status.resume_command],
    report: status.report,
    action: locked ? null : resumes(model),
  };
}

function ofStreams(status: Status): Banner | null {
  const stream = status.streams.find(({ state }) => state === "gap") ?? status.streams.find(({ state }) => state === "stale");
  if (stream === undefined) return null;
  const age = stream.age_ns === null ? null : durationText(millisOfNanos(stream.age_ns));
  const limit = stream.limit_ns === null ? null : durationText(millisOfNanos(stream.limit_ns));
  return {
    ...plain,
    kind: stream.state,
    tone: "warn",
    shape: "unknown",
    heading: stream.state === "gap" ? banners.gap(stream) : banners.stale(stream, age, limit),
    text: [banners.staleText(stream)],
  };
}

function ofSource(status: Status, times: Times): Banner | null {
  const { source } = status;
  if (source === null || !source.finished) return null;
  const end = status.clock ?? source.end;
  return {
    ...plain,
    kind: "recording over",
    tone: "note",
    shape: "note",
    heading: banners.recordingOver(end === null ? null : clockText(millis(end), times.server)),
    text: [source.at_end === "repeat" ? banners.startsOver : banners.nothingMore],
  };
}

function ofBuild(model: Model): Banner | null {
  if (model.outdated === null) return null;
  return {
    ...plain,
    kind: "new build",
    tone: "note",
    shape: "note",
    heading: banners.newBuild(model.outdated),
    action: { does: "reload", label: words.reload },
  };
}

function ofParts(status: Status, times: Times): Banner | null {
  const halt = status.partial_halts[0];
  if (halt === undefined) return null;
  return {
    ...plain,
    kind: "partly halted",
    tone: "warn",
    shape: "halted",
    heading: banners.partly(halt, clockText(millis(halt.since), times.server)),
    text: [banners.partlyText(halt)],
  };
}

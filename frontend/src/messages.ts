/** Every text of the page. English only; what is in braces in the design is a parameter here. */
import type { HaltReport, PartialHalt, Source, Status, Stream } from "./api/types";
import { zoneWord } from "./format/time";

export const words = {
  product: "AlphaPulse",
  skip: "Skip to content",
  states: {
    active: "ACTIVE",
    reducing: "REDUCING",
    probation: "PROBATION",
    halted: "HALTED",
    locked: "LOCKED",
    starting: "STARTING",
    stopping: "STOPPING",
    unknown: "UNKNOWN",
  },
  modes: { paper: "PAPER", live: "LIVE" },
  streamStates: {
    fresh: "Fresh",
    quiet: "Quiet",
    stale: "Stale",
    gap: "Gap",
    unknown: "unknown",
    ended: "Ended",
  },
  results: { traded: "Traded", failed: "Failed", refused: "Refused", pending: "Pending", orphaned: "Orphaned" },
  none: "\u2014",
  notReceived: "Not received from the daemon yet.",
  reading: "Reading\u2026",
  retry: "Retry",
  retryNow: "Retry now",
  reload: "Reload",
  logIn: "Log in",
  copy: "Copy",
  copied: "Copied",
  close: "Close",
  cancel: "Cancel",
} as const;

export const pages = {
  label: "Pages",
  overview: "Overview",
  opportunities: "Opportunities",
  execution: "Execution",
  pools: "Pools",
  risk: "Risk",
  system: "System",
  relays: "Relays",
  firehose: "Firehose",
  settings: "Settings",
  missing: "There is no page at this address.",
} as const;

export const keyboard = {
  title: "Keyboard",
  stopKeys: "Alt+Shift+S",
  stop: "Hold for one second: stop trading, from anywhere",
  goTo: (page: string) => `Go to ${page}`,
  firehose: [
    ["/", "Pools: filter"],
    ["Space", "Firehose: pause and go on"],
    ["j", "Firehose, pools, trades: next row"],
    ["k", "Firehose, pools, trades: previous row"],
  ] satisfies [string, string][],
  help: "This list",
  switch: "Shortcuts by single keys",
} as const;

export const firehose = {
  live: "Live frames",
  counts: (received: string, skipped: string) => `${received} received, ${skipped} left out`,
  countsWhy: "At most 20 frames a second are sent. Of what passes the newest of each type are taken.",
  pause: "Pause",
  go: "Go on",
  clear: "Clear",
  domain: "Domain",
  type: "Type",
  source: "Source",
  all: { domain: "All domains", type: "All types", source: "All sources" },
  clearFilters: "Clear filters",
  time: "Time, UTC",
  kind: "Type",
  relay: "Domain",
  bytes: "Bytes",
  checksum: "Checksum",
  unknownType: (type: number) => `type ${type}`,
  noTlv: "no TLV",
  more: (count: number) => `+${count}`,
  newer: (count: string) => `${count} newer`,
  pausedNewer: (count: string) => `Paused, ${count} newer`,
  paused: "Paused",
  waiting: "Waiting for the first frame. One comes when something passes on a relay.",
  noMatch: "No frame matches these filters.",
  notConnected: "Not connected, so nothing comes. A pasted frame is decoded all the same.",
  shownOf: (shown: string, matching: string) => `The newest ${shown} of ${matching}`,
  list: "Frames",
  nothing: "No frame chosen",
  nothingText: "Choose a frame of the list, or paste one.",
  frame: (n: string) => `Frame ${n}`,
  pasted: "Pasted frame",
  size: (bytes: string) => `${bytes} bytes`,
  right: "Checksum right",
  wrong: "Checksum wrong",
  unchecked: "Checksum not checked: there is no whole frame",
  fault: (kind: string) => `Refused: ${kind.replaceAll("_", " ")}`,
  at: "At byte",
  subject: "Where",
  expected: "Expected",
  found: "Found",
  hint: "Likely",
  hex: "Bytes in hex",
  pointing: "Point at a byte or a field to see what belongs together; a click keeps it marked.",
  place: (offset: number, size: number) =>
    size === 0 ? `at byte ${offset}` : size === 1 ? `byte ${offset}` : `bytes ${offset} to ${offset + size - 1}`,
  copyHex: "Copy the frame as hex",
  cut: (left: string) => `and ${left} more bytes, not shown`,
  fields: "Fields",
  field: "Field",
  value: "Value",
  meaning: "Unit and meaning",
  header: "Header",
  headerText: "The same in every frame",
  tlv: (type: number, name: string | null) => `TLV ${type}${name === null ? ", of a type that nobody declared" : ` ${name}`}`,
  absent: "absent",
  items: (count: number) => (count === 1 ? "1 item" : `${count} items`),
  empty: "\u201c\u201d",
  rowsCut: "More fields than are shown here.",
  paste: "Paste a frame",
  pasteLabel: "Hex text; spaces, line breaks and 0x are left out",
  decode: "Decode",
  notHex: (character: string) => `\u201c${character}\u201d is no hex digit.`,
  odd: "An odd number of digits: half a byte is missing.",
  tooLong: "More than 1 MiB: no frame is that long.",
} as const;

export const stop = {
  button: "Stop trading",
  again: "Stop again",
  hint: "hold 1 s",
  holding: "Hold\u2026 1 s",
  early: "Hold for one second to stop.",
  viewer: "Viewers cannot stop. Ask an operator.",
  aborted: "Not stopped: the hold was interrupted.",
  reason: "Stopped from the dashboard.",
  dialogTitle: "Stop all trading?",
  dialogText: "Nothing more is sent. Only a person can resume.",
  now: "Stop now",
  giveUp: "Stop trying",
  dismiss: "Close",
  sentShort: (ago: string) => `stop sent ${ago} ago`,
  sent: (ago: string) => `Stop sent ${ago} ago. Waiting for the daemon to confirm.`,
  noAnswer: "No answer yet. Treat it as still trading.",
  trying: (attempts: number) => `Trying again every second, ${attempts} so far. On its machine:`,
  lastProblem: (problem: string) => `Last problem: ${problem}`,
  refused: "The daemon refused to stop.",
  needsLogin: "Your session ended before the stop was sent.",
  needsLoginText: "It is sent as soon as you are logged in. On its machine:",
  takesEffect: "Stopping.",
  takesEffectText: "The daemon has accepted the stop and is carrying it out.",
} as const;

export function commandOrSignal(ways: { command: string; signal: string } | null): string[] {
  return ways === null ? ['alphapulse kill --reason "\u2026"'] : [ways.command, ways.signal];
}

export const banners = {
  starting: "Starting. Nothing is traded yet.",
  startingText: (cause: string, ago: string) => `Step: ${cause}, ${ago}.`,
  halted: "HALTED. Nothing is being traded.",
  haltedBy: (status: Status, at: string, ago: string) => {
    const halt = status.halt_id === null ? "" : ` Halt ${status.halt_id}, ${scopeText(status.report?.scope ?? "global")}.`;
    return { by: status.by, rest: ` from ${status.via} at ${at}, ${ago} ago.${halt}` };
  },
  haltedReason: (text: string) => `Reason: \u201c${text}\u201d A restart does not end it; only a person can resume.`,
  unfinished: (count: number) =>
    `HALTED, but ${count} ${count === 1 ? "order has" : "orders have"} an unknown outcome.`,
  unfinishedText: (exposure: string | null) =>
    `Nothing new is sent. They count as exposure${exposure === null ? "" : ` (${exposure})`} until a venue answers.`,
  resume: "To resume on its machine, run:",
  resumeButton: "Resume\u2026",
  stoppedBy: "Stopped by ",
  disconnected: (ago: string, asOf: string) => `Disconnected for ${ago}. What you see is as of ${asOf}.`,
  neverConnected: "Not connected. Nothing is known yet.",
  disconnectedText:
    "The daemon may still be trading. Stopping still works from here if the daemon answers; otherwise run on its machine:",
  disconnectedHalted: (halt: string, asOf: string) =>
    `Trading was halted at ${asOf}${halt} and only a person can resume. To halt again, run on its machine:`,
  nextTry: (seconds: number) => `Next try in ${seconds} s`,
  tryingNow: "Trying now",
  sessionOver: (asOf: string) => `Your session ended. The page shows data as of ${asOf}.`,
  sessionOverText: "The daemon may still be trading. Log in again to see it and to stop from here.",
  stale: (stream: Stream, age: string | null, limit: string | null) =>
    `Stale: ${stream.label}${age === null ? "" : `, last event ${age} ago`}${limit === null ? "" : `, limit ${limit}`}.`,
  gap: (stream: Stream) => `Gap: ${stream.label}, events are missing.`,
  staleText: (stream: Stream) => stream.note || "Nothing that needs it is traded.",
  recordingOver: (at: string | null) => (at === null ? "Recording finished." : `Recording finished at ${at}.`),
  startsOver: "It starts over by itself.",
  nothingMore: "Nothing more will happen until a replay is started.",
  newBuild: (version: string) => `The daemon was updated. This page is from ${version}.`,
  partly: (halt: PartialHalt, at: string) =>
    `${scopeText(halt.scope)} is ${halt.level} since ${at} by ${halt.by}. Everything else trades.`,
  locked: "LOCKED. Nothing is being traded, and no resume ends it.",
  lockedResume: "To unlock, stop the daemon and run on its machine:",
  reducing: (at: string, by: string) => `REDUCING since ${at} by ${by}. Only what lowers exposure is traded.`,
  reducingText: (cause: string) => `Reason: \u201c${cause}\u201d`,
  probation: (at: string) => `On probation since ${at}: all limits are at 10%.`,
  probationText: "It ends by itself after a time of clean running.",
  partlyText: (halt: PartialHalt) => `Reason: \u201c${halt.cause}\u201d`,
} as const;

export const report = {
  cancelled: "Cancelled",
  inFlight: "In flight",
  unknown: "Outcome unknown",
  exposure: "Exposure left",
  pending: "under way",
  kept: (names: string[]) => `Kept running: ${names.join(", ")}.`,
  label: "What the halt did",
  step: (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " "),
} as const;

export function scopeText(scope: string): string {
  return scope === "global" ? "whole system" : scope.replace(/^strategy:/, "");
}

export function reportText(halt: HaltReport, step: { ms: string; done: boolean }): string {
  return step.done ? `${step.ms} ms` : halt.complete ? words.none : report.pending;
}

export const shell = {
  since: (ago: string, at: string, by: string) => `${ago}, since ${at}, by ${by}`,
  wasState: (word: string, at: string) => `was ${word} at ${at}`,
  nothingKnown: "nothing heard yet",
  partsHalted: (count: number) => (count === 1 ? "1 part halted" : `${count} parts halted`),
  recording: (name: string) => `Recording ${name}`,
  speed: (speed: string) => `speed \u00d7${speed}`,
  atEnd: { repeat: "starts over at the end", stop: "stops at the end", hold: "stays at the end" },
  position: (percent: string) => `${percent} of the recording`,
  sourceShort: (source: Source) => `Recording, \u00d7${source.speed}`,
  strip: "Data source",
  recordedTime: "recorded time",
  sourceTime: "time of the last block",
  connected: "Connected",
  connecting: "Connecting",
  disconnected: "Disconnected",
  theme: { auto: "Theme: as the system", dark: "Theme: dark", light: "Theme: light" },
  configuration: (hash: string) => `config ${hash}`,
  shed: (at: string) => `This page was too slow and was cut off at ${at}. It has reloaded everything.`,
  resumed: "Trading is active again.",
  haltedAnnounced: "Halted. Nothing is being traded.",
  unknownAnnounced: "Disconnected. The state of the daemon is unknown.",
  traded: (net: string) => `Traded, ${net}.`,
} as const;

export const login = {
  title: "Log in to AlphaPulse",
  text: "Enter the one-time code the daemon printed when it started.",
  label: "One-time code",
  submit: "Log in",
  checking: "Logging in\u2026",
  fresh: "No code, or it was used already? On the daemon\u2019s machine, run:",
  freshCommand: "alphapulse login",
  wrong: "This code is wrong, was used already, or is too old. Get a fresh one.",
  unreachable: "The daemon did not answer. Is it running? Try again.",
  problem: (text: string) => `The daemon refused: ${text}`,
  empty: "Enter the code.",
  dialogTitle: "Log in again",
} as const;

export const freshness = {
  title: "Data freshness",
  since: "since last",
  limit: (limit: string) => `, limit ${limit}`,
  delivered: "delivered",
  refused: (count: number) => `, ${count} refused`,
  noStreams: "The daemon reported no streams.",
} as const;

export const profit = {
  title: "Net P&L today",
  meta: (day: string, mode: string, run: number) => `${day} UTC \u00b7 ${mode}${run > 1 ? ` \u00b7 run ${run}` : ""}`,
  traded: "Traded",
  failed: "Failed",
  refused: "Refused",
  best: "Best trade",
  worst: "Worst trade",
  last: "Last trade",
  gross: "Gross",
  poolFees: "Pool fees",
  flashFees: "Flash fees",
  gas: "Gas",
  gasOfFailed: "Gas of failed",
  net: "Net",
  settled: "Of it final",
  settledWhy: "Of trades on blocks that no reorganisation takes back any more.",
  ago: (text: string) => `${text} ago`,
  none: "Nothing traded today.",
  noTrade: "no trade today",
  token: "Token",
  byStrategy: "By strategy",
  summary: (net: string, trades: number, failed: number) =>
    `Net today ${net} after ${trades} trades and ${failed} failed ones. Curve of the net since the start of the day.`,
  lesson: "Keep in mind:",
} as const;

export const price = {
  title: (base: string, quote: string) => `${base}/${quote} in two pools`,
  pair: "Pair of pools",
  choice: (base: string, quote: string, first: string, second: string) => `${base}/${quote}: ${first}, ${second}`,
  unit: (base: string, quote: string) => `${quote} per ${base}`,
  gap: "Gap",
  bps: (text: string) => `${text} bps`,
  ranges: { "45": "45 min", "360": "6 h", day: "Day" },
  range: "Range",
  gapCaption: (above: string, below: string, fees: string) =>
    `Gap, bps: ${above} pool above (+) or below (\u2212) the ${below} pool; dashed: both fees, ${fees}`,
  gapShort: (fees: string) => `Gap, bps; dashed: both fees, ${fees}`,
  halted: "Halted",
  none: "No pair of pools yet.",
  noPoints: "No swap in either pool yet.",
  noneInRange: "No swap in this range.",
  noPrice: (label: string) => `No swap of the ${label} pool was seen yet.`,
  table: "Show as table",
  tableLabel: "The last 200 states",
  scrub: "State under the cursor",
  log: (block: string, index: number) => `block ${block}, log ${index}`,
  summary: (first: string, a: string, second: string, b: string, gap: string, marks: number) =>
    `${first} pool ${a}, ${second} pool ${b}, gap ${gap} bps, ${marks} opportunities in view.`,
  get time(): string {
    return `Time, ${zoneWord()}`;
  },
} as const;

export const positions = {
  title: "Open positions",
  nothing: "Nothing open.",
  nothingText: "Trades open and close in one transaction.",
  exposure: "Exposure now",
  largest: "Largest today",
  limit: "Limit",
  noLimit: "none set",
  share: (percent: string) => `Exposure ${percent} of the limit`,
  holdings: "Holdings, gas not taken off",
  strategy: "Strategy",
  size: "Size",
  state: "State",
  age: "Age",
  amount: "Amount",
} as const;

export const opportunities = {
  title: "Last opportunities",
  found: "found",
  traded: "traded",
  failed: "failed",
  refused: "refused",
  pending: "pending",
  orphaned: "orphaned",
  get time(): string {
    return `Time, ${zoneWord()}, log`;
  },
  path: (base: string) => `Buy, sell ${base}`,
  pathPlain: "Path",
  gap: "Gap, bps",
  size: "Size",
  gross: "Gross",
  poolFees: "Pool fees",
  flash: "Flash",
  gas: "Gas",
  feesAndGas: "Fees, gas",
  net: "Net",
  withUnit: (head: string, unit: string | null) => (unit === null ? head : `${head}, ${unit}`),
  result: "Result and reason",
  none: "No opportunities yet.",
  noneHalted: "Strategies are halted: nobody looks for opportunities.",
  noneSeen: (states: string, largest: string | null, fees: string) =>
    `No opportunities yet. ${states} states seen, ${largest === null ? "" : `largest gap ${largest} bps, `}fees ${fees}.`,
  newer: (count: number) => `${count} newer`,
  all: (count: number) => `Show all ${count}`,
  fewer: "Show fewer",
  /** Short words for the gate's checks, by code; the details show the gate's own. */
  checks: {
    min_net_profit: (value: string, limit: string) => `net ${value} below ${limit}`,
    no_net_profit: (value: string) => `net ${value}, must be above 0`,
    max_trade_value: (value: string, limit: string) => `size ${value} above ${limit}`,
    input_fresh: (value: string, limit: string) => `data ${value} old, limit ${limit}`,
    duplicate: () => "gap already traded",
  } satisfies Record<string, (value: string, limit: string) => string>,
  asExpected: "as expected",
  unlikeExpected: (difference: string) => `${difference} against expected`,
  noGas: "The gas could not be valued in this token.",
  noNet: "Without a value for the gas the net is not known.",
  bps: (text: string) => `${text} bps`,
  open: (time: string) => `Details of the opportunity at ${time}`,
} as const;

export const details = {
  title: (id: string) => `Opportunity ${id}`,
  when: "Time",
  at: "Log",
  log: (block: string, index: number) => `block ${block}, log ${index}`,
  strategy: "Strategy",
  path: "Path",
  buy: "Buys in",
  sell: "Sells in",
  gap: "Gap",
  sums: "What it would earn, every digit",
  size: "Size",
  gross: "Gross",
  poolFees: "Pool fees",
  flashFee: "Flash fee",
  gas: "Gas",
  net: "Net",
  actual: "Actual net",
  result: "Result",
  check: "Gate check",
  code: "Check",
  value: "Value",
  limit: "Limit",
  gone: "This opportunity is not among the newest ones the daemon sent.",
  noCheck: "No check stopped it.",
  fee: (text: string) => `fee ${text}`,
} as const;

export const tree = {
  title: "Task tree",
  meta: (tasks: number, restarts: number) =>
    `${tasks} ${tasks === 1 ? "task" : "tasks"}, ${restarts} ${restarts === 1 ? "restart" : "restarts"}`,
  task: "Task",
  state: "State",
  beat: "Last beat",
  byHalt: (halt: number) => `by halt ${halt}`,
  restarted: (count: number) => `restarted ${count}\u00d7`,
} as const;

export const failure = {
  title: "This card failed to draw.",
} as const;

"""Shapes of the API. Names are the component names of the OpenAPI document; the frontend's types are made from them.

Integers that can exceed 2^53 (amounts, nanoseconds) are decimal text. Every field is always present; null means
"not known" or "not there", never zero.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Natural = Annotated[str, Meta(pattern=r"^\d+$")]
"""A natural number as decimal text."""
Integer = Annotated[str, Meta(pattern=r"^-?\d+$")]
"""An integer as decimal text."""
Decimal = Annotated[str, Meta(pattern=r"^-?\d+(\.\d+)?$")]
"""A decimal number as text."""
Address = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{40}$")]
"""An EVM address in lower case."""

RunMode = Literal["paper", "live"]
State = Literal["starting", "active", "reducing", "probation", "halted", "locked", "stopping"]
LevelWord = Literal["active", "reducing", "probation", "halted", "locked"]
ViaWord = Literal[
    "start rule",
    "the dashboard",
    "the command line",
    "the API",
    "a signal",
    "the supervisor",
    "the journal",
    "the local socket",
    "the halt file",
    "the risk engine",
    "a breaker",
    "the watchdog",
    "reconciliation",
    "the clock",
    "the end of probation",
]
StreamState = Literal["fresh", "quiet", "stale", "gap", "unknown", "ended"]
TaskState = Literal["starting", "running", "backing off", "stopped", "cancelled", "failed"]
SolverStage = Literal["state", "liquidity", "sizing", "slippage", "valuation", "costs", "shared"]
"""What ends a candidate before it is a signal, in order."""
StageWord = Literal[
    "state", "liquidity", "sizing", "slippage", "valuation", "costs", "shared", "signalled", "gate", "execution"
]
"""The solver's stages; then all signals, those that the gate refused, and those that failed when they were executed."""
Result = Literal["traded", "failed", "refused", "pending", "orphaned"]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that the API sends."""


class Instant(Shape, frozen=True, kw_only=True):
    """A moment: nanoseconds since 1970 UTC as text, and the same for people."""

    ns: Natural
    iso: str


class TokenRef(Shape, frozen=True, kw_only=True):
    """A token, with the decimals read from the chain."""

    address: Address
    symbol: str
    decimals: int


class Amount(Shape, frozen=True, kw_only=True):
    """A signed amount: `raw` counts the token's smallest units."""

    raw: Integer
    decimals: int
    symbol: str
    token: Address


class PoolRef(Shape, frozen=True, kw_only=True):
    """A pool in few words; the fee in parts per million, null if it changes with the pool's state."""

    address: Address
    name: str
    fee_ppm: int | None


class HaltStep(Shape, frozen=True, kw_only=True):
    """One step of a halt: milliseconds since the call as text."""

    name: str
    ms: Decimal
    done: bool
    text: str


class VenueReport(Shape, frozen=True, kw_only=True):
    """What came of the orders at one venue; `ended` had ended otherwise, such as by a late fill."""

    name: str
    cancelled: int
    ended: int
    in_flight: int
    unknown: int
    text: str


class FlattenReport(Shape, frozen=True, kw_only=True):
    """What is sold, or was sold, on the one flatten of a halt."""

    halt_id: int
    scope: str
    stage: Literal["begun", "done", "failed", "lost"]
    actor: str
    via: ViaWord
    reason: str
    at: Instant
    closed: int
    unknown: int
    text: str


class HaltReport(Shape, frozen=True, kw_only=True):
    """What a halt did. `complete` is false while steps still run; they appear in `Status.report`.

    `at` is the wall clock, `market_time` the market's at that moment. `unknown_orders` names orders whose outcome is
    not known; `unknown` counts them all.
    """

    halt_id: int
    scope: str
    level: LevelWord
    actor: str
    via: ViaWord
    at: Instant
    market_time: Instant | None
    reason: str
    epoch: int
    steps: list[HaltStep]
    venues: list[VenueReport]
    unknown_orders: list[str]
    cancelled: int
    in_flight: int
    unknown: int
    kept_running: list[str]
    complete: bool
    flatten: FlattenReport | None


class HaltSummary(Shape, frozen=True, kw_only=True):
    """A halt in one line. `ended` is null while it is in force, `report` says whether its report is there."""

    halt_id: int
    scope: str
    level: LevelWord
    actor: str
    via: ViaWord
    at: Instant
    reason: str
    ended: Instant | None
    ended_by: str | None
    report: bool


class Halts(Shape, frozen=True, kw_only=True):
    """The newest halts, newest first, over restarts too."""

    halts: list[HaltSummary]


class Challenge(Shape, frozen=True, kw_only=True):
    """What must be typed to end a halt. Good for 60 s, for one try, and for who asked.

    `text` says what resuming does and does not do; `objections` what would forbid it now.
    """

    nonce: str
    scope: str
    halt_id: int
    phrase: str
    text: list[str]
    objections: list[str]
    expires: Instant


class PartialHalt(Shape, frozen=True, kw_only=True):
    """A halt of a part, such as `strategy:NAME`."""

    scope: str
    level: LevelWord
    halt_id: int
    since: Instant
    by: str
    via: ViaWord
    cause: str


class Run(Shape, frozen=True, kw_only=True):
    """The current run of the books."""

    number: int
    started: Instant
    reason: str


class Source(Shape, frozen=True, kw_only=True):
    """A recording that is played, and how far it is."""

    kind: Literal["recorded"]
    name: str
    speed: Decimal
    position_ppm: int
    start: Instant | None
    end: Instant | None
    at_end: Literal["repeat", "stop", "hold"]
    finished: bool


class Stream(Shape, frozen=True, kw_only=True):
    """Freshness of one stream of data. Ages are in the source's time."""

    id: str
    label: str
    state: StreamState
    last_event: Instant | None
    age_ns: Natural | None
    limit_ns: Natural | None
    delivered: int
    refused: dict[str, int]
    detail: str
    note: str


class Build(Shape, frozen=True, kw_only=True):
    """What runs: the version, and the first 12 hex digits of the configuration's hash."""

    version: str
    configuration: str


class OtherWays(Shape, frozen=True, kw_only=True):
    """How to stop trading without this API."""

    command: str
    signal: str


class Status(Shape, frozen=True, kw_only=True):
    """Does it run, since when, by whom; is its data fresh."""

    mode: RunMode
    state: State
    since: Instant
    by: str
    via: ViaWord
    cause: str
    halt_id: int | None
    epoch: int
    partial_halts: list[PartialHalt]
    report: HaltReport | None
    run: Run
    source: Source | None
    streams: list[Stream]
    clock: Instant | None
    build: Build
    assumption: str
    lesson: str | None
    other_ways: OtherWays
    resume_command: str
    server_time: Instant


class TreeNode(Shape, frozen=True, kw_only=True):
    """A task of the daemon with those below it."""

    name: str
    path: str
    kind: str
    state: TaskState
    since: Instant
    restarts: int
    heartbeat: Instant | None
    reason: str
    children: list[TreeNode]


class TaskStacks(Shape, frozen=True, kw_only=True):
    """Every task below its parent, with the calls in which it waits."""

    text: str


class ChangedSetting(Shape, frozen=True, kw_only=True):
    """A setting before and after, as JSON; empty where it was not set."""

    path: str
    before: str
    after: str


class Reloaded(Shape, frozen=True, kw_only=True):
    """What a strategy was given, as the journal has it."""

    configuration_before: str
    configuration_after: str
    changes: list[ChangedSetting]
    at: Instant


class Point(Shape, frozen=True, kw_only=True):
    """A pair after one Swap log of either pool: prices `a` and `b`, and the signed gap of a against b in bps."""

    i: int
    t: Natural
    block: int
    log_index: int
    a: Decimal | None
    b: Decimal | None
    gap: Decimal | None
    mark: Literal["opportunity"] | None


class PairView(Shape, frozen=True, kw_only=True):
    """Two pools of one pair: `points` holds at most the 5000 newest, `gap_bps` is the newest point's gap.

    `fees_bps` is the sum of both fees, null while one of them is dynamic and not told yet.
    """

    id: str
    base: TokenRef
    quote: TokenRef
    pools: tuple[PoolRef, PoolRef]
    fees_bps: Decimal | None
    gap_bps: Decimal | None
    points: list[Point]


class Pairs(Shape, frozen=True, kw_only=True):
    """All pairs."""

    pairs: list[PairView]


class Reason(Shape, frozen=True, kw_only=True):
    """Why there was no trade: the check, the value found and the limit, each in `unit`."""

    code: str
    text: str
    value: str | None
    limit: str | None
    unit: str


class Opportunity(Shape, frozen=True, kw_only=True):
    """A gap that was found and what came of it. Costs are positive; null could not be valued."""

    id: str
    run: int
    time: Instant
    block: int
    log_index: int
    strategy: str
    pair: str
    path: list[PoolRef]
    token: TokenRef
    gap_bps: Decimal
    size: Amount
    gross: Amount
    pool_fees: Amount
    flash_fee: Amount
    gas: Amount | None
    net: Amount | None
    result: Result
    reason: Reason | None
    actual_net: Amount | None


class Counts(Shape, frozen=True, kw_only=True):
    """How many opportunities of the run had which result. Orphaned: seen on a block that its chain took back."""

    found: int
    traded: int
    failed: int
    refused: int
    pending: int
    orphaned: int


class MeasureView(Shape, frozen=True, kw_only=True):
    """A number that was compared with a limit; null is a limit that is not set."""

    name: str
    value: str
    limit: str | None
    unit: str


class HopView(Shape, frozen=True, kw_only=True):
    """One pool of a path, with what is sold and bought there. A fee of null changes with the pool's state."""

    pool: Address
    name: str
    fee_ppm: int | None
    sold: TokenRef
    bought: TokenRef


class CandidateView(Shape, frozen=True, kw_only=True):
    """A cycle whose prices beat its pool fees, and what ended it.

    `gap_bps` is before fees. Amounts are null where the stage was not reached.
    """

    id: str
    stage: SolverStage
    reason: str
    time: Instant
    block: int
    log_index: int
    hops: list[HopView]
    token: TokenRef
    gap_bps: Decimal
    size: Amount | None
    gross: Amount | None
    pool_fees: Amount | None
    flash_fee: Amount | None
    gas: Amount | None
    net: Amount | None
    limits: list[MeasureView]


class StageCount(Shape, frozen=True, kw_only=True):
    """How many cycles ended at a stage since the strategy's present life began."""

    stage: StageWord
    count: int


class Opportunities(Shape, frozen=True, kw_only=True):
    """A page of opportunities, newest first; of one of the solver's stages a page of candidates instead."""

    opportunities: list[Opportunity]
    candidates: list[CandidateView]
    next_cursor: str | None
    counts: Counts
    stages: list[StageCount]


class LatestOpportunities(Shape, frozen=True, kw_only=True):
    """The newest 50 opportunities."""

    opportunities: list[Opportunity]
    counts: Counts


class OpenTrade(Shape, frozen=True, kw_only=True):
    """A trade in flight."""

    intent_id: str
    strategy: str
    size: Amount
    since: Instant
    state: str


class Holding(Shape, frozen=True, kw_only=True):
    """What a strategy holds of a token."""

    strategy: str
    amount: Amount


class Positions(Shape, frozen=True, kw_only=True):
    """What is open and held, the exposure now, the largest today, and the limit."""

    open: list[OpenTrade]
    holdings: list[Holding]
    exposure: list[Amount]
    largest: list[Amount]
    limit: Amount | None


class PnlPoint(Shape, frozen=True, kw_only=True):
    """Net so far after a trade; a step of the curve."""

    t: Natural
    net: Integer
    kind: Literal["fill", "failed"]


class PnlToken(Shape, frozen=True, kw_only=True):
    """Profit and loss in one token: net = gross - pool_fees - flash_fees - gas - gas_of_failed.

    `settled` is the part of the net that no reorganisation takes back; null where no chain tells how far it is final.
    """

    token: TokenRef
    traded: int
    failed: int
    refused: int
    gross: Amount
    pool_fees: Amount
    flash_fees: Amount
    gas: Amount
    gas_of_failed: Amount
    net: Amount
    settled: Amount | None
    best: Amount | None
    worst: Amount | None
    last_trade: Instant | None
    curve: list[PnlPoint]


class StrategyPnl(Shape, frozen=True, kw_only=True):
    """Profit and loss of one strategy on one day."""

    strategy: str
    day: str
    tokens: list[PnlToken]


class Pnl(Shape, frozen=True, kw_only=True):
    """Profit and loss of a run on the source's UTC day."""

    run: int
    day: str
    tokens: list[PnlToken]
    by_strategy: list[StrategyPnl]


class FillView(Shape, frozen=True, kw_only=True):
    """A trade that was executed, with all its costs. `orphaned`: its block was taken back, and it off the books."""

    intent_id: str
    run: int
    time: Instant
    block: int
    log_index: int
    strategy: str
    path: list[PoolRef]
    size: Amount
    gross: Amount
    pool_fees: Amount
    flash_fee: Amount
    gas: Amount
    net: Amount
    expected_net: Amount
    assumption: str
    orphaned: bool


class Fills(Shape, frozen=True, kw_only=True):
    """A page of fills, newest first."""

    fills: list[FillView]
    next_cursor: str | None


class RunView(Shape, frozen=True, kw_only=True):
    """A run of the books."""

    number: int
    started: Instant
    ended: Instant | None
    source: str
    reason: str


class Runs(Shape, frozen=True, kw_only=True):
    """All runs, newest first."""

    runs: list[RunView]


class AuditHead(Shape, frozen=True, kw_only=True):
    """The journal's end, on the disk: `head_hash` is the SHA-256 of its last frame, which all before it lead to."""

    records: int
    head_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: int


RoleWord = Literal["viewer", "operator", "risk", "admin"]


class SessionView(Shape, frozen=True, kw_only=True):
    """Who asks: a browser with a session that ends, or the bearer of a key; `actor` is the key's name."""

    kind: Literal["browser", "bearer"]
    actor: str
    role: RoleWord
    key: str
    expires: Instant | None


class SessionOpened(Shape, frozen=True, kw_only=True):
    """The session is open until then."""

    expires: Instant


class LoginCode(Shape, frozen=True, kw_only=True):
    """A fresh one-time login; `url` carries the code behind `#`, so no server logs it."""

    code: str
    url: str
    expires: Instant


class StreamTicket(Shape, frozen=True, kw_only=True):
    """What a page sends as the first message on its WebSocket; it works once, and not for long."""

    ticket: str
    expires: Instant


class KeyView(Shape, frozen=True, kw_only=True):
    """A key: whose, its id in the audit, and since when."""

    name: str
    role: RoleWord
    key: str
    made: Instant | None


class Keys(Shape, frozen=True, kw_only=True):
    """All keys that are good, the owner's first."""

    keys: list[KeyView]


class Health(Shape, frozen=True, kw_only=True):
    """Whether the daemon lives, or is ready."""

    ok: bool


class ErrorBody(Shape, frozen=True, kw_only=True):
    """What was expected, what was found and what to do. `request` is the number to look for in the log."""

    code: str
    message: str
    detail: dict[str, Any] | None
    request: str


class ErrorReply(Shape, frozen=True, kw_only=True):
    """Every error of the API."""

    error: ErrorBody

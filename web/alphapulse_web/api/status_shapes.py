"""Shapes of what runs: status, streams, the recording that is played, tasks and settings."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.halt_shapes import HaltReport, PartialHalt
from alphapulse_web.api.schemas import Decimal, Instant, Natural, Shape, ViaWord

RunMode = Literal["paper", "live"]
State = Literal["starting", "active", "reducing", "probation", "halted", "locked", "stopping"]
StreamState = Literal["fresh", "quiet", "stale", "gap", "unknown", "ended"]
TaskState = Literal["starting", "running", "backing off", "stopped", "cancelled", "failed"]


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

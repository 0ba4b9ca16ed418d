"""Halts: who stopped what, why, and what came of it."""

from __future__ import annotations

import enum

from alphapulse.data.wire import BOOLEAN, NAME, SENTENCE, U32, U64, Choice, Domain, Many, Record, message, record, wire

GLOBAL = "global"
"""The scope that holds everything; a strategy's scope is `strategy:NAME`."""


class Level(enum.IntEnum):
    """What a scope may do; the lowest of all scopes that hold an intent counts."""

    HALTED = 0
    ACTIVE = 2


class Via(enum.IntEnum):
    """The path by which a halt or a resume came."""

    START_RULE = 0
    DASHBOARD = 1
    COMMAND_LINE = 2
    API = 3
    OS_SIGNAL = 4
    SUPERVISOR = 5
    JOURNAL = 6


@message(type=73, domain=Domain.EXECUTION)
class HaltChange:
    """A scope's level changed. The latest of each scope is the state that a restart finds."""

    halt_id: int = wire(U32, "number of the halt; a resume carries the number of the halt that it ends")
    epoch: int = wire(U64, "halt epoch after the change")
    scope: str = wire(NAME, "`global` or `strategy:NAME`")
    level: Level = wire(Choice(Level))
    actor: str = wire(NAME, "who")
    via: Via = wire(Choice(Via))
    reason: str = wire(SENTENCE, "why, in the actor's words")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@record
class HaltStep:
    """One step of a halt, done or not, with the time since the call."""

    name: str = wire(NAME)
    elapsed_us: int = wire(U64, unit="µs since the call")
    done: bool = wire(BOOLEAN, "1 if the step is finished")
    text: str = wire(SENTENCE)


@message(type=74, domain=Domain.EXECUTION)
class HaltReport:
    """What a halt did: the proof that it stopped, and what is left."""

    halt_id: int = wire(U32)
    scope: str = wire(NAME)
    steps: tuple[HaltStep, ...] = wire(Many(Record(HaltStep), 32))
    cancelled: int = wire(U32, "orders cancelled and verified")
    in_flight: int = wire(U32, "orders still on their way")
    unknown: int = wire(U32, "orders whose outcome is not known")
    kept_running: tuple[str, ...] = wire(Many(NAME, 32), "what goes on")

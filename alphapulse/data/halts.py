"""Halts: who stopped what, why, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from alphapulse.data.wire import (
    BOOLEAN,
    NAME,
    SENTENCE,
    U32,
    U64,
    Choice,
    Domain,
    Many,
    Maybe,
    Record,
    Text,
    message,
    record,
    wire,
)

GLOBAL = "global"
"""The scope that holds everything; the others are `venue:NAME`, `strategy:NAME` and `instrument:HEX`."""

MOST_UNKNOWN = 64
"""Orders that a report names; how many there are is counted beyond that."""
MOST_VENUES = 32


class Level(enum.IntEnum):
    """What a scope may do; the strictest of all scopes that hold an intent counts.

    The numbers are those of the wire and say nothing about strictness: that is `rank`.
    """

    HALTED = 0  # nothing new is traded; ended by a person
    REDUCING = 1  # only what lowers exposure
    ACTIVE = 2
    PROBATION = 3  # active with a tenth of all limits, for a while after a halt
    LOCKED = 4  # halted, and the signer refuses too: not ended but by a person at the machine, and a restart

    @property
    def rank(self) -> int:
        """How much may be done: the lower, the stricter."""
        return STRICTEST_FIRST.index(self)

    @property
    def stopped(self) -> bool:
        """True if the decisions of the scope must not run."""
        return self in (Level.HALTED, Level.LOCKED)

    @property
    def trades(self) -> bool:
        """True if exposure may be raised."""
        return self in (Level.ACTIVE, Level.PROBATION)


STRICTEST_FIRST = (Level.LOCKED, Level.HALTED, Level.REDUCING, Level.PROBATION, Level.ACTIVE)


def strictest(levels: Iterable[Level]) -> Level:
    """The level that counts where several hold; ACTIVE if there is none."""
    return min(levels, key=STRICTEST_FIRST.index, default=Level.ACTIVE)


class Via(enum.IntEnum):
    """The path by which a halt or a resume came."""

    START_RULE = 0
    DASHBOARD = 1
    COMMAND_LINE = 2
    API = 3
    OS_SIGNAL = 4
    SUPERVISOR = 5
    JOURNAL = 6
    LOCAL_SOCKET = 7
    SENTINEL_FILE = 8
    RISK = 9
    BREAKER = 10
    WATCHDOG = 11
    RECONCILIATION = 12
    CLOCK = 13
    PROBATION = 14


@message(type=73, domain=Domain.EXECUTION)
class HaltChange:
    """A scope's level changed. The latest of each scope is the state that a restart finds."""

    halt_id: int = wire(U32, "number of the halt; a resume carries the number of the halt that it ends")
    epoch: int = wire(U64, "halt epoch after the change")
    scope: str = wire(NAME, "`global`, `venue:NAME`, `strategy:NAME` or `instrument:HEX`")
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
    """What a halt did, as 0.1 wrote it. Journals hold it; a KillReport is written now."""

    halt_id: int = wire(U32)
    scope: str = wire(NAME)
    steps: tuple[HaltStep, ...] = wire(Many(Record(HaltStep), 32))
    cancelled: int = wire(U32, "orders cancelled and verified")
    in_flight: int = wire(U32, "orders still on their way")
    unknown: int = wire(U32, "orders whose outcome is not known")
    kept_running: tuple[str, ...] = wire(Many(NAME, 32), "what goes on")


@record
class VenueReport:
    """What came of the orders at one venue."""

    name: str = wire(NAME, "the gateway's")
    cancelled: int = wire(U32, "orders cancelled and verified")
    ended: int = wire(U32, "orders that had ended otherwise, such as by a late fill")
    in_flight: int = wire(U32, "orders that cannot be cancelled and will end by themselves")
    unknown: int = wire(U32, "orders whose outcome is not known")
    text: str = wire(Text(256), "how it went, in words")


@message(type=75, domain=Domain.EXECUTION)
class KillReport:
    """What a halt did: the proof that it stopped, who wanted it and why, and what is left."""

    halt_id: int = wire(U32)
    scope: str = wire(NAME)
    level: Level = wire(Choice(Level))
    actor: str = wire(NAME, "who")
    via: Via = wire(Choice(Via))
    reason: str = wire(SENTENCE, "why, in the actor's words")
    at_ns: int = wire(U64, "wall clock of the halt", unit="ns since 1970 UTC")
    market_ns: int | None = wire(Maybe(U64), "market clock of the halt; absent: not known", unit="ns since 1970 UTC")
    epoch: int = wire(U64, "halt epoch after it")
    steps: tuple[HaltStep, ...] = wire(Many(Record(HaltStep), 32))
    venues: tuple[VenueReport, ...] = wire(Many(Record(VenueReport), MOST_VENUES))
    unknown_orders: tuple[str, ...] = wire(Many(NAME, MOST_UNKNOWN), "names of orders whose outcome is not known")
    kept_running: tuple[str, ...] = wire(Many(NAME, 32), "what goes on")

    @property
    def cancelled(self) -> int:
        """Orders cancelled and verified, at all venues."""
        return sum(venue.cancelled for venue in self.venues)

    @property
    def in_flight(self) -> int:
        """Orders that will end by themselves, at all venues."""
        return sum(venue.in_flight for venue in self.venues)

    @property
    def unknown(self) -> int:
        """Orders whose outcome is not known, at all venues."""
        return sum(venue.unknown for venue in self.venues)


class FlattenStage(enum.IntEnum):
    """How far a flatten has come."""

    BEGUN = 1  # latched: there is no second one in this halt
    DONE = 2
    FAILED = 3
    LOST = 4  # the process ended in between: what came of it is to be seen at the venues


@message(type=76, domain=Domain.EXECUTION)
class FlattenRecord:
    """What is held is being sold, or was. At most one BEGUN for each halt."""

    halt_id: int = wire(U32, "the halt in which it happens")
    scope: str = wire(NAME)
    stage: FlattenStage = wire(Choice(FlattenStage))
    actor: str = wire(NAME, "who")
    via: Via = wire(Choice(Via))
    reason: str = wire(SENTENCE, "why, in the actor's words")
    closed: int = wire(U32, "positions closed and verified")
    unknown: int = wire(U32, "positions of which it is not known whether they are closed")
    text: str = wire(SENTENCE, "what came of it, in words")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")

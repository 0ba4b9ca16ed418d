"""All that a check may look at, gathered for one signal."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import NamedTuple

from alphapulse.data.execution import Mode
from alphapulse.data.halts import Level
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.limits.limit_book import Ceilings
from alphapulse.rules.limits.marks import Marks
from alphapulse.rules.limits.trading_record import TradingRecord


class Permit(enum.Enum):
    """What half-open circuit breakers allow."""

    ANY = "none is half open"
    PROBE = "one is, and its probe is to be had"
    TAKEN = "one is, and its probe is on its way"


class GateTerms(NamedTuple):
    """What the gate is told once, at its start. `pools` are the admitted ones with their two tokens."""

    mode: Mode
    pools: Mapping[InstrumentId, tuple[bytes, bytes]]
    max_input_age_ns: int
    max_signal_age_ns: int
    throttle_ns: int
    build: str
    approved_builds: Collection[str]


class Facts(NamedTuple):
    """One signal and its surroundings at the moment of its verdict.

    `pools` are those of its legs, `marks` those of `ceilings`. `market_ns` is None while the market's time is unknown,
    `steady_ns` is the time of the windows, `now_ns` the wall clock. `trouble` is what is wrong with the stream behind
    it, `journal_failure` with the journal, `distrust` with one of its pools. `orphaned_behind` is the newest block that
    stayed, if the one that it saw did not; None if it did. `traded` says whether its episode was traded, `seen` whether
    its number was judged.
    """

    signal: ArbitrageSignal
    terms: GateTerms
    pools: tuple[InstrumentId, ...]
    epoch: int
    level: Level
    ceilings: Ceilings
    marks: Marks
    floor: int | None
    record: TradingRecord
    market_ns: int | None
    steady_ns: int
    now_ns: int
    trouble: str | None
    distrust: str | None
    orphaned_behind: int | None
    journal_failure: str | None
    traded: bool
    seen: bool
    permit: Permit

    @property
    def day_ns(self) -> int:
        """The market clock by which days are told; before it is known, the signal's own time."""
        return self.signal.venue_time_ns if self.market_ns is None else self.market_ns

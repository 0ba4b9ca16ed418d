"""What is known of one node: whether it may be asked, how fast and how reliably it answers, and its newest head. Pure.

Times are of a steady clock, in ns.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

from alphapulse.rules.nodes.backoff import Backoff, Chance

NS_PER_S: Final = 1_000_000_000
PPM: Final = 1_000_000
FAILURES_IN_ROW: Final = 3
"""So many failures one after the other, and it is left alone for a while."""
_SHIFT: Final = 3
"""Averages move by an eighth of each new value: the last dozen answers count."""
QUARANTINES: Final = Backoff(first_ns=5 * NS_PER_S, longest_ns=600 * NS_PER_S)
HEALTHY_AFTER_NS: Final = 300 * NS_PER_S
"""Who has been well for so long is quarantined for the shortest time again."""


class NodeState(StrEnum):
    """Whether a node is asked."""

    NEW = "new"
    """It has not yet shown that it serves the chain, or must show it anew."""
    OK = "ok"
    LAGGING = "lagging"
    """It is asked only if no other can be."""
    QUARANTINED = "quarantined"
    WRONG_CHAIN = "wrong_chain"
    """For good: nothing that it says is of interest."""


@attrs.frozen
class NodeReport:
    """A node as operators see it. It holds no address."""

    label: str
    state: NodeState
    reason: str
    """Why it is in a state other than OK, else empty."""
    degraded: bool
    """It is asked although it is quarantined, as there is no other."""
    returns_in_ns: int | None
    """How long the quarantine lasts; None if it is in none, or for good."""
    head_number: int | None
    head_hash: bytes | None
    head_age_ns: int | None
    """Since its head was a new one."""
    lag_blocks: int | None
    """Behind the pool's median; None if either is not known."""
    latency_ns: int | None
    error_ppm: int
    last_problem: str


class NodeHealth:
    """One node. `reason` says why it is not OK."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.state = NodeState.NEW
        self.reason = "not asked yet"
        self.forked = False
        """It follows another branch than most: it is not asked even if no other is left."""
        self.degraded = False
        self.identified = False
        """It has shown once that it serves the chain."""
        self.head_number: int | None = None
        self.head_hash: bytes | None = None
        self.head_ns: int | None = None
        self.latency_ns: int | None = None
        self.error_ppm = 0
        self.last_problem = ""
        self.until_ns: int | None = None
        self._failures = 0
        self._quarantines = 0
        self._well_since_ns: int | None = None

    def confirmed(self, now_ns: int) -> None:
        """It serves the right chain: it may be asked."""
        self.identified = True
        if self.state is NodeState.NEW:
            self._enter(NodeState.OK, "")
            self._well_since_ns = now_ns

    def wrong_chain(self, problem: str) -> None:
        """It serves another chain, and is never asked again."""
        self._enter(NodeState.WRONG_CHAIN, problem)
        self.last_problem = problem

    def answered(self, latency_ns: int) -> None:
        """It has answered what it was asked, after so long."""
        self._failures = 0
        self.error_ppm -= self.error_ppm >> _SHIFT
        before = self.latency_ns
        self.latency_ns = latency_ns if before is None else before + ((latency_ns - before) >> _SHIFT)

    def failed(self, problem: str, now_ns: int, chance: Chance) -> None:
        """It has not, or has answered what cannot be. The third time in a row it is quarantined."""
        self.last_problem = problem
        self._failures += 1
        self.error_ppm += (PPM - self.error_ppm) >> _SHIFT
        if self._failures >= FAILURES_IN_ROW:
            self.quarantine(f"{self._failures} failures in a row, the last one: {problem}", now_ns, chance)

    def quarantine(self, reason: str, now_ns: int, chance: Chance, *, forked: bool = False) -> None:
        """Leave it alone, longer each time. When the time is over it must show anew that it serves the chain."""
        self.last_problem = reason
        if self.state in (NodeState.QUARANTINED, NodeState.WRONG_CHAIN):
            self.forked = self.forked or forked
            return
        if self._well_since_ns is not None and now_ns - self._well_since_ns >= HEALTHY_AFTER_NS:
            self._quarantines = 0
        self._quarantines += 1
        self._well_since_ns = None
        self._enter(NodeState.QUARANTINED, reason)
        self.forked = forked
        self.until_ns = now_ns + QUARANTINES.delay_ns(self._quarantines, chance)

    def release_due(self, now_ns: int) -> bool:
        """End a quarantine that is over; True if it was ended now."""
        if self.state is not NodeState.QUARANTINED or self.until_ns is None or now_ns < self.until_ns:
            return False
        self._enter(NodeState.NEW, "its quarantine is over, it is looked at anew")
        self._failures = FAILURES_IN_ROW - 1  # one more failure, and it goes back
        self.head_number = self.head_hash = self.head_ns = None  # what it showed before says nothing of now
        return True

    def unproven(self, reason: str) -> None:
        """Nothing is known of it for now: it is not asked until it has been looked at."""
        if self.state in (NodeState.NEW, NodeState.OK, NodeState.LAGGING):
            self._enter(NodeState.NEW, reason)

    def lagging(self, reason: str) -> None:
        """It is behind the others; empty: it no longer is."""
        if self.state is NodeState.OK and reason:
            self._enter(NodeState.LAGGING, reason)
        elif self.state is NodeState.LAGGING:
            self._enter(NodeState.LAGGING if reason else NodeState.OK, reason)

    def head(self, number: int, block_hash: bytes, now_ns: int) -> bool:
        """Its newest block; True if it is another one than before."""
        if block_hash == self.head_hash:
            return False
        self.head_number, self.head_hash, self.head_ns = number, block_hash, now_ns
        return True

    def head_age_ns(self, now_ns: int) -> int | None:
        """How long its head has been the same; None if it has shown none."""
        return None if self.head_ns is None else now_ns - self.head_ns

    @property
    def usable(self) -> bool:
        """True if it may be asked."""
        return self.state in (NodeState.OK, NodeState.LAGGING) or self.degraded

    def report(self, now_ns: int, median_head: int | None) -> NodeReport:
        """What is known now."""
        behind = None if median_head is None or self.head_number is None else median_head - self.head_number
        return NodeReport(
            label=self.label,
            state=self.state,
            reason=self.reason,
            degraded=self.degraded,
            returns_in_ns=None if self.until_ns is None else max(self.until_ns - now_ns, 0),
            head_number=self.head_number,
            head_hash=self.head_hash,
            head_age_ns=self.head_age_ns(now_ns),
            lag_blocks=behind,
            latency_ns=self.latency_ns,
            error_ppm=self.error_ppm,
            last_problem=self.last_problem,
        )

    def _enter(self, state: NodeState, reason: str) -> None:
        self.state, self.reason = state, reason
        self.until_ns = None
        self.degraded = False
        self.forked = False

"""What the gate has said of signals, as far as a reorganisation could make it void: refusals and alerts. Pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from alphapulse.data.execution import Check
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned, RefusalsRevoked
from alphapulse.data.risk import RiskAlert
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.accounting.profit_and_loss import NS_PER_DAY

MOST = 65_536
"""Refusals, and alerts, that are remembered; the oldest are forgotten first, and then stand for good."""


class _Refused(NamedTuple):
    """One refused signal, by what its refusal counts under."""

    chain_id: int
    block_number: int
    account: tuple[int, str, bytes, Check, int]
    """Run, strategy, profit token, check, UTC day."""


class Revocable:
    """Remembers from which block each word arose; `revoke` says which of them are void."""

    def __init__(self) -> None:
        self._refused: deque[_Refused] = deque(maxlen=MOST)
        self._alerts: deque[tuple[int, int, RiskAlert]] = deque(maxlen=MOST)

    def refused(self, signal: ArbitrageSignal, check: Check) -> None:
        """A signal was refused; one that was orphaned already counts nowhere."""
        if check is not Check.ORPHANED:
            day = signal.venue_time_ns // NS_PER_DAY
            account = signal.run, signal.strategy, signal.profit_token, check, day
            self._refused.append(_Refused(signal.chain_id, signal.block_number, account))

    def alerted(self, signal: ArbitrageSignal, alert: RiskAlert) -> None:
        """A signal gave rise to an alert."""
        self._alerts.append((signal.chain_id, signal.block_number, alert))

    def revoke(self, orphaned: BlocksOrphaned, now_ns: int) -> list[AlertRevoked | RefusalsRevoked]:
        """What was said of the blocks that a chain took back; it is forgotten with that."""
        chain_id, ancestor = orphaned.chain_id, orphaned.ancestor_number
        counts: Counter[tuple[int, str, bytes, Check, int]] = Counter()
        for _ in range(len(self._refused)):
            refused = self._refused.popleft()
            if refused.chain_id == chain_id and refused.block_number > ancestor:
                counts[refused.account] += 1
            else:
                self._refused.append(refused)
        revoked: list[AlertRevoked | RefusalsRevoked] = [
            RefusalsRevoked(run, strategy, token, day * NS_PER_DAY, check, count, chain_id, ancestor, now_ns)
            for (run, strategy, token, check, day), count in counts.items()
        ]
        for _ in range(len(self._alerts)):
            chain, block_number, alert = self._alerts.popleft()
            if chain == chain_id and block_number > ancestor:
                revoked.append(AlertRevoked.of(alert, orphaned, block_number, revoked_ns=now_ns))
            else:
                self._alerts.append((chain, block_number, alert))
        return revoked

"""What somebody must see at once, as records."""

from __future__ import annotations

from alphapulse.data.halts import KillReport
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned
from alphapulse.data.risk import BreakerAction, CircuitBreaker, RiskAlert, Severity
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.rules.breakers.board import scope_of
from alphapulse.rules.breakers.table import QUARANTINE
from alphapulse.safety.clipped import clipped


def unknown_orders_alert(report: KillReport, now_ns: int) -> RiskAlert | None:
    """The alert for a halt after which orders are unknown; None if there are none."""
    if not report.unknown:
        return None
    named = f": {', '.join(report.unknown_orders)}" if report.unknown_orders else ""
    venues = "; ".join(f"{venue.name}: {venue.text}" for venue in report.venues if venue.unknown)
    text = f"halt {report.halt_id}: {report.unknown} orders are unknown{named}; look at the venue; {venues}"
    return RiskAlert(
        severity=Severity.CRITICAL,
        scope=report.scope,
        rule="orders known after a halt",
        value=report.unknown,
        limit=0,
        unit="orders",
        text=clipped(text, SENTENCE.limit),
        raised_ns=now_ns,
    )


def quarantine_alert(breaker: CircuitBreaker) -> RiskAlert | None:
    """The alert for a pool that differs from its chain; None if that is not what tripped."""
    if breaker.rule != QUARANTINE or breaker.action not in (BreakerAction.PAUSE, BreakerAction.REDUCE):
        return None
    return RiskAlert(
        severity=Severity.CRITICAL,
        scope=clipped(scope_of(breaker.scope, breaker.target), NAME.limit),
        rule=QUARANTINE,
        value=None,
        limit=None,
        unit="",
        text=breaker.reason,
        raised_ns=breaker.at_ns,
    )


def revoked_trip(breaker: CircuitBreaker, orphaned: BlocksOrphaned, block_number: int, now_ns: int) -> AlertRevoked:
    """The block that a breaker tripped by was taken back: what it says did not happen."""
    return AlertRevoked(
        severity=Severity.CRITICAL if breaker.action is BreakerAction.PAUSE else Severity.WARNING,
        scope=clipped(scope_of(breaker.scope, breaker.target), NAME.limit),
        rule=breaker.rule,
        text=breaker.reason,
        raised_ns=breaker.at_ns,
        chain_id=orphaned.chain_id,
        block_number=block_number,
        ancestor_number=orphaned.ancestor_number,
        revoked_ns=now_ns,
    )

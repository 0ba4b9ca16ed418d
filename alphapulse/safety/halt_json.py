"""Halts as JSON, the same on the local socket, in the API and on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from alphapulse.data.halts import FlattenRecord, HaltChange, KillReport, Via
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.safety.challenges import Challenge
from alphapulse.safety.halt_book import HaltEntry
from alphapulse.safety.report_draft import is_complete

NS_PER_S = 1_000_000_000
MICROSECOND_DIGITS = 3
"""Microseconds are shown as milliseconds."""

VIA_WORDS: Mapping[Via, str] = {
    Via.START_RULE: "start rule",
    Via.DASHBOARD: "the dashboard",
    Via.COMMAND_LINE: "the command line",
    Via.API: "the API",
    Via.OS_SIGNAL: "a signal",
    Via.SUPERVISOR: "the supervisor",
    Via.JOURNAL: "the journal",
    Via.LOCAL_SOCKET: "the local socket",
    Via.SENTINEL_FILE: "the halt file",
    Via.RISK: "the risk engine",
    Via.BREAKER: "a breaker",
    Via.WATCHDOG: "the watchdog",
    Via.RECONCILIATION: "reconciliation",
    Via.CLOCK: "the clock",
    Via.PROBATION: "the end of probation",
}


def moment_json(ns: int) -> dict[str, str]:
    """The moment `ns` nanoseconds after 1970 UTC, with a fraction only where there is one."""
    seconds, fraction = divmod(ns, NS_PER_S)
    iso = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction:
        iso += "." + f"{fraction:09d}".rstrip("0")
    return {"ns": str(ns), "iso": iso + "Z"}


def bare_report(change: HaltChange) -> KillReport:
    """The report of a halt of which no step is known yet."""
    return KillReport(
        halt_id=change.halt_id,
        scope=change.scope,
        level=change.level,
        actor=change.actor,
        via=change.via,
        reason=change.reason,
        at_ns=change.at_ns,
        market_ns=None,
        epoch=change.epoch,
        steps=(),
        venues=(),
        unknown_orders=(),
        kept_running=(),
    )


def report_json(report: KillReport, flatten: FlattenRecord | None) -> dict[str, Any]:
    """What a halt did."""
    return {
        "halt_id": report.halt_id,
        "scope": report.scope,
        "level": report.level.name.lower(),
        "actor": report.actor,
        "via": VIA_WORDS[report.via],
        "at": moment_json(report.at_ns),
        "market_time": moment_json(report.market_ns) if report.market_ns is not None else None,
        "reason": report.reason,
        "epoch": report.epoch,
        "steps": [
            {
                "name": step.name,
                "ms": decimal_text(step.elapsed_us, MICROSECOND_DIGITS),
                "done": step.done,
                "text": step.text,
            }
            for step in report.steps
        ],
        "venues": [
            {
                "name": venue.name,
                "cancelled": venue.cancelled,
                "ended": venue.ended,
                "in_flight": venue.in_flight,
                "unknown": venue.unknown,
                "text": venue.text,
            }
            for venue in report.venues
        ],
        "unknown_orders": list(report.unknown_orders),
        "cancelled": report.cancelled,
        "in_flight": report.in_flight,
        "unknown": report.unknown,
        "kept_running": list(report.kept_running),
        "complete": is_complete(report),
        "flatten": flatten_json(flatten) if flatten is not None else None,
    }


def entry_json(entry: HaltEntry) -> dict[str, Any]:
    """A halt that is known: its report, or as much of it as there is."""
    return report_json(entry.report or bare_report(entry.halted), entry.flatten)


def summary_json(entry: HaltEntry) -> dict[str, Any]:
    """A halt in one line."""
    halted, ended = entry.halted, entry.ended
    return {
        "halt_id": halted.halt_id,
        "scope": halted.scope,
        "level": halted.level.name.lower(),
        "actor": halted.actor,
        "via": VIA_WORDS[halted.via],
        "at": moment_json(halted.at_ns),
        "reason": halted.reason,
        "ended": moment_json(ended.at_ns) if ended is not None else None,
        "ended_by": ended.actor if ended is not None else None,
        "report": entry.report is not None,
    }


def flatten_json(record: FlattenRecord) -> dict[str, Any]:
    """How far a flatten has come."""
    return {
        "halt_id": record.halt_id,
        "scope": record.scope,
        "stage": record.stage.name.lower(),
        "actor": record.actor,
        "via": VIA_WORDS[record.via],
        "reason": record.reason,
        "at": moment_json(record.at_ns),
        "closed": record.closed,
        "unknown": record.unknown,
        "text": record.text,
    }


def challenge_json(challenge: Challenge) -> dict[str, Any]:
    """What must be typed to end a halt."""
    return {
        "nonce": challenge.nonce,
        "scope": challenge.scope,
        "halt_id": challenge.halt_id,
        "phrase": challenge.phrase,
        "text": list(challenge.text),
        "objections": list(challenge.objections),
        "expires": moment_json(challenge.expires_ns),
    }

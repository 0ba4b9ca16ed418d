"""Halts in the shapes of the API: reports, summaries, challenges and flattens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec
import trio

from alphapulse.daemon import Daemon
from alphapulse.data.halts import FlattenRecord, HaltChange, KillReport, Level, Via
from alphapulse.data.roles import Role
from alphapulse.safety.challenges import Challenge as OpenChallenge
from alphapulse.safety.halt_json import VIA_WORDS as WORDS
from alphapulse.safety.halt_json import bare_report, challenge_json, flatten_json, report_json, summary_json
from alphapulse_web.api.halt_shapes import Challenge, FlattenReport, HaltReport, Halts, HaltSummary, PartialHalt
from alphapulse_web.api.schemas import LevelWord, ViaWord
from alphapulse_web.instants import instant

REPORT_WAIT_S = 0.5
"""How long a kill waits for its report; on paper it is there within a few ms, and it comes with the status anyway."""
FLATTEN_WAIT_S = 2.0
HALTS_SHOWN = 100

VIA_WORDS = cast(Mapping[Via, ViaWord], WORDS)
VIAS = {word: via for via, word in VIA_WORDS.items()}


class HaltsView:
    """Reads the running daemon's halts; keeps nothing of its own."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def summaries(self) -> Halts:
        """The newest halts, newest first."""
        entries = self._daemon.halting.book.newest_first()[:HALTS_SHOWN]
        return Halts(halts=[msgspec.convert(summary_json(entry), HaltSummary) for entry in entries])

    def report(self, halt_id: int) -> HaltReport:
        """What a halt did, as far as it has come. Raises LookupError if it is not known."""
        return msgspec.convert(self._daemon.halting.shown(halt_id), HaltReport)

    def present(self) -> HaltReport | None:
        """The report of the present or last global halt."""
        report = self._daemon.halts.report
        if report is None:
            return None
        entry = self._daemon.halting.book.entry(report.halt_id)
        return _report(report, entry.flatten if entry is not None else None)

    def partial(self, scope: str, change: HaltChange) -> PartialHalt:
        """A halt of a part."""
        return PartialHalt(
            scope=scope,
            level=level_word(change.level),
            halt_id=change.halt_id,
            since=instant(change.at_ns),
            by=change.actor,
            via=VIA_WORDS[change.via],
            cause=change.reason,
        )

    async def finished_report(self, change: HaltChange) -> HaltReport:
        """The report of a halt, if it is complete soon; else one that says that it is not."""
        report = bare_report(change)
        with trio.move_on_after(REPORT_WAIT_S):
            report = await self._daemon.halts.wait_report(change.halt_id)
        return _report(report, None)

    async def flatten(self, scope: str, reason: str, actor: str, role: Role, via: Via) -> FlattenReport:
        """Begin a flatten; its end if that comes soon. Raises HaltError if it may not begin."""
        halting = self._daemon.halting
        record = halting.begin_flatten(scope, reason=reason, actor=actor, via=via, role=role)
        with trio.move_on_after(FLATTEN_WAIT_S):
            record = await halting.switch.wait_flattened(record.halt_id) or record
        return msgspec.convert(flatten_json(record), FlattenReport)


def level_word(level: Level) -> LevelWord:
    """A level as the API writes it."""
    return cast(LevelWord, level.name.lower())


def challenge_shape(challenge: OpenChallenge) -> Challenge:
    """A challenge as the API writes it."""
    return msgspec.convert(challenge_json(challenge), Challenge)


def _report(report: KillReport, flatten: FlattenRecord | None) -> HaltReport:
    return msgspec.convert(report_json(report, flatten), HaltReport)

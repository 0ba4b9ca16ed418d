"""The halts that are known: who, why, what came of each, and how it ended."""

from __future__ import annotations

import attrs

from alphapulse.data.halts import FlattenRecord, HaltChange, HaltReport, KillReport, VenueReport

HALTS_KEPT = 256
"""The oldest are dropped beyond that; the journal holds them all."""


@attrs.frozen
class HaltEntry:
    """One halt. `ended` is the change that lifted it, None while it is in force."""

    halted: HaltChange
    ended: HaltChange | None = None
    report: KillReport | None = None
    flatten: FlattenRecord | None = None


class HaltBook:
    """Halts by number, folded from the journal's records in order."""

    def __init__(self) -> None:
        self._entries: dict[int, HaltEntry] = {}

    def take(self, record: object) -> None:
        """One record of the journal; those that are about no halt are passed over."""
        match record:
            case HaltChange():
                self._take_change(record)
            case KillReport():
                self._keep_report(record)
            case HaltReport():
                self._take_old(record)
            case FlattenRecord():
                for halt_id, entry in self._entries.items():
                    if halt_id == record.halt_id or (entry.flatten and entry.flatten.halt_id == record.halt_id):
                        self._entries[halt_id] = attrs.evolve(entry, flatten=record)
            case _:
                return

    def entry(self, halt_id: int) -> HaltEntry | None:
        """A halt; None if it is not known."""
        return self._entries.get(halt_id)

    def newest_first(self) -> list[HaltEntry]:
        """All halts that are known."""
        return [self._entries[halt_id] for halt_id in sorted(self._entries, reverse=True)]

    def _take_change(self, change: HaltChange) -> None:
        if not change.level.trades:
            flatten = None
            # Another halt of the scope takes the place of one that was in force, and its flatten with it.
            for halt_id, entry in self._entries.items():
                if halt_id < change.halt_id and entry.halted.scope == change.scope and entry.ended is None:
                    self._entries[halt_id] = attrs.evolve(entry, ended=change)
                    flatten = entry.flatten
            self._entries[change.halt_id] = HaltEntry(change, flatten=flatten)
            while len(self._entries) > HALTS_KEPT:
                del self._entries[min(self._entries)]
        elif (held := self._entries.get(change.halt_id)) is not None and held.ended is None:
            self._entries[change.halt_id] = attrs.evolve(held, ended=change)

    def _take_old(self, report: HaltReport) -> None:
        """A report as 0.1 wrote it: all venues in one, and without the market's time."""
        held = self._entries.get(report.halt_id)
        if held is None:
            return
        halted = held.halted
        venue = VenueReport("all venues", report.cancelled, 0, report.in_flight, report.unknown, "")
        whole = KillReport(
            halt_id=report.halt_id,
            scope=report.scope,
            level=halted.level,
            actor=halted.actor,
            via=halted.via,
            reason=halted.reason,
            at_ns=halted.at_ns,
            market_ns=None,
            epoch=halted.epoch,
            steps=report.steps,
            venues=(venue,),
            unknown_orders=(),
            kept_running=report.kept_running,
        )
        self._entries[report.halt_id] = attrs.evolve(held, report=whole)

    def _keep_report(self, report: KillReport) -> None:
        held = self._entries.get(report.halt_id)
        if held is not None:
            self._entries[report.halt_id] = attrs.evolve(held, report=report)

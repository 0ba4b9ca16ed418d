"""What a person reads before he ends a halt: the cause with its numbers, what resuming does, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.halts import FlattenStage, HaltChange
from alphapulse.safety.halt_book import HaltEntry


def rearm_text(entry: HaltEntry, *, instance: str, others: Sequence[HaltChange], probation_s: int) -> tuple[str, ...]:
    """The sentences of a challenge, in the order in which they are to be read.

    Args:
        entry: the halt that would end.
        instance: which daemon: mode and data folder.
        others: halts that stay in force.
        probation_s: how long limits are a tenth afterwards; 0: not at all.
    """
    halted, report = entry.halted, entry.report
    who = f"{halted.actor} (via {halted.via.name.lower().replace('_', ' ')})"
    lines = [
        f"{instance}: {halted.scope} is {halted.level.name} by halt {halted.halt_id}, asked for by {who}.",
        f"Cause: {halted.reason}",
    ]
    if report is not None:
        lines.append(
            f"Orders: {report.cancelled} cancelled, {report.in_flight} in flight, {report.unknown} unknown"
            f"{': ' + ', '.join(report.unknown_orders) if report.unknown_orders else ''}."
        )
    if entry.flatten is not None and entry.flatten.stage is not FlattenStage.DONE:
        lines.append(f"A flatten was begun in this halt and ended {entry.flatten.stage.name}: {entry.flatten.text}")
    lines.append(
        "Resuming opens the gate under a new epoch and starts strategies and engine afresh, from the market as it is."
    )
    if probation_s:
        lines.append(f"It trades on probation: all limits at 10% until {probation_s} s of clean running are over.")
    lines += [
        "It does not send again what was cancelled or refused, and does not settle what is unknown.",
        "It does not undo a flatten, and does not mend the cause.",
    ]
    if others:
        lines.append(
            f"It does not end other halts: {', '.join(f'{one.scope} (halt {one.halt_id})' for one in others)}."
        )
    return tuple(lines)

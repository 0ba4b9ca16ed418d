"""The journal as an audit: its newest records, and whether a head that was written down elsewhere stands in it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import attrs

from alphapulse.journal.journal_file import JournalScan, describe, open_for_reading


@attrs.frozen
class Tail:
    """The newest records: index and whole frame of each, in order. `problem` says what keeps later ones from sight."""

    frames: tuple[tuple[int, bytes], ...]
    problem: str | None


def head_at(path: Path, records: int) -> bytes | None:
    """The SHA-256 of the frame with that index, as far as the chain is sound; zeros for 0, None if there is none.

    Raises:
        JournalError: the file cannot be read.
    """
    with open_for_reading(path) as file:
        scan = JournalScan(file)
        if records == 0:
            return scan.position.head_hash
        for _frame in scan:
            if scan.position.records == records:
                return scan.position.head_hash
    return None


def newest(path: Path, count: int) -> Tail:
    """The last `count` records of the sound part. A tail that is torn, or being written just now, is no problem here.

    Raises:
        JournalError: the file cannot be read.
    """
    frames: deque[tuple[int, bytes]] = deque(maxlen=count)
    with open_for_reading(path) as file:
        scan = JournalScan(file)
        for frame in scan:
            frames.append((scan.position.records, frame))
    damage = scan.damage
    return Tail(tuple(frames), describe(path, damage) if damage is not None and not damage.torn else None)

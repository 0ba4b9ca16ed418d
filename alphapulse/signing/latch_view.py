"""What the latch says, read from its file before each signature: it tells the truth also when the daemon cannot."""

from __future__ import annotations

from pathlib import Path

from alphapulse.data.halts import GLOBAL, Level
from alphapulse.errors import HaltError
from alphapulse.rules.signing.halt_standing import HaltStanding, Stop
from alphapulse.safety.halt_file import read_halt_file
from alphapulse.safety.latch import LatchRecord, read_latch


class LatchView:
    """Latch and halt file of one daemon. Whatever cannot be read or believed stops. It blocks, for microseconds."""

    def __init__(self, latch: Path, halt_file: Path) -> None:
        self._latch = latch
        self._halt_file = halt_file
        self._seen: tuple[int, int, int, int] | None = None
        self._standing = HaltStanding(Stop.HALTED, "nobody has looked yet", 0)

    def standing(self) -> HaltStanding:
        """How trading stands now. The latch is read anew only when it is another file."""
        seen = self._identity()
        if seen is None or seen != self._seen:
            self._standing, self._seen = self._read(), seen
        if self._standing.stop is Stop.NONE and (file := read_halt_file(self._halt_file)) is not None:
            return HaltStanding(Stop.HALTED, file, self._standing.epoch)
        return self._standing

    def _identity(self) -> tuple[int, int, int, int] | None:
        """Of the file that is there now; None if none can be seen."""
        try:
            status = self._latch.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size

    def _read(self) -> HaltStanding:
        try:
            record = read_latch(self._latch)
        except HaltError as error:
            return HaltStanding(Stop.HALTED, str(error), 0)
        return _standing_of(record, self._latch)


def _standing_of(record: LatchRecord | None, path: Path) -> HaltStanding:
    change = record.of(GLOBAL) if record is not None else None
    if record is None or change is None:
        return HaltStanding(Stop.HALTED, f"no latch at {path}: nobody has said that trading may begin; resume", 0)
    text = f"halt {change.halt_id} of {change.actor}: {change.reason}"
    if change.level is Level.LOCKED:
        return HaltStanding(Stop.LOCKED, text, record.epoch)
    return HaltStanding(Stop.HALTED if change.level.stopped else Stop.NONE, text, record.epoch)

"""The open capture: one writer, behind the end of what is there. Everything here blocks: call it in a thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Self

from alphapulse.errors import CaptureError, ProtocolError
from alphapulse.journal.append_file import open_to_append
from alphapulse.journal.capture_file import CapturedInput, CapturePosition, CaptureScan, describe, encode_input
from alphapulse.journal.journal import SystemCalls

SYSTEM = SystemCalls()


class Capture:
    """A capture that is written. After a failure it takes no more: what came later would hide that inputs are missing.

    `cut_bytes` says how much of a torn tail was cut off when it was opened.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        position: CapturePosition,
        cut_bytes: int,
        *,
        now_ns: Callable[[], int],
        system: SystemCalls,
    ) -> None:
        self.path = path
        self.position = position
        self.cut_bytes = cut_bytes
        self._descriptor = descriptor
        self._now_ns = now_ns
        self._system = system
        self.failed = False

    @classmethod
    def open(cls, path: Path, *, now_ns: Callable[[], int], system: SystemCalls = SYSTEM) -> Self:
        """The capture at `path`, made if it is missing, locked, checked from end to end. The caller closes it.

        Raises:
            CaptureError: another process writes it, it cannot be written, is rotten or is none.
        """
        try:
            descriptor, position, cut_bytes = open_to_append(path, lambda file: _end(path, file))
        except BlockingIOError as error:
            raise CaptureError(f"the capture {path} is written by another process: name another file") from error
        except OSError as error:
            raise CaptureError(f"expected a capture that can be written at {path}, found: {error.strerror}") from error
        return cls(path, descriptor, position, cut_bytes, now_ns=now_ns, system=system)

    def close(self) -> None:
        """Bring the rest to the disk, unless it has failed before, and close. Raises CaptureError as `sync` does."""
        try:
            if not self.failed:
                self.sync()
        finally:
            os.close(self._descriptor)

    def write(self, inputs: Iterable[CapturedInput]) -> None:
        """Write inputs behind what is there.

        Raises:
            CaptureError: the disk refused, an input is too long, or it has failed before. A part may be written; it is
                a whole beginning of `inputs` and, at most, a torn tail.
        """
        position = self.position
        frames: list[bytes] = []
        written_ns = self._now_ns()
        for one in inputs:
            try:
                more = encode_input(one, first_frame=position.frames + 1, written_ns=written_ns)
            except ProtocolError as error:
                raise self._fail(f"could not take an input: {error}") from error
            size_bytes = position.size_bytes + sum(map(len, more))
            position = CapturePosition(position.inputs + 1, position.frames + len(more), size_bytes)
            frames += more
        self._write(b"".join(frames))
        self.position = position

    def sync(self) -> None:
        """Return when all that was written is on the disk. Raises CaptureError as `write` does."""
        self._refuse_after_failure()
        try:
            self._system.fdatasync(self._descriptor)
        except OSError as error:
            raise self._fail(f"could not sync: {error.strerror or error}") from error

    def _write(self, data: bytes) -> None:
        self._refuse_after_failure()
        try:
            while data:
                data = data[self._system.write(self._descriptor, data) :]
        except OSError as error:
            raise self._fail(f"could not write: {error.strerror or error}") from error

    def _fail(self, problem: str) -> CaptureError:
        self.failed = True
        return CaptureError(f"the capture {self.path} {problem}; it ends before that")

    def _refuse_after_failure(self) -> None:
        if self.failed:
            raise CaptureError(f"the capture {self.path} has failed before; it takes no more")


def _end(path: Path, file: BinaryIO) -> CapturePosition:
    """The position behind the last whole input. Raises CaptureError if something before it is wrong."""
    scan = CaptureScan(file)
    for _ in scan:
        pass
    if scan.damage is not None and not scan.damage.torn:
        raise CaptureError(f"{describe(path, scan.damage)}; nothing was changed: move it away to begin a new one")
    return scan.position

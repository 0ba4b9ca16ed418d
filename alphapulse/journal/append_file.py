"""Opens a file of frames to write behind its end: locked, checked, and cut to what is whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

FILE_MODE = 0o600
READ_BUFFER_BYTES = 1 << 18


class EndPosition(Protocol):
    """A point in a file behind which nothing whole follows."""

    @property
    def size_bytes(self) -> int:
        """Bytes before it."""
        ...


P = TypeVar("P", bound=EndPosition)


def open_to_append(path: Path, end_of: Callable[[BinaryIO], P]) -> tuple[int, P, int]:
    """A locked descriptor, the end that `end_of` found, and how many torn bytes were cut off behind it.

    Raises:
        BlockingIOError: another process holds the file.
        OSError: the file cannot be opened or written.
        Whatever `end_of` raises: then nothing was changed.
    """
    with ExitStack() as undo:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        undo.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(descriptor, "rb", buffering=READ_BUFFER_BYTES, closefd=False) as file:
            end = end_of(file)
        os.fchmod(descriptor, FILE_MODE)
        if cut_bytes := os.fstat(descriptor).st_size - end.size_bytes:
            os.ftruncate(descriptor, end.size_bytes)
        os.fsync(descriptor)
        _sync_folder(path.parent)
        undo.pop_all()
    return descriptor, end, cut_bytes


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

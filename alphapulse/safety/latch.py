"""The latch: the file by which a halt survives a restart.

One JSON object on one line: `{"record": {...}, "sha256": "..."}`, the sum over the bytes of the record as they stand.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Literal, Self

import attrs
import msgspec

from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.errors import HaltError


@attrs.frozen
class LatchRecord:
    """The newest change of each scope, and how far the numbers were used up."""

    changes: tuple[HaltChange, ...] = ()
    next_halt_id: int = 1
    epoch: int = 0

    def of(self, scope: str) -> HaltChange | None:
        """The newest change of a scope; None if there was none."""
        return next((change for change in self.changes if change.scope == scope), None)

    def after(self, change: HaltChange) -> Self:
        """The record once `change` has come. Folding a journal's changes in order gives the record that it knew."""
        others = tuple(old for old in self.changes if old.scope != change.scope)
        return attrs.evolve(
            self,
            changes=(*others, change),
            next_halt_id=max(self.next_halt_id, change.halt_id + 1),
            epoch=max(self.epoch, change.epoch),
        )


class _ChangeText(msgspec.Struct, forbid_unknown_fields=True):
    halt_id: int
    epoch: int
    scope: str
    level: Literal["HALTED", "ACTIVE"]
    actor: str
    via: str
    reason: str
    at_ns: int


class _RecordText(msgspec.Struct, forbid_unknown_fields=True):
    changes: list[_ChangeText]
    next_halt_id: int
    epoch: int


class _LatchText(msgspec.Struct, forbid_unknown_fields=True):
    record: msgspec.Raw
    sha256: str


def write_latch(path: Path, record: LatchRecord) -> None:
    """Put `record` on the disk, whole or not at all: a new file (mode 0600), synced, renamed, its folder synced.

    Synchronous and free of Trio, so that a thread that watches the loop can call it too.

    Raises:
        HaltError: the file system refused; the old latch is still there.
    """
    text = msgspec.json.encode(
        _RecordText(
            changes=[
                _ChangeText(
                    halt_id=change.halt_id,
                    epoch=change.epoch,
                    scope=change.scope,
                    level="ACTIVE" if change.level is Level.ACTIVE else "HALTED",
                    actor=change.actor,
                    via=change.via.name,
                    reason=change.reason,
                    at_ns=change.at_ns,
                )
                for change in record.changes
            ],
            next_halt_id=record.next_halt_id,
            epoch=record.epoch,
        )
    )
    sealed = _LatchText(record=msgspec.Raw(text), sha256=hashlib.sha256(text).hexdigest())
    try:
        _replace_synced(path, msgspec.json.encode(sealed) + b"\n")
    except OSError as error:
        raise HaltError(f"the latch {path} was not written: {error}; make its folder writable") from error


def read_latch(path: Path) -> LatchRecord | None:
    """The record at `path`; None if there is no file.

    Raises:
        HaltError: it cannot be read or believed. The caller must come up HALTED.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HaltError(f"the latch {path} cannot be read: {error}; make it readable, then resume by hand") from error
    try:
        return _believed(data)
    except (ValueError, KeyError) as error:
        raise HaltError(
            f"the latch {path} is not what was written: {error}; find out why it changed, then resume by hand, "
            "which writes a new one"
        ) from error


def _believed(data: bytes) -> LatchRecord:
    sealed = msgspec.json.decode(data, type=_LatchText)
    found = hashlib.sha256(sealed.record).hexdigest()
    if found != sealed.sha256:
        raise ValueError(f"expected the SHA-256 {sealed.sha256}, found {found}")
    text = msgspec.json.decode(sealed.record, type=_RecordText)
    return LatchRecord(
        changes=tuple(
            HaltChange(
                halt_id=change.halt_id,
                epoch=change.epoch,
                scope=change.scope,
                level=Level[change.level],
                actor=change.actor,
                via=Via[change.via],
                reason=change.reason,
                at_ns=change.at_ns,
            )
            for change in text.changes
        ),
        next_halt_id=text.next_halt_id,
        epoch=text.epoch,
    )


def _replace_synced(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""The latch: the file by which a halt survives a restart.

One JSON object on one line: `{"record": {...}, "sha256": "..."}`, the sum over the bytes of the record as they stand.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Self

import attrs
import msgspec

from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.durable_file import replace_synced
from alphapulse.errors import HaltError

MOST_SCOPES = 256
"""Scopes that a record holds; of those that are active again the oldest are dropped beyond that."""


@attrs.frozen
class LatchRecord:
    """The newest change of each scope, and how far the numbers were used up.

    `flattened` names the halts, among those in force, in which a flatten was begun: there is no second one.
    """

    changes: tuple[HaltChange, ...] = ()
    next_halt_id: int = 1
    epoch: int = 0
    flattened: tuple[int, ...] = ()

    def of(self, scope: str) -> HaltChange | None:
        """The newest change of a scope; None if there was none."""
        return next((change for change in self.changes if change.scope == scope), None)

    def after(self, change: HaltChange) -> Self:
        """The record once `change` has come. Folding a journal's changes in order gives the record that it knew."""
        others = [old for old in self.changes if old.scope != change.scope]
        surplus = len(others) + 1 - MOST_SCOPES
        if surplus > 0:
            over = [old for old in others if old.scope != GLOBAL and old.level is Level.ACTIVE][:surplus]
            others = [old for old in others if old not in over]
        changes = (*others, change)
        stopped = {one.halt_id for one in changes if one.level.stopped}
        flattened, before = self.flattened, self.of(change.scope)
        if before is not None and before.halt_id in flattened and change.level.stopped:
            flattened = (*flattened, change.halt_id)  # the halt goes on, stricter or not, and had its flatten
        return attrs.evolve(
            self,
            changes=changes,
            next_halt_id=max(self.next_halt_id, change.halt_id + 1),
            epoch=max(self.epoch, change.epoch),
            flattened=tuple(halt_id for halt_id in dict.fromkeys(flattened) if halt_id in stopped),
        )

    def with_flatten(self, halt_id: int) -> Self:
        """The record once a flatten has begun in that halt."""
        return attrs.evolve(self, flattened=(*self.flattened, halt_id))


class _ChangeText(msgspec.Struct, forbid_unknown_fields=True):
    halt_id: int
    epoch: int
    scope: str
    level: str
    actor: str
    via: str
    reason: str
    at_ns: int


class _RecordText(msgspec.Struct, forbid_unknown_fields=True):
    changes: list[_ChangeText]
    next_halt_id: int
    epoch: int
    flattened: list[int] = []


class _LatchText(msgspec.Struct, forbid_unknown_fields=True):
    record: msgspec.Raw
    sha256: str


def write_latch(path: Path, record: LatchRecord) -> None:
    """Put `record` on the disk, whole or not at all: a new file (mode 0600), synced, renamed, its folder synced.

    Where the global scope is stopped, the rename comes first: from then on the halt outlives a `kill -9`, and what a
    power cut leaves is a halt or a latch that cannot be read, which is one too. If there is no room for it, an old
    latch that says that trading is allowed makes room: without any latch a start over these books is HALTED as well.
    Synchronous and free of Trio, so that a thread that watches the loop can call it too.

    Raises:
        HaltError: the file system refused; the old latch is still there, or, where it had to make room, none is.
    """
    text = msgspec.json.encode(
        _RecordText(
            changes=[
                _ChangeText(
                    halt_id=change.halt_id,
                    epoch=change.epoch,
                    scope=change.scope,
                    level=change.level.name,
                    actor=change.actor,
                    via=change.via.name,
                    reason=change.reason,
                    at_ns=change.at_ns,
                )
                for change in record.changes
            ],
            next_halt_id=record.next_halt_id,
            epoch=record.epoch,
            flattened=list(record.flattened),
        )
    )
    sealed = _LatchText(record=msgspec.Raw(text), sha256=hashlib.sha256(text).hexdigest())
    stopped = any(change.scope == GLOBAL and change.level.stopped for change in record.changes)
    data = msgspec.json.encode(sealed) + b"\n"
    try:
        try:
            replace_synced(path, data, rename_first=stopped)
        except OSError:
            if not stopped or _is_stopped(path):
                raise
            path.unlink()
            replace_synced(path, data, rename_first=True)
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


def sweep_latch(path: Path) -> None:
    """Take away what a process that was killed in the midst of a write has left. Blocking."""
    for left_over in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError):  # it harms nobody
            left_over.unlink()


def _is_stopped(path: Path) -> bool:
    """Whether a start that finds this latch comes up stopped."""
    try:
        record = read_latch(path)
    except HaltError:
        return True
    change = record.of(GLOBAL) if record is not None else None
    return record is None or (change is not None and change.level.stopped)


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
        flattened=tuple(text.flattened),
    )

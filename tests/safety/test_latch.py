"""The latch: what was written is read, and nothing else is believed."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.errors import HaltError
from alphapulse.safety.latch import LatchRecord, read_latch, sweep_latch, write_latch


def change(scope: str = GLOBAL, level: Level = Level.HALTED, halt_id: int = 3, epoch: int = 7) -> HaltChange:
    return HaltChange(halt_id, epoch, scope, level, "dana", Via.COMMAND_LINE, 'net "odd" – stop', 1_704_437_087)


RECORD = LatchRecord().after(change()).after(change("strategy:flash", halt_id=4, epoch=8))


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert read_latch(tmp_path / "paper.halt") is None


def test_what_was_written_is_read_and_for_the_owner_only(tmp_path: Path) -> None:
    """Twice, as the second write replaces the first; nothing else stays in the folder."""
    path = tmp_path / "paper.halt"
    write_latch(path, LatchRecord())
    write_latch(path, RECORD)
    assert read_latch(path) == RECORD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@given(
    st.lists(
        st.builds(
            HaltChange,
            halt_id=st.integers(0, 2**32 - 1),
            epoch=st.integers(0, 2**64 - 1),
            scope=st.sampled_from([GLOBAL, "strategy:a", "strategy:b"]),
            level=st.sampled_from(Level),
            actor=st.text(st.characters(codec="utf-8"), max_size=10),
            via=st.sampled_from(Via),
            reason=st.text(st.characters(codec="utf-8"), max_size=30),
            at_ns=st.integers(0, 2**64 - 1),
        ),
        max_size=8,
    )
)
def test_every_fold_of_changes_survives_the_disk(
    tmp_path_factory: pytest.TempPathFactory, changes: list[HaltChange]
) -> None:
    """The newest change of each scope is kept, and no number is used twice."""
    record = LatchRecord()
    for one in changes:
        record = record.after(one)
        assert record.of(one.scope) == one
    assert all(record.next_halt_id > one.halt_id and record.epoch >= one.epoch for one in changes)
    path = tmp_path_factory.mktemp("latch") / "latch"
    write_latch(path, record)
    assert read_latch(path) == record


@pytest.mark.slow
def test_no_changed_byte_is_believed(tmp_path: Path) -> None:
    """Each byte of the file, turned over in one bit, makes it unreadable; so does each cut."""
    path = tmp_path / "paper.halt"
    write_latch(path, RECORD)
    good = path.read_bytes().rstrip()
    for index in range(len(good)):
        path.write_bytes(good[:index] + bytes([good[index] ^ 1]) + good[index + 1 :])
        with pytest.raises(HaltError, match="is not what was written"):
            read_latch(path)
        path.write_bytes(good[:index])
        with pytest.raises(HaltError, match="resume by hand"):
            read_latch(path)


def test_what_a_killed_write_left_is_swept_and_the_latch_is_not(tmp_path: Path) -> None:
    path = tmp_path / "paper.halt"
    write_latch(path, RECORD)
    (tmp_path / ".paper.halt.ab12cd").write_text("half a reco")
    (tmp_path / "paper.journal").touch()
    sweep_latch(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["paper.halt", "paper.journal"]
    assert read_latch(path) == RECORD


def test_latch_that_cannot_be_read_is_an_error_not_an_absence(tmp_path: Path) -> None:
    with pytest.raises(HaltError, match="cannot be read"):
        read_latch(tmp_path)


def test_missing_folder_refuses_the_write(tmp_path: Path) -> None:
    with pytest.raises(HaltError, match="make its folder writable"):
        write_latch(tmp_path / "missing" / "paper.halt", RECORD)


def test_failed_write_leaves_the_old_latch_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk refuses to sync: the old record is still the one that a restart finds."""
    path = tmp_path / "paper.halt"
    write_latch(path, RECORD)

    def refuse(descriptor: int) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr("alphapulse.durable_file.os.fsync", refuse)
    with pytest.raises(HaltError, match="input/output error"):
        write_latch(path, LatchRecord())
    assert read_latch(path) == RECORD
    assert list(tmp_path.iterdir()) == [path]


def test_a_latch_that_says_active_makes_room_for_a_halt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full, but for what the old latch takes. A halt that is there already stays."""
    path = tmp_path / "paper.halt"
    write_latch(path, LatchRecord().after(change(level=Level.ACTIVE)))
    make = tempfile.mkstemp

    def make_where_room_is(*, prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002 - the name that mkstemp gives it
        if path.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return make(prefix=prefix, dir=str(dir))

    monkeypatch.setattr("alphapulse.durable_file.tempfile.mkstemp", make_where_room_is)
    write_latch(path, RECORD)
    assert read_latch(path) == RECORD
    with pytest.raises(HaltError, match="No space left"):
        write_latch(path, RECORD.after(change(halt_id=9)))
    assert read_latch(path) == RECORD


def test_without_any_room_no_latch_says_active(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start over books without a latch is HALTED. A record that is no halt does not take the old one away."""
    path = tmp_path / "paper.halt"
    active = LatchRecord().after(change(level=Level.ACTIVE))
    write_latch(path, active)

    def refuse(**_: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("alphapulse.durable_file.tempfile.mkstemp", refuse)
    with pytest.raises(HaltError, match="No space left"):
        write_latch(path, active.after(change("strategy:flash")))
    assert read_latch(path) == active
    with pytest.raises(HaltError, match="No space left"):
        write_latch(path, RECORD)
    assert read_latch(path) is None

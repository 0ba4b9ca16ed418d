"""`alphapulse audit`: what it says of a real journal, and that no damage to one escapes it."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alphapulse.cli import audit as module
from alphapulse.cli.audit_text import essentials, record_line
from alphapulse.cli.control_file import write_control_file
from alphapulse.cli.main import main
from alphapulse.composition.environment import DataPaths
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker, LimitOverride
from alphapulse.data.runs import AuditTrail, RunEnded
from alphapulse.journal.audit import head_at
from alphapulse.journal.frame_file import calculated_checksum
from alphapulse.journal.journal_file import Verdict, end_of, read_records, verify
from alphapulse.rules.wire.frame import frame_size
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE
from tests.daemon.day_config import Day
from tests.journal.journal_samples import DAY_NS, audit, fill, halt, halt_report, history, intent, report, run_started

CASES = 120
"""Of each kind of damage."""


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of a real replay."""
    folder = tmp_path_factory.mktemp("replayed")
    database = folder / "books.sqlite"
    config = Day(end="2024-01-05T03:00:00Z").write(folder)
    result = CliRunner().invoke(main, ["replay", "--config", str(config), "--database", str(database)])
    assert result.exit_code == 0
    return DataPaths.beside(database).journal.read_bytes()


@pytest.fixture
def journal(tmp_path: Path, content: bytes) -> Path:
    """The same, where a daemon with the configuration in `tmp_path` keeps it."""
    Day().write(tmp_path)
    path = tmp_path / "data" / "paper.journal"
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def run(journal: Path, *arguments: str) -> Result:
    config = journal.parents[1] / "config.toml"
    return CliRunner().invoke(main, ["audit", arguments[0], "--config", str(config), *arguments[1:]])


def test_a_sound_journal_is_told_with_its_head(journal: Path, content: bytes) -> None:
    result = run(journal, "verify")
    assert result.exit_code == 0
    end = end_of(journal)
    assert result.stdout.splitlines() == [
        f"journal    {journal}",
        f"records    {end.records}",
        f"bytes      {len(content)}",
        f"head hash  {end.head_hash.hex()}",
        "The journal is sound.",
    ]


def test_damage_is_told_with_its_place_and_by_the_exit_code(journal: Path, content: bytes) -> None:
    at = len(content) // 2
    journal.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    result = run(journal, "verify")
    assert result.exit_code == 1
    verdict = verify(journal)
    assert f"problem    at byte {verdict.offset}: {verdict.problem}\n" in result.stdout
    assert f"records    {verdict.records}\n" in result.stdout
    assert "not sound" in result.stdout


def test_a_journal_that_is_not_there_is_an_error(journal: Path) -> None:
    journal.unlink()
    for command in ("verify", "tail"):
        result = run(journal, command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"expected a journal at {journal}" in result.stderr


def test_an_anchor_holds_while_the_journal_grows_and_fails_when_it_was_cut(journal: Path, content: bytes) -> None:
    """A cut between two records leaves a sound chain: only a head that was written down elsewhere shows it."""
    ends = frame_ends(content)
    heads = [hashlib.sha256(content[a:b]).hexdigest() for a, b in zip([0, *ends], ends, strict=False)]
    for records in (1, len(ends) // 2, len(ends)):
        assert run(journal, "verify", "--anchor", f"{records}:{heads[records - 1].upper()}").exit_code == 0
    assert run(journal, "verify", "--anchor", f"0:{'0' * 64}").exit_code == 0
    journal.write_bytes(content[: ends[-2]])
    assert run(journal, "verify").exit_code == 0
    result = run(journal, "verify", "--anchor", f"{len(ends)}:{heads[-1]}")
    assert result.exit_code == 1
    assert f"expected the head {heads[-1]} behind record {len(ends)}, found another or none" in result.stdout
    assert run(journal, "verify", "--anchor", f"1:{heads[1]}").exit_code == 1


@pytest.mark.parametrize("anchor", ["", "1", "1:ab", f"-1:{'0' * 64}", f"1:{'g' * 64}"])
def test_an_anchor_that_is_none_is_refused(journal: Path, anchor: str) -> None:
    assert run(journal, "verify", "--anchor", anchor).exit_code == 2


def test_a_frame_that_a_running_daemon_just_writes_is_waited_for(
    journal: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look finds it whole. Without a running daemon there is no second look."""
    looks: list[Path] = []

    def look(path: Path) -> Verdict:
        path.write_bytes(content if looks else content[:-5])
        looks.append(path)
        return verify(path)

    monkeypatch.setattr(module, "verify", look)
    monkeypatch.setattr(module, "WRITING_S", 0)
    assert run(journal, "verify").exit_code == 1
    looks.clear()
    write_control_file(journal.parent, None)
    assert run(journal, "verify").exit_code == 0
    assert len(looks) == 2


# --- tail ------------------------------------------------------------------------------------------------------------


def test_tail_shows_the_newest_records_in_order(journal: Path) -> None:
    told = list(read_records(journal))
    lines = run(journal, "tail", "-n", "3").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [str(position.records) for position, _ in told[-3:]]
    assert [line.split()[2] for line in lines] == [type(record).__name__ for _, record in told[-3:]]
    assert all(re.match(r" +\d+  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  \w+ +\S", line) for line in lines)
    assert len(run(journal, "tail").stdout.splitlines()) == min(20, len(told))
    assert len(run(journal, "tail", "-n", "100000").stdout.splitlines()) == len(told)
    assert run(journal, "tail", "-n", "0").exit_code == 2


def test_tail_as_json_has_every_field(journal: Path) -> None:
    (shown,) = map(json.loads, run(journal, "tail", "-n", "1", "--json").stdout.splitlines())
    *_, (position, record) = read_records(journal)
    assert (shown["record"], shown["kind"]) == (position.records, type(record).__name__)
    assert isinstance(record, RunEnded)
    assert shown["fields"] == {"run": record.run, "reason": record.reason, "ended_ns": record.ended_ns}
    assert shown["written_ns"] >= record.ended_ns


def test_tail_shows_what_is_sound_and_says_what_is_not(journal: Path, content: bytes) -> None:
    """A torn tail is what an interrupted write leaves: no problem. Rot is one."""
    journal.write_bytes(content[:-5])
    assert run(journal, "tail").exit_code == 0
    at = frame_ends(content)[3] + 40
    journal.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    result = run(journal, "tail")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 4
    assert "is damaged at byte" in result.stderr


def test_each_kind_of_record_has_its_essentials() -> None:
    assert essentials(run_started(3)) == "run 3 of day recorded, paper: start"
    assert essentials(intent(5)).startswith("flash intent ")
    assert " net " in essentials(fill(5))
    assert essentials(report(5)).startswith("flash intent ")
    assert essentials(halt()).startswith("HALTED global by ")
    assert "cancelled" in essentials(halt_report())
    trail = audit()
    assert essentials(trail) == f"{trail.actor} {trail.action} {trail.target}: {trail.reason}; {trail.result}"
    assert all(essentials(record) for record in islice(history(1), 500))
    opened = CircuitBreaker(BreakerScope.VENUE, "uniswap_v3", BreakerAction.REDUCE, "reject_ratio", "a storm", None, 1)
    assert essentials(opened) == "reject_ratio reduce venue:uniswap_v3: a storm"
    wish = LimitOverride("limits.max_intents", 30, 20, "trades", "anna", "a wide day", 1, 2)
    assert essentials(wish) == "limits.max_intents to 30 trades by anna: a wide day"
    assert record_line(7, DAY_NS, None).split() == (
        ["7", "2024-01-05T06:44:47.000Z", "(unknown)", "a", "type", "that", "this", "version", "does", "not", "know"]
    )


def test_texts_cannot_steer_the_terminal() -> None:
    hostile = AuditTrail("\x1b[2Jx", "a\nb", "t\u202e", "why", "done", 1)
    line = record_line(1, DAY_NS, hostile)
    assert line.isprintable()
    assert r"\x1b[2Jx a\nb t\u202e: why; done" in line


# --- damage of all kinds -------------------------------------------------------------------------------------------


def frame_ends(content: bytes) -> list[int]:
    ends = [0]
    while ends[-1] < len(content):
        ends.append(ends[-1] + frame_size(content[ends[-1] : ends[-1] + HEADER_SIZE]))
    return ends[1:]


def frames(content: bytes) -> list[bytes]:
    ends = frame_ends(content)
    return [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def edit(content: bytes, dice: random.Random) -> bytes:
    at, size = dice.randrange(len(content)), dice.choice((1, 1, 4, 300))
    return content[:at] + dice.randbytes(len(content[at : at + size])) + content[at + size :]


def delete(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content))
    return content[:at] + content[at + dice.choice((1, 8, 300, 5000)) :]


def insert(content: bytes, dice: random.Random) -> bytes:
    at, source = dice.randrange(len(content)), dice.randrange(len(content))
    return content[:at] + content[source : source + dice.choice((1, 8, 300, 5000))] + content[at:]


def swap(content: bytes, dice: random.Random) -> bytes:
    a, b, c, d = sorted(dice.randrange(len(content)) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def forge_record(content: bytes, dice: random.Random) -> bytes:
    """A byte of a record is another, and the checksum is made to fit."""
    parts = frames(content)
    which = dice.randrange(len(parts))
    forged = bytearray(parts[which])
    forged[dice.randrange(HEADER_SIZE, len(forged))] ^= dice.randrange(1, 256)
    forged[CHECKSUM_OFFSET:HEADER_SIZE] = calculated_checksum(bytes(forged)).to_bytes(4, "little")
    return b"".join((*parts[:which], bytes(forged), *parts[which + 1 :]))


def delete_records(content: bytes, dice: random.Random) -> bytes:
    parts = frames(content)
    at = dice.randrange(len(parts))
    return b"".join((*parts[:at], *parts[at + dice.randrange(1, 4) :]))


def swap_records(content: bytes, dice: random.Random) -> bytes:
    parts = frames(content)
    a, b = dice.sample(range(len(parts)), 2)
    parts[a], parts[b] = parts[b], parts[a]
    return b"".join(parts)


def repeat_record(content: bytes, dice: random.Random) -> bytes:
    parts = frames(content)
    return b"".join((*parts, dice.choice(parts)))


KINDS = (edit, delete, insert, swap, cut, forge_record, delete_records, swap_records, repeat_record)


@pytest.mark.parametrize("damage", KINDS)
def test_no_damage_escapes(tmp_path: Path, content: bytes, damage: Callable[[bytes, random.Random], bytes]) -> None:
    """Seen by the chain alone, but for what happens behind the last sound record: that is seen by the known head."""
    path = tmp_path / "journal"
    path.write_bytes(content)
    whole, dice = verify(path), random.Random(f"{damage.__name__} 1")
    borders = {0, *frame_ends(content)}
    last = frame_ends(content)[-2]
    escaped, only_by_head, tried = [], 0, 0
    while tried < CASES:
        damaged = damage(content, dice)
        if damaged == content:
            continue
        tried += 1
        path.write_bytes(damaged)
        if verify(path).problem is None:
            is_cut = content.startswith(damaged) and len(damaged) in borders
            is_last_forged = damaged[:last] == content[:last]
            assert is_cut or is_last_forged
            only_by_head += 1
            if head_at(path, whole.records) == whole.head_hash:
                escaped.append(damaged)
    assert escaped == []
    assert only_by_head < CASES // 4

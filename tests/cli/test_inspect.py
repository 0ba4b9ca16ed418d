"""`alphapulse inspect`, as a user calls it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.cli.inspect import follow_pieces
from alphapulse.cli.main import main
from alphapulse.composition.environment import DataPaths
from alphapulse.data.runs import AuditTrail, RunEnded
from alphapulse.journal.journal_file import read_records
from tests.daemon.day_config import Day
from tests.rules.wire.damaged_frames import DAMAGED, FRAME, KINDS, seal_tlvs, sealed, tlv
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import FOLDER

PROGRAM = [sys.executable, "-c", "from alphapulse.cli.main import main; main()"]
ENVIRONMENT = {"PYTHONPATH": ":".join(sys.path), "TERM": "xterm", "PATH": os.environ["PATH"]}
ESCAPE = b"\x1b["


def inspect(*arguments: str | Path) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)])


def told(result: Result, code: int = 0) -> list[dict[str, Any]]:
    """The JSON objects on standard output, one a line."""
    assert (result.exit_code, result.stderr) == (code, ""), result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_the_golden_vectors_are_shown_as_json(cls: type) -> None:
    vector = json.loads((FOLDER / f"{cls.__name__}.json").read_text("utf-8"))
    for case in vector["cases"]:
        (shown,) = told(inspect("--hex", sealed(cls, bytes.fromhex(case["hex"])).hex(), "--json"))
        assert list(shown) == ["header", "tlvs", "error"]
        assert shown["error"] is None
        (one,) = shown["tlvs"]
        assert list(one) == ["type", "name", "length", "fields"]
        assert (one["type"], one["name"]) == (vector["type"], cls.__name__)
        assert list(one["fields"]) == list(case["fields"])


@pytest.mark.parametrize("name", DAMAGED)
def test_each_damage_is_told_as_json_and_by_the_exit_code(name: str) -> None:
    case = DAMAGED[name]
    (shown,) = told(inspect("--hex", case.data.hex(), "--json"), code=1)
    assert (shown["error"]["kind"], shown["error"]["offset"]) == (KINDS[case.error], case.offset)
    assert (shown["header"] is None) == (not case.has_header)


@pytest.mark.parametrize("name", DAMAGED)
def test_each_damage_is_told_as_text_with_its_place(name: str) -> None:
    case = DAMAGED[name]
    result = inspect("--hex", case.data.hex())
    assert result.exit_code == 1
    place, expected, found = re.search(
        r"^ +(\d+)  " + KINDS[case.error] + r": .+\n +expected  (.+)\n +found +(.+)$", result.stdout, re.MULTILINE
    ).groups()  # type: ignore[union-attr]  # no match is a failed test
    assert int(place) == case.offset
    assert expected != found


def test_hex_may_be_written_as_people_write_it() -> None:
    plain = inspect("--hex", FRAME.hex(), "--json").stdout
    spaced = "\n".join(f"0x{byte:02X} " for byte in FRAME)
    assert inspect("--hex", spaced, "--json").stdout == plain
    assert inspect("--hex", f"0x{FRAME.hex()}\r\n", "--json").stdout == plain


@pytest.mark.parametrize(("text", "offset"), [("efbz", 1), ("efb", 1), ("0x0xef", 0), ("ef-be", 1), ("é", 0)])
def test_hex_that_is_none_is_an_error_with_its_place(text: str, offset: int) -> None:
    (shown,) = told(inspect("--hex", text, "--json"), code=1)
    assert (shown["header"], shown["tlvs"]) == (None, [])
    assert (shown["error"]["kind"], shown["error"]["offset"]) == ("invalid_value", offset)


@given(st.one_of(st.binary(max_size=100).map(bytes.hex), st.text(max_size=40).filter(lambda text: "\0" not in text)))
def test_garbage_gives_one_json_object_and_1(text: str) -> None:
    (shown,) = told(inspect(f"--hex={text}", "--json"), code=1)
    assert shown["error"] is not None


@given(st.binary(max_size=100))
def test_a_file_of_garbage_gives_its_fault_and_1(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage"
    path.write_bytes(content)
    shown = told(inspect(path, "--json"), code=1 if content else 0)
    assert len(shown) == bool(content)


def test_texts_cannot_steer_the_terminal() -> None:
    hostile = seal_tlvs(tlv(RunEnded(1, "\x1b[2J\nfake line\u202e[bold]x", 5)))
    result = inspect("--hex", hostile.hex())
    assert result.exit_code == 0
    assert r"\x1b[2J\nfake line\u202e[bold]x" in result.stdout


def test_an_unsound_call_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(FRAME)
    for arguments in ((), (path, "--hex", "00"), ("--hex", "00", "--follow"), ("--hex", "00", "--limit", "1")):
        assert inspect(*arguments).exit_code == 2
    assert inspect(tmp_path / "nowhere").exit_code == 2
    assert inspect(path, "--limit", "-1").exit_code == 2
    os.mkfifo(tmp_path / "pipe")
    piped = inspect(tmp_path / "pipe")
    assert (piped.exit_code, "write it to a file first" in piped.stderr) == (2, True)


def frames(count: int) -> list[bytes]:
    return [seal_tlvs(tlv(RunEnded(run, "the end", 5))) for run in range(count)]


def runs(shown: list[dict[str, Any]]) -> list[int]:
    return [one["tlvs"][0]["fields"]["run"] for one in shown]


def test_a_file_is_shown_frame_by_frame_and_a_part_of_it_on_request(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"".join(frames(5)))
    assert runs(told(inspect(path, "--json"))) == [0, 1, 2, 3, 4]
    assert runs(told(inspect(path, "--json", "--skip", "1", "--limit", "2"))) == [1, 2]
    assert runs(told(inspect(path, "--json", "--skip", "4"))) == [4]
    assert told(inspect(path, "--json", "--limit", "0")) == []
    assert told(inspect(path, "--json", "--skip", "9")) == []


def test_damage_in_a_file_is_told_with_its_offset_there_and_the_rest_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first, second, third = frames(3)
    path.write_bytes(first + second[:-1] + b"?" + b"junk" + third + third[:-5])
    sound, flipped, last, torn = told(inspect(path, "--json"), code=1)
    assert runs([sound, flipped, last]) == [0, 1, 2]
    assert (sound["error"], last["error"]) == (None, None)
    assert (flipped["error"]["kind"], flipped["error"]["offset"]) == ("checksum_mismatch", len(first) + 28)
    assert (torn["error"]["kind"], torn["error"]["offset"]) == ("truncated", path.stat().st_size)
    assert f"frame at byte {len(first + second) + 4}\n" in inspect(path).stdout


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a real replay."""
    folder = tmp_path_factory.mktemp("replayed")
    database = folder / "books.sqlite"
    config = Day(end="2024-01-05T03:00:00Z").write(folder)
    result = CliRunner().invoke(main, ["replay", "--config", str(config), "--database", str(database)])
    assert result.exit_code == 0
    return DataPaths.beside(database).journal


def test_the_journal_of_a_replay_is_shown_whole(journal: Path) -> None:
    shown = told(inspect(journal, "--json"))
    records = [type(record).__name__ for _, record in read_records(journal)]
    assert [one["tlvs"][0]["name"] for one in shown] == records
    assert {"RunStarted", "OrderRequest", "Fill", "RunEnded"} <= set(records)
    assert {one["tlvs"][1]["name"] for one in shown} == {"ChainLink"}
    assert [one["header"]["sequence"] for one in shown] == list(range(1, len(records) + 1))
    text = inspect(journal)
    assert text.exit_code == 0
    assert text.stdout.count("frame at byte") == len(records)
    assert re.search(r"^ +\d+ +profit_token +0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48$", text.stdout, re.MULTILINE)


def grow(writer: FileIO, data: bytes) -> None:
    writer.write(data)


def test_a_growing_file_is_followed_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole = b"".join(frames(3))
    path.write_bytes(whole[:7])
    writes = iter((whole[7:40], whole[40:100], whole[100:]))
    with path.open("ab", buffering=0) as writer, path.open("rb") as reader:
        pieces: Iterator[Any] = follow_pieces(reader, lambda: grow(writer, next(writes)))
        assert [next(pieces).data for _ in range(3)] == frames(3)


@pytest.mark.slow
@pytest.mark.real_io
def test_follow_shows_what_another_process_writes_and_ends_by_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first, second = frames(2)
    path.write_bytes(first + second[:9])
    command = [*PROGRAM, "inspect", str(path), "--follow", "--json", "--limit", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        shown = [json.loads(process.stdout.readline())]
        with path.open("ab") as writer:
            writer.write(second[9:])
        shown.append(json.loads(process.stdout.readline()))
    assert runs(shown) == [0, 1]
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.real_io
def test_ctrl_c_ends_follow_as_meant(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(FRAME)
    command = [*PROGRAM, "inspect", str(path), "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(2)
        _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.slow
@pytest.mark.real_io
def test_colours_are_for_terminals_alone(tmp_path: Path) -> None:
    command = [*PROGRAM, "inspect", "--hex", seal_tlvs(tlv(AuditTrail("a", "b", "c", "d", "e", 1))).hex()]
    plain = subprocess.run(command, capture_output=True, env=ENVIRONMENT, timeout=300, check=True).stdout
    assert ESCAPE not in plain
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, env=ENVIRONMENT):
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65_536):
                shown += chunk
        except OSError:
            pass  # how Linux says that the other end was closed
    os.close(ours)
    assert ESCAPE in shown
    assert re.sub(rb"\x1b\[[\d;]*m", b"", shown).replace(b"\r\n", b"\n") == plain

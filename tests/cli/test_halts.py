"""`alphapulse halt show | list | unlock` and `kill`, without a daemon."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from click.testing import CliRunner, Result

from alphapulse.cli.daemon_call import Unanswered
from alphapulse.cli.main import main
from alphapulse.data.halts import GLOBAL, HaltChange, KillReport, Level, Via
from alphapulse.journal.journal import Journal
from alphapulse.safety.halt_json import bare_report
from alphapulse.safety.latch import LatchRecord, read_latch, write_latch
from alphapulse_web.api.requests import KillRequest
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline

LOCK = HaltChange(3, 7, GLOBAL, Level.LOCKED, "rita", Via.API, "keys may be lost", 1_700_000_000_000_000_000)


async def write_journal(path: Path, *records: object) -> None:
    async with Journal.open(path, now_ns=lambda: 1, run_blocking=run_inline) as journal:
        await journal.append(records, sync=True)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose daemon is down; its journal tells of one halt, its latch of a lock."""
    (tmp_path / "data").mkdir(mode=0o700)
    report: KillReport = bare_report(LOCK)
    trio.run(write_journal, tmp_path / "data" / "paper.journal", LOCK, report)
    write_latch(tmp_path / "data" / "paper.halt", LatchRecord().after(LOCK))
    return Day().write(tmp_path)


def run(config: Path, *arguments: str) -> Result:
    *command, last = arguments
    return CliRunner().invoke(main, [*command, last, "--config", str(config)])


def test_a_halt_is_shown_from_the_journal(config: Path) -> None:
    shown = run(config, "halt", "show")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0] == "LOCKED: halt 3, scope global"
    assert "  reason: keys may be lost" in shown.stdout.splitlines()
    assert CliRunner().invoke(main, ["halt", "show", "3", "--config", str(config)]).stdout == shown.stdout


def test_a_halt_is_shown_as_json(config: Path) -> None:
    shown = json.loads(run(config, "halt", "show", "--json").stdout)
    assert (shown["halt_id"], shown["level"], shown["via"], shown["complete"]) == (3, "locked", "the API", False)


def test_a_halt_that_is_not_known_is_refused(config: Path) -> None:
    shown = CliRunner().invoke(main, ["halt", "show", "9", "--config", str(config)])
    assert (shown.exit_code, "(3), found 9" in shown.stderr) == (1, True)


def test_words_of_others_neither_move_the_cursor_nor_make_lines(config: Path) -> None:
    """A reason is shown as it was given, with what a terminal would obey or hide written out."""
    words = "safe\x1b[2J\r\n  reason: \u202enone\u2028"
    halt = HaltChange(4, 8, GLOBAL, Level.LOCKED, "rita", Via.API, words, LOCK.at_ns)
    trio.run(write_journal, config.parent / "data" / "paper.journal", halt, bare_report(halt))
    for command in (("halt", "show"), ("halt", "list")):
        shown = CliRunner().invoke(main, [*command, "--config", str(config)], color=True).stdout
        assert "safe\\x1b[2J\\r\\n  reason: \\u202enone\\u2028" in shown
        assert all(line.isprintable() for line in shown.split("\n"))


def test_halts_are_listed(config: Path) -> None:
    listed = run(config, "halt", "list")
    assert listed.stdout.split()[0] == "3"
    assert "(in force)" in listed.stdout
    assert [one["halt_id"] for one in json.loads(run(config, "halt", "list", "--json").stdout)] == [3]


def test_without_a_journal_there_is_no_halt(tmp_path: Path) -> None:
    config = Day().write(tmp_path)
    assert "nothing was ever halted" in run(config, "halt", "list").stderr
    assert run(config, "halt", "show").exit_code == 1


def test_a_lock_is_not_ended_by_a_program(config: Path) -> None:
    done = CliRunner().invoke(main, ["halt", "unlock", "--config", str(config), "--reason", "x"], input="unlock\n")
    assert (done.exit_code, "a lock is not ended by a program" in done.stderr) == (1, True)


def unlock(config: Path, typed: str) -> tuple[int, str]:
    """The command at a terminal, and what is typed there."""
    here, there = pty.openpty()
    command = "from alphapulse.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", command, "halt", "unlock", "--config", str(config), "--reason", "keys are safe"],
        stdin=there,
        stdout=there,
        stderr=there,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    ) as process:
        os.close(there)
        os.write(here, f"{typed}\n".encode())
        said = b""
        try:
            while part := os.read(here, 4096):
                said += part
        except OSError as error:
            if error.errno != errno.EIO:  # the terminal has no other side any more
                raise
        os.close(here)
        return process.wait(300), said.decode()


@pytest.mark.real_io
@pytest.mark.slow
def test_a_person_at_the_machine_makes_a_lock_a_halt(config: Path) -> None:
    """The phrase, and a daemon that is down; the latch then says HALTED under a number of its own."""
    code, said = unlock(config, "unlock everything")
    assert (code, "everything stays locked" in said) == (1, True)
    code, said = unlock(config, "unlock alphapulse")
    assert (code, "HALTED: global" in said) == (0, True), said
    record = read_latch(config.parent / "data" / "paper.halt")
    assert record is not None
    halted = record.of(GLOBAL)
    assert halted is not None
    assert (halted.level, halted.halt_id, halted.reason) == (Level.HALTED, 4, "keys are safe")
    code, said = unlock(config, "unlock alphapulse")
    assert (code, "nothing to unlock" in said) == (1, True)


@pytest.mark.real_io
@pytest.mark.slow
def test_a_lock_is_not_ended_while_the_daemon_runs(config: Path) -> None:
    path = config.parent / "data" / "paper.journal"

    async def hold() -> tuple[int, str]:
        async with Journal.open(path, now_ns=lambda: 1, run_blocking=run_inline):
            return await trio.to_thread.run_sync(unlock, config, "unlock alphapulse")

    code, said = trio.run(hold)
    assert (code, "found one that runs" in said) == (1, True)


def test_a_kill_without_a_daemon_leaves_the_halt_file(config: Path) -> None:
    done = CliRunner().invoke(main, ["kill", "--config", str(config), "--reason", "stop it"])
    assert done.exit_code == 0
    assert (config.parent / "data" / "HALT").read_text() == "stop it\n"
    only_part = ["kill", "--config", str(config), "--reason", "x", "--scope", "strategy:flash_arbitrage"]
    assert CliRunner().invoke(main, only_part).exit_code == 1


@pytest.mark.parametrize(
    ("reason", "taken"),
    [("", "no reason was given"), (" \n", "no reason was given"), ("x" * 250, "x" * 250), ("ä" * 900, "ä" * 249 + "…")],
)
def test_no_stop_is_refused_for_its_words(
    config: Path, monkeypatch: pytest.MonkeyPatch, reason: str, taken: str
) -> None:
    asked: list[object] = []

    def call(*arguments: Any, **_: object) -> object:
        asked.append(arguments[3])
        raise Unanswered("nobody")

    monkeypatch.setattr("alphapulse.cli.control.call", call)
    assert CliRunner().invoke(main, ["kill", "--config", str(config), "--reason", reason]).exit_code == 0
    assert asked == [{"scope": "global", "level": "halted", "reason": taken}]
    msgspec.convert(asked[0], KillRequest)


def test_where_nothing_was_halted_show_says_so(tmp_path: Path) -> None:
    shown = run(Day().write(tmp_path), "halt", "show")
    assert (shown.exit_code, shown.stderr) == (1, "alphapulse: nothing was ever halted here\n")


@pytest.mark.parametrize("command", ["resume", "flatten"])
def test_what_needs_a_daemon_says_so(config: Path, command: str) -> None:
    done = CliRunner().invoke(main, [command, "--config", str(config), "--reason", "x"])
    assert done.exit_code == 1
    assert "expected a running daemon" in done.stderr
    assert "its socket does not answer either" in done.stderr

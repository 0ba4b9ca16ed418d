"""`alphapulse replay`, as a user calls it."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alphapulse.cli.main import main
from alphapulse.composition.environment import DataPaths
from alphapulse.data.runs import RunStarted
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.ledger import rebuild
from tests.daemon.books import decisions, records
from tests.daemon.day_config import NET, OPPORTUNITIES, POOL_005, POOL_030, TRADES, USDC, Day
from tests.journal.ledger_dump import column, dump

PROGRAM = [sys.executable, "-c", "from alphapulse.cli.main import main; main()"]
VECTORS = Path(__file__).parents[1] / "vectors"
FIRST_HOURS = Day(end="2024-01-05T03:00:00Z")


def replay(config: Path, *arguments: str | Path) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, ["replay", "--config", str(config), "--json", *map(str, arguments)])


def printed(result: Result) -> dict[str, Any]:
    """The one JSON object on standard output."""
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    shown: dict[str, Any] = json.loads(line)
    return shown


def shipped_lines() -> list[bytes]:
    packed = files("alphapulse").joinpath("demo/uniswap_v3_day/usdc_weth_2024-01-05_h00-12.logs.jsonl.gz").read_bytes()
    return gzip.decompress(packed).splitlines(keepends=True)


def environment() -> dict[str, str]:
    """Of a process of its own."""
    return {"PYTHONPATH": ":".join(sys.path), "TERM": "xterm", "PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def half_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], bytes]:
    """Result and states file of the shipped half day with gas, flash fee and floors 0."""
    folder = tmp_path_factory.mktemp("half_day")
    shown = printed(replay(Day().write(folder), "--states", folder / "states.jsonl"))
    return shown, (folder / "states.jsonl").read_bytes()


def test_the_half_day_gives_what_is_known_of_it(half_day: tuple[dict[str, Any], bytes]) -> None:
    shown, _ = half_day
    assert shown["logs"] == 3121
    assert shown["events"] == {"v3_swap": 3005, "v3_mint": 31, "v3_burn": 43, "v3_collect": 42}
    assert shown["pools"] == 2
    assert (shown["opportunities"], shown["blocks"], shown["episodes"]) == (OPPORTUNITIES, 17, 18)
    assert (shown["trades"], shown["reverted"]) == (TRADES, 0)
    assert shown["dropped"] == {}
    assert shown["rejected"] == {"duplicate": OPPORTUNITIES - TRADES}
    assert shown["pnl"] == {USDC: NET}
    assert list(shown["profit"]) == [USDC]


def test_the_result_holds_integers_and_text_alone(half_day: tuple[dict[str, Any], bytes]) -> None:
    def leaves(value: object) -> list[object]:
        return [leaf for one in value.values() for leaf in leaves(one)] if isinstance(value, dict) else [value]

    shown, _ = half_day
    assert {type(leaf) for leaf in leaves(shown)} == {int, str}


def test_the_states_add_up_to_the_profit(half_day: tuple[dict[str, Any], bytes]) -> None:
    shown, text = half_day
    states = [json.loads(line) for line in text.splitlines()]
    assert len(states) == OPPORTUNITIES
    assert [list(state) for state in states] == [
        ["block", "log_index", "pools", "token", "size", "profit"] for _ in states
    ]
    assert sum(state["profit"] for state in states) == shown["profit"][USDC]
    assert {tuple(sorted(state["pools"])) for state in states} == {(POOL_005, POOL_030)}
    places = [(state["block"], state["log_index"]) for state in states]
    assert places == sorted(set(places))


def test_each_profit_is_that_of_the_vectors_or_up_to_ten_raw_units_more(
    half_day: tuple[dict[str, Any], bytes],
) -> None:
    states = [json.loads(line) for line in half_day[1].splitlines()]
    with (VECTORS / "arbitrage" / "net_positive_states_h00-12.csv").open(newline="") as file:
        known = list(csv.DictReader(file))
    assert [(state["block"], state["log_index"]) for state in states] == [
        (int(row["block_number"]), int(row["log_index"])) for row in known
    ]
    above = [state["profit"] - int(row["profit_usdc_raw_in_range"]) for state, row in zip(states, known, strict=True)]
    assert all(0 <= excess <= 10 for excess in above)


def test_states_that_costs_eat_up_stand_in_the_file_in_their_place(
    half_day: tuple[dict[str, Any], bytes], tmp_path: Path
) -> None:
    """With gas some states are dropped; the file has all, as without."""
    config = Day(gas_price_wei=25 * 10**9).write(tmp_path)
    shown = printed(replay(config, "--states", tmp_path / "states.jsonl"))
    assert shown["dropped"] == {"costs": 6}
    assert (tmp_path / "states.jsonl").read_bytes() == half_day[1]


def test_a_second_replay_writes_the_same_states_to_the_byte(
    half_day: tuple[dict[str, Any], bytes], tmp_path: Path
) -> None:
    shown, states = half_day
    again = printed(replay(Day().write(tmp_path), "--states", tmp_path / "states.jsonl"))
    assert (tmp_path / "states.jsonl").read_bytes() == states
    assert {**again, "logs_per_second": 0} == {**shown, "logs_per_second": 0}


def test_at_block_ends_there_is_nothing(tmp_path: Path) -> None:
    shown = printed(replay(Day(evaluate="block").write(tmp_path)))
    assert (shown["opportunities"], shown["trades"], shown["pnl"]) == (0, 0, {})


def test_one_log_later_five_of_the_trades_still_win(tmp_path: Path) -> None:
    shown = printed(replay(Day(latency="{ logs = 1 }").write(tmp_path)))
    assert (shown["opportunities"], shown["trades"], shown["reverted"]) == (OPPORTUNITIES, 5, TRADES - 5)


def test_speed_and_end_of_the_configuration_do_not_hold_a_replay_up(
    half_day: tuple[dict[str, Any], bytes], tmp_path: Path
) -> None:
    shown = printed(replay(Day(speed=1, at_end="repeat", web=True).write(tmp_path)))
    assert shown["pnl"] == half_day[0]["pnl"]


@pytest.mark.slow
def test_the_named_database_keeps_the_books_and_a_second_replay_appends_a_run(tmp_path: Path) -> None:
    config, database = FIRST_HOURS.write(tmp_path), tmp_path / "books" / "kept.sqlite"
    first, second = printed(replay(config, "--database", database)), printed(replay(config, "--database", database))
    assert first["trades"] == second["trades"] > 0
    assert column(database, "runs", "run") == [1, 2]
    journal = DataPaths.beside(database).journal
    rebuild(journal, sqlite_url(tmp_path / "fresh.sqlite"))
    assert dump(database) == dump(tmp_path / "fresh.sqlite")
    told = decisions(journal)
    assert [one[0] for one in told[: len(told) // 2]] == [one[0] for one in told[len(told) // 2 :]]
    assert [one.reason for one in records(journal, RunStarted)] == ["the daemon started"] * 2


def test_without_a_database_nothing_is_left_behind(tmp_path: Path) -> None:
    config = FIRST_HOURS.write(tmp_path)
    printed(replay(config))
    assert list(tmp_path.iterdir()) == [config]


def test_the_table_names_what_the_json_names(tmp_path: Path) -> None:
    config = FIRST_HOURS.write(tmp_path)
    table = CliRunner().invoke(main, ["replay", "--config", str(config)])
    assert table.exit_code == 0
    assert [line.split()[0] for line in table.stdout.splitlines()] == list(printed(replay(config)))


def test_a_recording_that_is_cut_off_gives_what_was_read_and_fails(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(shipped_lines()[:600]))
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) * 2 // 3])
    result = replay(Day(logs="cut.gz").write(tmp_path))
    assert result.exit_code == 1
    assert 0 < json.loads(result.stdout)["logs"] < 600
    assert result.stderr.splitlines()[-1].startswith(f"alphapulse: {tmp_path / 'cut.gz'} is cut off or damaged")


def test_lines_that_are_no_logs_are_counted_and_harm_nothing(tmp_path: Path) -> None:
    lines = shipped_lines()[:300]
    (tmp_path / "odd.jsonl").write_bytes(b"".join([*lines[:100], b"{}\n", b"\xff\xfe\n", b"[1\n", *lines[100:]]))
    (tmp_path / "sound.jsonl").write_bytes(b"".join(lines))
    odd = printed(replay(Day(logs="odd.jsonl").write(tmp_path)))
    sound = printed(replay(Day(logs="sound.jsonl").write(tmp_path)))
    assert sum(odd["refused"].values()) == 3
    assert sound["refused"] == {}
    assert odd["events"] == sound["events"]


def test_logs_that_come_twice_are_refused_and_decide_nothing(tmp_path: Path) -> None:
    lines = shipped_lines()[:700]
    (tmp_path / "twice.jsonl").write_bytes(b"".join(line * 2 for line in lines))
    (tmp_path / "once.jsonl").write_bytes(b"".join(lines))
    twice = printed(replay(Day(logs="twice.jsonl").write(tmp_path)))
    once = printed(replay(Day(logs="once.jsonl").write(tmp_path)))
    assert sum(twice["refused"].values()) == 700
    assert {key: twice[key] for key in ("events", "opportunities", "pnl")} == {
        key: once[key] for key in ("events", "opportunities", "pnl")
    }


WRONG = {
    "a missing recording": (Day(logs="nowhere.gz"), "collectors.day.logs"),
    "a missing pool file": (Day(pools="nowhere.json"), "nowhere.json"),
    "a pool file that is none": (Day(pools="config.toml"), "config.toml"),
    "an unknown moment": (Day(evaluate="tick"), "strategies.flash_arbitrage.evaluate"),
    "two latencies": (Day(latency="{ logs = 0, blocks = 1 }"), "execution.latency"),
    "a speed below zero": (Day(speed=-1), "collectors.day.speed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_configuration_that_cannot_be_used_is_one_line_and_78(tmp_path: Path, case: str) -> None:
    day, named = WRONG[case]
    refuses(replay(day.write(tmp_path)), named)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[web]", "[wbe]", "wbe: unknown key; the nearest known one is `web`"),
        ("speed =", "sped =", "collectors.day.sped: unknown key; the nearest known one is `speed`"),
        ("speed = 0", 'speed = "fast"', "collectors.day.speed"),
        ("port = 0", "port = 70000", "web.port"),
        (USDC, "0xa0b8", "base_tokens"),
        ("[web]", "[[web]]", "web"),
        ("[web]", "[web", "TOML"),
    ],
)
def test_a_key_or_a_value_that_is_wrong_is_one_line_and_78(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(Day().toml().replace(old, new))
    refuses(replay(path), named)


def test_a_configuration_that_is_not_there_is_one_line_and_78(tmp_path: Path) -> None:
    refuses(replay(tmp_path / "nowhere.toml"), "nowhere.toml")


def test_a_states_file_that_cannot_be_written_is_one_line_and_78(tmp_path: Path) -> None:
    refuses(replay(Day().write(tmp_path), "--states", tmp_path / "nowhere" / "states.jsonl"), "--states")


def test_a_states_file_on_a_full_disk_is_one_line_and_1(tmp_path: Path) -> None:
    result = replay(Day().write(tmp_path), "--states", "/dev/full")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["opportunities"] == OPPORTUNITIES
    assert result.stderr.splitlines() == [
        "alphapulse: expected all states in /dev/full, found: No space left on device; make room and replay again"
    ]


@pytest.mark.slow
def test_a_full_disk_for_the_result_is_one_line_and_1(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, "replay", "--json", "--config", str(FIRST_HOURS.write(tmp_path))],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
            text=True,
        )
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "the command's output is not complete" in ended.stderr


def test_a_data_folder_that_is_a_file_is_one_line_and_78(tmp_path: Path) -> None:
    config = Day().write(tmp_path)
    refuses(replay(config, "--database", config / "books"), "daemon.data_folder")


def test_a_replay_into_halted_books_fails_instead_of_finding_nothing(tmp_path: Path) -> None:
    config, database = FIRST_HOURS.write(tmp_path), tmp_path / "kept.sqlite"
    printed(replay(config, "--database", database))
    DataPaths.beside(database).latch.unlink()
    result = replay(config, "--database", database)
    assert result.exit_code == 1
    assert "trading is halted in these books: there are books but no durable record" in result.stderr


@pytest.mark.slow
@pytest.mark.real_io
def test_a_replay_that_is_interrupted_says_so(tmp_path: Path) -> None:
    """SIGINT as Ctrl-C sends it, as early as the progress bar could be seen: the result is not the recording's."""
    lines = shipped_lines()
    (tmp_path / "long.jsonl").write_bytes(b"".join(lines) * 40)
    config = Day(logs="long.jsonl").write(tmp_path)
    books = tmp_path / "books"
    command = [*PROGRAM, "replay", "--config", str(config), "--json", "--database", str(books)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        journal = DataPaths.beside(books).journal
        while not (journal.exists() and journal.stat().st_size):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, told = process.communicate(timeout=300)
    assert process.returncode == 1
    assert json.loads(output)["logs"] < 40 * len(lines)
    assert b"the replay was ended before the recording was: a stop signal was received" in told


@pytest.mark.parametrize("what", ["a folder", "another file"])
def test_a_database_that_is_none_fails_instead_of_passing_for_kept(tmp_path: Path, what: str) -> None:
    database = tmp_path / "books"
    if what == "a folder":
        database.mkdir()
    else:
        database.write_bytes(b"not a database, but somebody's file" * 100)
    result = replay(FIRST_HOURS.write(tmp_path), "--database", database)
    assert result.exit_code == 1
    assert str(database) in result.stderr.splitlines()[-1]


def refuses(result: Result, named: str) -> None:
    """One line on standard error, the exit code of a configuration error, nothing else."""
    assert result.exit_code == 78, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("alphapulse: ")
    assert named in line


@pytest.mark.slow
@pytest.mark.real_io
def test_the_progress_bar_is_for_terminals_alone(tmp_path: Path) -> None:
    command = [*PROGRAM, "replay", "--config", str(FIRST_HOURS.write(tmp_path)), "--json"]
    plain = subprocess.run(command, capture_output=True, env=environment(), timeout=300, check=True)
    assert plain.stderr == b""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment()) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65_536):
                shown += chunk
        except OSError:
            pass  # how Linux says that the other end was closed
        assert process.stdout is not None
        output = process.stdout.read()
    os.close(ours)
    assert b"replay" in shown
    assert json.loads(output)["logs"] == json.loads(plain.stdout)["logs"]

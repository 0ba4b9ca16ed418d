"""`alphapulse decisions`: the half day's decisions as text, as frames, as JSON and as one digest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from alphapulse.cli.main import main
from alphapulse.rules.wire.frame import decode_frame
from tests.daemon.day_config import OPPORTUNITIES, TRADES, Day

FIRST_GAPS = Day(start="2024-01-05T01:15:00Z", end="2024-01-05T02:30:00Z", at_end="stop")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def journal_of(folder: Path, day: Day) -> str:
    """The journal of a replay of `day` with its books in `folder`."""
    folder.mkdir()
    run("replay", "--config", str(day.write(folder)), "--database", str(folder / "books"))
    return str(folder / "books.journal")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> str:
    return journal_of(tmp_path_factory.mktemp("decisions") / "day", Day())


def test_each_signal_is_followed_by_what_came_of_it(journal: str) -> None:
    kinds = [line.split()[0] for line in run("decisions", journal).splitlines()]
    assert Counter(kinds) == {
        "ArbitrageSignal": OPPORTUNITIES,
        "RiskDecision": OPPORTUNITIES,
        "OrderRequest": TRADES,
        "Fill": TRADES,
    }
    assert kinds[:4] == ["ArbitrageSignal", "RiskDecision", "OrderRequest", "Fill"]


def test_frames_and_json_say_the_same(journal: str) -> None:
    frames = [decode_frame(bytes.fromhex(line)).messages[0] for line in run("decisions", journal, "--hex").split()]
    told = [json.loads(line) for line in run("decisions", journal, "--json").splitlines()]
    assert [type(frame).__name__ for frame in frames] == [one["kind"] for one in told]
    assert all(one["fields"] for one in told)


def test_two_replays_give_one_digest_and_another_day_gives_another(journal: str, tmp_path: Path) -> None:
    again = journal_of(tmp_path / "again", Day())
    part = journal_of(tmp_path / "part", FIRST_GAPS)
    told = [run("decisions", one, "--digest") for one in (journal, again, part)]
    assert told[0] == told[1] != told[2]
    assert told[0].split()[1:] == [str(2 * OPPORTUNITIES + 2 * TRADES), "decisions"]


def test_one_form_at_a_time(journal: str) -> None:
    result = CliRunner().invoke(main, ["decisions", journal, "--digest", "--json"])
    assert (result.exit_code, "at most one of" in result.output) == (2, True)

"""The page on halting says what the code does: the re-arm table, the levels and the paths."""

from __future__ import annotations

import re
from pathlib import Path

from alphapulse.data.halts import STRICTEST_FIRST
from alphapulse.safety.rearm import PRECONDITIONS

PAGE = (Path(__file__).parents[2] / "docs" / "halting.md").read_text("utf-8")


def test_the_re_arm_table_is_the_codes() -> None:
    rows = [f"| {one.name} | {one.question} | {one.asked} |" for one in PRECONDITIONS]
    _, _, behind = PAGE.partition("| precondition | question | who answers |\n|---|---|---|\n")
    assert behind.split("\n\n")[0].split("\n") == rows


def test_every_level_is_told_in_the_order_of_strictness() -> None:
    _, _, behind = PAGE.partition("| level | what may be done | how it ends |\n|---|---|---|\n")
    told = re.findall(r"^\| ([A-Z]+) \|", behind.split("\n\n")[0], re.MULTILINE)
    assert told == [level.name for level in reversed(STRICTEST_FIRST)]
    assert " before ".join(level.name for level in STRICTEST_FIRST) in PAGE.replace("\n", " ")


def test_every_path_is_told() -> None:
    _, _, behind = PAGE.partition("| path | how | halts |\n|---|---|---|\n")
    told = set(re.findall(r"^\| ([A-Za-z ]+) \|", behind.split("\n\n")[0], re.MULTILINE))
    assert told == {
        *("dashboard", "command line", "API", "local socket", "halt file", "signal", "watchdog"),
        *("supervisor", "journal", "reconciliation", "clock watch", "risk and breakers"),
    }

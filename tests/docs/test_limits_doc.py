"""The page of limits holds every check, limit and breaker as the code has them, in its order."""

from __future__ import annotations

import re
from pathlib import Path

from alphapulse.rules.breakers.table import ROWS as BREAKERS
from alphapulse.rules.limits.checks import ORDER
from alphapulse.rules.limits.limit_table import ROWS, Place

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text("utf-8")


def rows(pattern: str) -> list[tuple[str, ...]]:
    """The cells that a pattern of one line finds, in the order of the page."""
    return [found.groups() for found in re.finditer(rf"^\| {pattern} \|$", PAGE, re.MULTILINE)]


def test_page_lists_the_checks_in_the_order_in_which_they_run() -> None:
    found = rows(r"(\d+) \| `(\w+)` \| .+? \| ([^|]+) \| ([^|]+)")
    assert found == [(str(row.place), row.name, row.unit, row.source) for row in ORDER]


def test_page_lists_the_limits_and_what_probation_makes_of_them() -> None:
    found = rows(r"`\[(limits|strategies\.\*)\] (\w+)` \| ([^|]+) \| ([^|]+) \| (a tenth|as it is)")
    places = {Place.LIMITS: "limits", Place.STRATEGY: "strategies.*"}
    assert found == [
        (places[row.place], row.key, row.unit, row.meaning, "a tenth" if row.scaled else "as it is") for row in ROWS
    ]


def test_page_lists_the_breakers_with_scope_level_trip_and_end() -> None:
    found = rows(r"`(\w+)` \| ([^|]+) \| (HALTED|REDUCING) \| ([^|]+) \| ([^|]+)")
    assert found == [(row.rule, row.scope, row.level.name, row.trip, row.ends) for row in BREAKERS]

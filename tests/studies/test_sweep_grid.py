"""Grids: what a value means, every combination once, and spans that may not overlap."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest

from alphapulse.config import parse_config
from alphapulse.errors import ConfigError
from alphapulse.studies.sweep_grid import (
    Axis,
    check_apart,
    combinations,
    parse_axis,
    parse_span,
    typed_values,
    with_settings,
)
from tests.daemon.day_config import Day

NET = "strategies.flash_arbitrage.min_net_profit"


def document() -> dict[str, Any]:
    return tomllib.loads(Day().toml())


def test_an_axis_is_a_setting_and_its_values() -> None:
    """Values stand between commas, each once; brackets, braces and quotes hold together."""
    assert parse_axis(f"{NET}=10, 25,10") == Axis(NET, ("10", "25"))
    assert parse_axis('a.b={ logs = 1, x = 2 },["u","v"],"p,q"').values == ("{ logs = 1, x = 2 }", '["u","v"]', '"p,q"')
    for wrong in ("10,20", "net=1", "a.b=", "a.b=1,,2", "a..b=1"):
        with pytest.raises(ConfigError, match="expected"):
            parse_axis(wrong)


def test_every_combination_comes_once() -> None:
    """The product in the order of the axes, and one replay where nothing is set."""
    axes = [Axis("a.x", ("1", "2")), Axis("a.y", ("3", "4"))]
    assert combinations(axes) == [
        {"a.x": "1", "a.y": "3"},
        {"a.x": "1", "a.y": "4"},
        {"a.x": "2", "a.y": "3"},
        {"a.x": "2", "a.y": "4"},
    ]
    assert combinations([]) == [{}]
    with pytest.raises(ConfigError, match="each setting once"):
        combinations([axes[0], axes[0]])
    with pytest.raises(ConfigError, match="at most 10000 combinations, found 1000000"):
        combinations([Axis(f"a.{name}", tuple(map(str, range(100)))) for name in "xyz"])


def test_a_value_is_what_the_setting_takes() -> None:
    """An amount is of whole tokens as in quotes, a number is a number, and what is neither is refused by its name."""
    axes = [
        Axis(NET, ("10", "25.50")),
        Axis("execution.latency.logs", ("0", "2")),
        Axis("strategies.flash_arbitrage.evaluate", ("log", '"block"')),
    ]
    assert typed_values(document(), axes, Path("/")) == {
        (NET, "10"): "10",
        (NET, "25.50"): "25.50",
        ("execution.latency.logs", "0"): 0,
        ("execution.latency.logs", "2"): 2,
        ("strategies.flash_arbitrage.evaluate", "log"): "log",
        ("strategies.flash_arbitrage.evaluate", '"block"'): "block",
    }
    for path, value in (("execution.latency.logs", "soon"), ("strategies.flash_arbitrage.min_profit", "1")):
        with pytest.raises(ConfigError, match=path.rsplit(".", 1)[-1]):
            typed_values(document(), [Axis(path, (value,))], Path("/"))


def test_settings_go_into_a_copy() -> None:
    """The document stays as it was; a table that is none is refused."""
    before = document()
    changed = with_settings(before, {"execution.latency.logs": 2, "limits.max_gap_ppm": 5})
    assert before == document()
    assert parse_config(changed, folder=Path("/")).limits.max_gap_ppm == 5
    with pytest.raises(ConfigError, match="expected a table at latency"):
        with_settings({"execution": {"latency": 3}}, {"execution.latency.logs": 2})


def test_a_span_is_a_day_or_from_and_to() -> None:
    """Times without an offset are UTC; what is tested may not have been fitted on."""
    day = parse_span("2024-01-05", "fit")
    assert (day.start, day.end) == (
        datetime.datetime(2024, 1, 5, tzinfo=datetime.UTC),
        datetime.datetime(2024, 1, 6, tzinfo=datetime.UTC),
    )
    part = parse_span("2024-01-05T06:00Z/2024-01-05T12:00", "test")
    assert (part.start, part.kind) == (datetime.datetime(2024, 1, 5, 6, tzinfo=datetime.UTC), "test")
    with pytest.raises(ConfigError, match="expected time that nothing is fitted on"):
        check_apart([day, part])
    with pytest.raises(ConfigError, match="each span once"):
        check_apart([day, day])
    check_apart([day, parse_span("2024-01-06", "test")])
    for wrong in ("today", "2024-01-06/2024-01-05", "2024-01-05/"):
        with pytest.raises(ConfigError, match="expected"):
            parse_span(wrong, "fit")

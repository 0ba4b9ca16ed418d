"""The page for strangers: its example runs and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

PAGE = Path(__file__).parents[2] / "docs" / "supervision.md"


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    (text,) = found
    return str(text)


async def test_example_prints_what_the_page_says(autojump_clock: MockClock, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(block("python"), str(PAGE), "exec"), names)  # noqa: S102 - the page is ours
    await names["main"]()
    assert capsys.readouterr().out == block("text")

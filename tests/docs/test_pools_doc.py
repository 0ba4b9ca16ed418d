"""docs/pools.md is right."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "pools.md"


def test_what_the_page_shows_runs_and_holds() -> None:
    """Every assertion in its code, against results of contracts on chain."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})  # noqa: S102  # our own page

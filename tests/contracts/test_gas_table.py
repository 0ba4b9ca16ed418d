"""The page's table of gas is what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.worlds import chain_packages
from tests.contracts.gas_table import table

PAGE = Path(__file__).parents[2] / "docs" / "executor.md"
NAMES = {"v2": "V2", "v3": "V3", "algebra": "Algebra"}


@pytest.fixture(autouse=True)
def _chain_or_skipped() -> None:
    chain_packages()


@pytest.mark.slow
@pytest.mark.real_io
async def test_the_page_tells_what_is_measured() -> None:
    """Every path by every funding, and by the exchange's own router where it knows all pools."""
    told = PAGE.read_text("utf-8").splitlines()
    for label, row in await table():
        path = ", ".join(NAMES[one] for one in label.split(" + "))
        cells = ["–" if gas is None else f"{gas:,}" for gas in row.values()]
        assert f"| {path} | {' | '.join(cells)} |" in told

"""The compiled search for the best trade against the one in Python: the same trades, the same refusals."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alphapulse.errors import AmmError
from alphapulse.rules.arbitrage import range_trade as pure
from alphapulse.rules.arbitrage.range_trade import PPM, Side, Trade
from alphapulse.rules.arbitrage.trade_core import ABSENCE, CORE

Search = Callable[[Side, Side, int], Trade]

Q96 = 1 << 96
ANY_BITS = st.integers(0, 200).flatmap(lambda bits: st.integers(0, 1 << bits))


@pytest.fixture(scope="module")
def compiled() -> Search:
    """The compiled core, which is there where it can be."""
    if CORE is None:
        if os.environ.get("CI") == "true" and os.environ.get("ALPHAPULSE_PURE") != "1" and shutil.which("cc"):
            pytest.fail(f"there is a C compiler, and the compiled core is missing: {ABSENCE}")
        pytest.skip(f"the compiled core is missing, run `make core`: {ABSENCE}")
    search: Search = CORE.best_trade
    return search


@st.composite
def sides(draw: st.DrawFn, price: int, *, zero_for_one: bool) -> Side:
    """A pool near a price: as contracts have them, as none has them, and with ends that are close."""
    price += draw(st.integers(0, price >> draw(st.integers(4, 90))))
    width = draw(st.integers(0, price >> draw(st.integers(1, 60))))
    liquidity = draw(st.one_of(st.integers(0, 1 << 128), ANY_BITS))
    fee_ppm = draw(st.one_of(st.sampled_from((0, 1, 100, 500, 3000, 10_000)), st.integers(0, 1_000_001)))
    return Side(price, price - width if zero_for_one else price + width, liquidity, fee_ppm, zero_for_one)


@st.composite
def searches(draw: st.DrawFn) -> tuple[Side, Side, int]:
    """Two sides of about one price, one each way, and where to start."""
    price = draw(st.one_of(st.integers(1 << 33, 1 << 160), ANY_BITS))
    first = draw(st.booleans())
    opening = draw(sides(price, zero_for_one=first))
    return opening, draw(sides(price, zero_for_one=not first)), draw(ANY_BITS)


def answer(search: Search, asked: tuple[Side, Side, int]) -> Trade | type[AmmError]:
    try:
        return search(*asked)
    except AmmError:
        return AmmError


@settings(max_examples=500)
@given(searches())
@example((Side(Q96, Q96 - 1, 1 << 200, 500, True), Side(Q96, Q96 + 1, 1, 500, False), 1))  # no contract's liquidity
@example((Side(Q96, Q96 >> 1, 1 << 90, 500, True), Side(Q96, Q96 << 1, 1 << 90, 500, False), -1))
@example((Side(0, 0, 1, PPM + 1, False), Side(0, 0, 0, 0, True), 1))
@example((Side(Q96, Q96 >> 1, 1 << 90, PPM, True), Side(Q96, Q96 << 1, 1 << 90, 500, False), 1 << 60))
@example((Side(Q96, Q96 >> 1, 1 << 90, 500, True), Side(Q96, Q96 << 1, 1 << 90, PPM, False), 1 << 60))
def test_it_finds_what_python_finds(compiled: Search, asked: tuple[Side, Side, int]) -> None:
    found = answer(compiled, asked)
    assert found == answer(pure.best_trade, asked)
    assert not isinstance(found, tuple) or type(found) is Trade


def test_it_leaves_nothing_that_a_contract_can_say_to_python(compiled: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    """The greatest liquidity, fees and prices, and ranges as wide as all prices."""
    monkeypatch.setattr(pure, "best_trade", None)
    for price in (1 << 33, Q96, 1 << 159):
        for liquidity in (1, 1 << 60, (1 << 128) - 1):
            for fee_ppm in (0, 3000, 999_999):
                wide = Side(price + price // 20, 1 << 32, liquidity, fee_ppm, True)
                near = Side(price, price + price // 200, liquidity, 0, False)
                for opening, closing in ((wide, near), (near, wide)):
                    assert compiled(opening, closing, 10**18).at_end in (True, False)

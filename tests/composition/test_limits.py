"""What the limits of a configuration become: raw units by token, with names that an override can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from alphapulse import __version__
from alphapulse.composition.limits import gate_terms, limit_book, size_caps, token_names
from alphapulse.config import Config, load_config
from alphapulse.config_sections.limits import LimitsSection
from alphapulse.config_sections.strategies import FlashArbitrageSection, SizingSection, StrategiesSection
from alphapulse.data.execution import Mode
from alphapulse.errors import ConfigError
from alphapulse.rules.limits.limit_table import ROWS
from tests.rules.events.recorded_day import pools

POOLS = pools()
USDC, WETH = POOLS[0].token0, POOLS[0].token1
NAME = "flash_arbitrage"


def config(limits: dict[str, Any], strategy: dict[str, Any]) -> Config:
    section = msgspec.structs.replace(FlashArbitrageSection(), **strategy)
    return Config(limits=LimitsSection(**limits), strategies=StrategiesSection(flash_arbitrage=section))


def test_each_limit_has_the_name_of_its_key_and_token() -> None:
    book = limit_book(config({"max_daily_loss": "5", "max_intents": 7}, {"capital": {"USDC": "2"}}), POOLS)
    assert {limit.name: limit.value for limit in book.limits} == {
        "strategies.flash_arbitrage.capital.USDC": 2 * 10**6,
        "strategies.flash_arbitrage.capital.WETH": 0,
        "limits.max_daily_loss.USDC": 5 * 10**6,
        "limits.max_daily_loss.WETH": 5 * 10**18,
        "limits.max_intents": 7,
    }


def test_what_is_not_set_is_no_limit_and_the_floor_is_zero() -> None:
    book = limit_book(config({}, {}), POOLS)
    assert book.limits == ()
    assert [book.floor(NAME, token.address) for token in (USDC, WETH)] == [0, 0]


def test_the_shipped_configuration_sets_every_limit() -> None:
    """With real money each of them must be there."""
    book = limit_book(load_config(Path(__file__).parents[2] / "config.toml"), POOLS)
    assert {limit.row for limit in book.limits} == set(ROWS)
    assert all(limit.value > 0 for limit in book.limits)


def test_two_tokens_of_one_symbol_are_named_by_their_addresses() -> None:
    false_usdc = attrs.evolve(WETH, symbol="USDC")
    names = token_names([attrs.evolve(POOLS[0], token1=false_usdc)])
    assert names == {USDC.address: "0x" + USDC.address.hex(), WETH.address: "0x" + WETH.address.hex()}


def test_the_gate_is_told_which_build_runs_and_which_may() -> None:
    terms = gate_terms(config({"approved_builds": ("0.0.1",)}, {}), POOLS, Mode.PAPER)
    assert (terms.mode, terms.build, terms.approved_builds) == (Mode.PAPER, __version__, {"0.0.1"})
    assert terms.pools == {pool.id: pool.pair for pool in POOLS}


@pytest.mark.parametrize(
    ("sizing", "capital", "usdc", "weth"),
    [
        ({}, None, None, None),
        ({"fixed": "10"}, None, 10 * 10**6, 10 * 10**18),
        ({"fixed": {"USDC": 7}}, None, 7, 0),
        ({"fraction_ppm": 100_000}, {"USDC": "50"}, 5 * 10**6, 0),
        ({"kelly_ppm": 500_000, "win_ppm": 600_000, "payoff_ppm": 1_000_000}, "1000", 10**8, 10**20),
    ],
)
def test_sizing_caps_what_a_trade_puts_in(
    sizing: dict[str, Any], capital: Any, usdc: int | None, weth: int | None
) -> None:
    caps = size_caps(NAME, FlashArbitrageSection(sizing=SizingSection(**sizing), capital=capital), POOLS)
    assert [caps.of(token.address) for token in (USDC, WETH)] == [usdc, weth]


@pytest.mark.parametrize(
    ("sizing", "problem"),
    [
        ({"fixed": 1, "fraction_ppm": 1}, "expected at most one of fixed, fraction_ppm and kelly_ppm, found fixed and"),
        ({"fraction_ppm": 1}, "expected `capital` beside fraction_ppm, of which it is a part, found none"),
        ({"kelly_ppm": 1, "win_ppm": 1}, "expected win_ppm and payoff_ppm with kelly_ppm and with nothing else"),
        ({"fixed": 1, "win_ppm": 1}, "expected win_ppm and payoff_ppm with kelly_ppm and with nothing else"),
        ({"win_ppm": 1, "payoff_ppm": 1}, "expected win_ppm and payoff_ppm with kelly_ppm and with nothing else"),
    ],
)
def test_a_sizing_that_says_too_little_or_too_much_is_refused(sizing: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        size_caps(NAME, FlashArbitrageSection(sizing=SizingSection(**sizing)), POOLS)
    assert caught.value.path == "strategies.flash_arbitrage.sizing"

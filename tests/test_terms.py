"""What the configuration means for the pools at hand."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.composition.costs import gas_terms
from alphapulse.composition.terms import (
    amounts_by_token,
    flash_arbitrage_terms,
    latency,
    recording_paths,
    replay_terms,
    tokens_of,
)
from alphapulse.config import Config
from alphapulse.config_sections.collectors import RecordedSection
from alphapulse.config_sections.execution import CostsSection, ExecutionSection, L1Section, LatencySection
from alphapulse.config_sections.strategies import FlashArbitrageSection
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.errors import ConfigError
from alphapulse.execution.latency import BlockLatency, LogLatency
from alphapulse.rules.arbitrage.appraisal import Bounds
from alphapulse.rules.arbitrage.data_fee import ArbitrumFee, OptimismFee
from alphapulse.rules.arbitrage.flash_loan import FlashLoan, LoanSource
from alphapulse.rules.arbitrage.gas import GAS_BY_KIND, GasTerms
from alphapulse.strategies.flash_arbitrage import FlashArbitrageTerms
from tests.rules.events.recorded_day import pools as day_pools

POOLS = day_pools()
USDC, WETH = POOLS[0].token0, POOLS[0].token1
OTHER = bytes.fromhex("dd" * 20)
SECTION = FlashArbitrageSection()
RECORDED = RecordedSection(kind="recorded", logs=("day",))


def section(**changes: Any) -> FlashArbitrageSection:
    return msgspec.structs.replace(SECTION, **changes)


def hexed(address: bytes) -> str:
    return "0x" + address.hex()


@pytest.mark.parametrize(
    ("setting", "usdc", "weth"),
    [
        (0, 0, 0),
        (7, 7, 7),
        ("25.00", 25 * 10**6, 25 * 10**18),
        ("25", 25 * 10**6, 25 * 10**18),
        ("0.000001", 1, 10**12),
        ("1_000", 10**9, 10**21),
        ({"USDC": "25.00", "WETH": "0.01"}, 25 * 10**6, 10**16),
        ({"USDC": 25, "WETH": 1}, 25, 1),
        ({hexed(USDC.address): "1", "WETH": 5}, 10**6, 5),
        ({hexed(USDC.address).upper().replace("0X", "0x"): "1", "WETH": 5}, 10**6, 5),
        ({"USDC": "25.00"}, 25 * 10**6, None),
        ({}, None, None),
    ],
)
def test_amounts_are_raw_units_or_whole_tokens_for_all_or_for_each(
    setting: int | str | dict[str, int | str], usdc: int | None, weth: int | None
) -> None:
    """What a table does not hold is missing: it has neither floor nor ceiling of its own."""
    amounts = amounts_by_token(setting, "limits.max_daily_loss", POOLS)
    assert [amounts.get(token.address) for token in (USDC, WETH)] == [usdc, weth]
    assert OTHER not in amounts


MOST = (1 << 128) - 1


@pytest.mark.parametrize(
    ("setting", "where", "problem"),
    [
        ("0.0000001", "", "expected at most 6 decimals, found '0.0000001' (for USDC)"),
        ("-1", "", "expected a decimal number such as 25.00, found '-1' (for USDC)"),
        ("", "", "expected a decimal number such as 25.00, found '' (for USDC)"),
        ("25,00", "", "expected a decimal number such as 25.00, found '25,00' (for USDC)"),
        ("1e3", "", "expected a decimal number such as 25.00, found '1e3' (for USDC)"),
        (-1, "", "expected an amount from 0 to 2^128 - 1 raw units, found -1"),
        (MOST + 1, "", f"expected an amount from 0 to 2^128 - 1 raw units, found {MOST + 1}"),
        (
            {"WETH": "0.0000000000000000001"},
            ".WETH",
            "expected at most 18 decimals, found '0.0000000000000000001' (for WETH)",
        ),
        ({"DAI": 1}, ".DAI", "expected an address, or the symbol of one token (USDC, WETH), found 'DAI'"),
        ({"usdc": 1}, ".usdc", "expected an address, or the symbol of one token (USDC, WETH), found 'usdc'"),
        ({"0xabc": 1}, ".0xabc", "expected an address, or the symbol of one token (USDC, WETH), found '0xabc'"),
        ({"USDC": 1, hexed(USDC.address): 2}, f".{hexed(USDC.address)}", "expected each token once, found USDC twice"),
    ],
)
@pytest.mark.parametrize("path", ["limits.max_daily_loss", "strategies.flash_arbitrage.max_trade_value"])
def test_amounts_that_cannot_be_meant_are_named(path: str, setting: Any, where: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        amounts_by_token(setting, path, POOLS)
    assert caught.value.path == f"{path}{where}"
    assert str(caught.value) == f"{path}{where}: {problem}"


def test_the_largest_amount_is_taken() -> None:
    assert amounts_by_token(MOST, "limits.capital", POOLS)[USDC.address] == MOST


@given(raw=st.integers(0, MOST), decimals=st.integers(0, 30))
def test_whole_tokens_as_text_are_exact(raw: int, decimals: int) -> None:
    digits = str(raw).rjust(decimals + 1, "0")
    text = digits[: len(digits) - decimals] + ("." + digits[len(digits) - decimals :] if decimals else "")
    pool = attrs.evolve(POOLS[0], token0=Token(USDC.address, "USDC", decimals))
    assert amounts_by_token({"USDC": text}, "limits.capital", [pool]) == {USDC.address: raw}


def other_pair(symbol: str) -> Pool:
    """A pool of WETH against a token of any symbol."""
    id_ = InstrumentId.from_pool_address(bytes.fromhex("ee" * 20), Venue.ETHEREUM)
    return attrs.evolve(POOLS[0], id=id_, token0=Token(bytes.fromhex("aa" * 20), symbol, 6))


def test_a_symbol_that_two_tokens_bear_is_refused_and_an_address_helps() -> None:
    pools = [*POOLS, other_pair("USDC")]
    with pytest.raises(ConfigError, match="found 'USDC', the symbol of 2: give the address") as caught:
        flash_arbitrage_terms(section(base_tokens=("WETH", "USDC")), CostsSection(), pools)
    assert caught.value.path == "strategies.flash_arbitrage.base_tokens[1]"
    terms = flash_arbitrage_terms(section(base_tokens=(hexed(USDC.address),)), CostsSection(), pools)
    assert terms.base_tokens == (USDC.address,)


def test_a_symbol_may_look_like_an_address() -> None:
    terms = flash_arbitrage_terms(section(base_tokens=("0xBTC",)), CostsSection(), [other_pair("0xBTC")])
    assert terms.base_tokens == (bytes.fromhex("aa" * 20),)


def test_tokens_that_no_pool_holds_may_be_named_by_address() -> None:
    """One configuration serves several pool files."""
    terms = flash_arbitrage_terms(section(base_tokens=(hexed(OTHER), "WETH")), CostsSection(), POOLS)
    assert terms.base_tokens == (OTHER, WETH.address)
    assert OTHER not in amounts_by_token({hexed(OTHER): 5}, "limits.capital", POOLS)


@pytest.mark.parametrize("text", ["", "0x", "DAI", "0x" + "0" * 40])
def test_a_base_token_that_is_none_is_named_with_its_place(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        flash_arbitrage_terms(section(base_tokens=("USDC", text)), CostsSection(), POOLS)
    assert caught.value.path == "strategies.flash_arbitrage.base_tokens[1]"


def test_every_setting_of_the_strategy_reaches_it() -> None:
    costs = CostsSection(
        gas_price_wei=3,
        priority_fee_wei=2,
        gas_units=5,
        gas_overhead=6,
        gas_by_kind={"v3": 7, "curve_stable": 8},
        l1_wei_per_byte=10,
        l1_bytes=11,
        wrapped_native="USDC",
    )
    chosen = section(
        evaluate="block",
        base_tokens=("WETH",),
        flash_loan="aave",
        flash_fee_ppm=9,
        most_hops=3,
        numeraire="USDC",
        min_pool_value="10000",
        max_leg_slippage_ppm=12,
        max_slippage_ppm=13,
    )
    assert flash_arbitrage_terms(chosen, costs, POOLS) == FlashArbitrageTerms(
        "block",
        (WETH.address,),
        USDC.address,
        gas=GasTerms(
            units=5,
            overhead=6,
            by_kind={**GAS_BY_KIND, PoolKind.V3: 7, PoolKind.CURVE_STABLE: 8},
            price_wei=3,
            priority_fee_wei=2,
            l1_wei_per_byte=10,
            l1_bytes=11,
        ),
        loan=FlashLoan(LoanSource.AAVE, 9),
        bounds=Bounds(min_pool_value=10_000 * 10**6, max_leg_slippage_ppm=12, max_slippage_ppm=13),
        numeraire=USDC.address,
        most_hops=3,
    )


def test_live_gas_is_priced_by_the_newest_block() -> None:
    terms = flash_arbitrage_terms(SECTION, CostsSection(gas_price_wei="live"), POOLS)
    assert terms.gas.price_wei is None


def test_data_on_the_chain_below_is_unknown_where_it_costs_and_nobody_says_what() -> None:
    """Ethereum has no chain below; on Base the cost is unknown until it is stated."""
    assert flash_arbitrage_terms(SECTION, CostsSection(), POOLS).gas.l1_wei_per_byte == 0
    based = attrs.evolve(POOLS[0], id=InstrumentId.from_pool_address(b"\1" * 20, Venue.BASE))
    assert flash_arbitrage_terms(section(), CostsSection(), (based,)).gas.l1_wei_per_byte is None


def test_arbitrum_takes_data_as_gas() -> None:
    """It is unknown only where gas is counted by the path and priced; stated units hold it already."""
    pool = attrs.evolve(POOLS[0], id=InstrumentId.from_pool_address(b"\1" * 20, Venue.ARBITRUM))
    for costs, wei in (
        (CostsSection(), 0),
        (CostsSection(gas_price_wei=1, gas_units=900_000), 0),
        (CostsSection(gas_price_wei=1), None),
        (CostsSection(gas_price_wei="live"), None),
    ):
        assert gas_terms(costs, (pool,)).l1_wei_per_byte == wei


def test_prices_of_data_are_stated_whole() -> None:
    """Each rule with its own prices; stated ones go before what the chain says."""
    whole = {"base_fee_wei": 7, "blob_base_fee_wei": 8, "base_fee_scalar": 9, "blob_base_fee_scalar": 10}
    for l1, fee in (
        (L1Section("fjord", **whole), OptimismFee(7, 8, 9, 10)),
        (L1Section("ecotone", **whole), OptimismFee(7, 8, 9, 10, is_fjord=False)),
        (L1Section("arbitrum", 7), ArbitrumFee(7)),
    ):
        terms = gas_terms(CostsSection(l1=l1), POOLS)
        assert (terms.data_fee, terms.l1_wei_per_byte) == (fee, None)


def test_lenders_of_a_live_chain_say_themselves_what_they_ask() -> None:
    """In a replay Aave's premium is stated or unknown, and Balancer's vault has asked nothing."""
    for lender, stated, live, fee_ppm in (
        ("stated", None, False, 0),
        ("stated", 7, True, 7),
        ("aave", None, False, None),
        ("aave", 500, False, 500),
        ("aave", None, True, None),
        ("balancer", None, False, 0),
        ("balancer", None, True, None),
    ):
        terms = flash_arbitrage_terms(
            section(flash_loan=lender, flash_fee_ppm=stated), CostsSection(), POOLS, live=live
        )
        assert terms.loan == FlashLoan(LoanSource(lender), fee_ppm)
    with pytest.raises(ConfigError, match="whose contract is asked, found 0"):
        flash_arbitrage_terms(section(flash_loan="aave", flash_fee_ppm=0), CostsSection(), POOLS, live=True)


@pytest.mark.parametrize(
    ("chosen", "costs", "path", "problem"),
    [
        ({"min_pool_value": "1"}, {}, "strategies.flash_arbitrage.min_pool_value", "expected a numeraire"),
        ({}, {"gas_by_kind": {"v5": 1}}, "costs.gas_by_kind.v5", "expected a kind of pool (v3, v2, "),
        ({}, {"l1_wei_per_byte": 1}, "costs.l1_bytes", "expected how many bytes a transaction has"),
        ({}, {"l1": L1Section("fjord", 7)}, "costs.l1.blob_base_fee_wei", "for rule 'fjord', found none"),
        ({}, {"l1": L1Section("arbitrum", 7, 8)}, "costs.l1.blob_base_fee_wei", "expected base_fee_wei for rule"),
        ({}, {"l1": L1Section(base_fee_wei=7)}, "costs.l1.base_fee_wei", "expected no price without a rule"),
        ({}, {"l1": L1Section("arbitrum", 7), "l1_wei_per_byte": 0}, "costs.l1", "found both"),
    ],
)
def test_terms_that_say_half_are_refused(
    chosen: dict[str, Any], costs: dict[str, Any], path: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        flash_arbitrage_terms(section(**chosen), CostsSection(**costs), POOLS)
    assert refused.value.path == path
    assert problem in str(refused.value)


def test_the_wrapped_coin_is_the_chains_own_unless_it_is_named() -> None:
    assert flash_arbitrage_terms(SECTION, CostsSection(), POOLS).wrapped_native == CHAINS[1].wrapped_native
    polygon = attrs.evolve(POOLS[0], id=InstrumentId.from_pool_address(b"\1" * 20, Venue.POLYGON))
    assert flash_arbitrage_terms(SECTION, CostsSection(), [polygon]).wrapped_native == CHAINS[137].wrapped_native
    with pytest.raises(ConfigError, match="found 'MATIC'") as caught:
        flash_arbitrage_terms(SECTION, CostsSection(wrapped_native="MATIC"), POOLS)
    assert caught.value.path == "costs.wrapped_native"


def test_tokens_are_known_by_address() -> None:
    assert tokens_of(POOLS) == {USDC.address: USDC, WETH.address: WETH}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (LatencySection(logs=0), LogLatency(0)),
        (LatencySection(logs=3), LogLatency(3)),
        (LatencySection(blocks=0), BlockLatency(0)),
        (LatencySection(blocks=2), BlockLatency(2)),
    ],
)
def test_latency_is_counted_in_logs_or_in_blocks(written: LatencySection, meant: object) -> None:
    assert latency(Config(execution=ExecutionSection(latency=written))) == meant


@pytest.mark.parametrize(("speed", "ppm"), [(0, 0), (1, 10**6), (60, 60 * 10**6), (0.5, 500_000), (0.001, 1000)])
def test_speed_becomes_millionths(speed: float, ppm: int) -> None:
    assert replay_terms("day", msgspec.structs.replace(RECORDED, speed=speed)).speed_ppm == ppm


def test_times_become_nanoseconds_exactly() -> None:
    start = datetime.datetime(2024, 1, 5, 1, 15, 0, 1, tzinfo=datetime.UTC)
    end = datetime.datetime(1969, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    terms = replay_terms("day", msgspec.structs.replace(RECORDED, start=start, end=end, at_end="repeat"))
    assert (terms.start_ns, terms.end_ns) == (1_704_417_300_000_001_000, -1_000_000_000)
    assert (terms.name, terms.at_end) == ("day", "repeat")
    assert (replay_terms("day", RECORDED).start_ns, replay_terms("day", RECORDED).end_ns) == (None, None)


def test_files_of_a_recording_are_found_or_named(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    config = Config(folder=str(tmp_path))
    assert recording_paths("day", msgspec.structs.replace(RECORDED, logs=("a", "a")), config) == (tmp_path / "a",) * 2
    for missing in ("b", ".", "package:demo/none.gz"):
        with pytest.raises(ConfigError, match=r"expected a file at .*, found none") as caught:
            recording_paths("day", msgspec.structs.replace(RECORDED, logs=("a", missing)), config)
        assert caught.value.path == "collectors.day.logs"
        assert repr(missing) in str(caught.value)

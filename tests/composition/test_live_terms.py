"""Live trading by the configuration: whose money, at which fees, and what is missing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from alphapulse.composition.environment import DataPaths
from alphapulse.composition.live_terms import lacks, live_terms
from alphapulse.config import Config, load_config, parse_config
from alphapulse.data.execution import Mode
from alphapulse.errors import ConfigError
from alphapulse.rules.evm.executor_path import Funding

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "examples" / "devnet_live.toml").read_text("utf-8")
PATHS = DataPaths.in_folder(Path("/there"), Mode.LIVE)
LENDER = "0x" + "bB" * 20


def config(*changes: tuple[str, str]) -> Config:
    text = EXAMPLE
    for written, instead in changes:
        assert written in text
        text = text.replace(written, instead)
    return parse_config(tomllib.loads(text), folder=ROOT / "examples")


def test_the_example_lacks_nothing_and_has_the_chains_own_least_tip() -> None:
    """Polygon's 25 gwei; caps, deadline and bounds as they are written."""
    loaded = load_config(ROOT / "examples" / "devnet_live.toml")
    assert list(lacks(loaded)) == []
    terms = live_terms(loaded, PATHS)
    fees = terms.trades.fees
    assert (fees.tip_floor_wei, fees.tip_cap_wei, fees.cap_wei) == (25 * 10**9, 300 * 10**9, 10**12 * 100 // 110)
    assert terms.sender.fees.cap_wei == 10**12
    assert (terms.trades.chain_id, terms.trades.deadline_blocks, terms.sender.most_unmined) == (137, 3, 8)
    assert [wallet.name for wallet in terms.wallets] == ["main"]


@pytest.mark.parametrize(
    ("changes", "funding"),
    [
        ((), (Funding.FIRST_POOL, bytes(20))),
        (
            (
                ('flash_loan = "swap"', 'flash_loan = "aave"'),
                ("most_unmined = 8", f'most_unmined = 8\naave_pool = "{LENDER.lower()}"'),
            ),
            (Funding.AAVE, b"\xbb" * 20),
        ),
        (
            (('flash_loan = "swap"', 'flash_loan = "balancer"'),),
            (Funding.BALANCER, bytes.fromhex("ba12222222228d8ba445958a75a0704d566bf2c8")),
        ),
        ((('flash_loan = "swap"', 'flash_loan = "stated"'),), (Funding.STOCK, bytes(20))),
    ],
)
def test_each_loan_is_a_way_in_of_the_contract(
    changes: tuple[tuple[str, str], ...], funding: tuple[Funding, bytes]
) -> None:
    """Lenders by their addresses; a stated loan is the wallet's own money."""
    assert live_terms(config(*changes), PATHS).trades.funding["flash_arbitrage"].funding() == funding


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((('flash_loan = "swap"', 'flash_loan = "pool"'),), "strategies.flash_arbitrage.flash_loan: funding: expected"),
        (
            (('flash_loan = "swap"', 'flash_loan = "stated"\nflash_fee_ppm = 9'),),
            "strategies.flash_arbitrage.flash_fee_ppm: expected none, as a wallet that trades its own pays no fee",
        ),
        (
            (("tip_cap_wei = 300_000_000_000", "tip_cap_wei = 1"),),
            "execution: tip_floor_wei 25000000000: expected 0 <=",
        ),
        ((("0x32dCAB0E", "0x32dcab0E"),), "wallets.main.executor: "),
    ],
)
def test_what_cannot_be_meant_is_named(changes: tuple[tuple[str, str], ...], words: str) -> None:
    """By its key."""
    with pytest.raises(ConfigError) as refused:
        live_terms(config(*changes), PATHS)
    assert str(refused.value).startswith(words)


def test_a_chain_whose_least_tip_nobody_told_has_none_guessed() -> None:
    """It has to be written."""
    elsewhere = config(
        ("chain_id = 137", "chain_id = 100"),
        ("[wallets.main]", '[chain]\nid = 100\nname = "Gnosis"\nwrapped_native = "' + LENDER + '"\n[wallets.main]'),
    )
    with pytest.raises(ConfigError, match=r"execution.tip_floor_wei: expected the least tip that chain 100 takes"):
        live_terms(elsewhere, PATHS)


def test_each_thing_that_is_missing_is_said() -> None:
    """A recording, no account, no caps."""
    text = '[collectors.day]\nkind = "recorded"\nlogs = ["a"]\n[strategies.flash_arbitrage]\n'
    missing = list(lacks(parse_config(tomllib.loads(text), folder=ROOT)))
    assert [words.split(":")[0] for words in missing] == [
        'a collector of kind "evm"',
        "[wallets.NAME]",
        "[execution] tip_cap_wei",
        "[execution] cap_wei",
    ]

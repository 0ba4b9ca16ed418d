"""What `alphapulse doctor` says of trading for real: settings, limits, disk, contracts, balances, clock."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from alphapulse import __version__
from alphapulse.cli.work import run_work
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.composition.environment import Environment
from alphapulse.composition.known_pools import known_pools
from alphapulse.composition.live_chain import chain_terms_of, node_terms_of
from alphapulse.composition.live_terms import lacks
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.composition.terms import tokens_of
from alphapulse.composition.wallet_reading import WalletHoldings, read_holdings
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.chains import CHAINS
from alphapulse.data.pools import Token
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.evm.executor_code import expected_code_hash
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.limits.limit_table import ROWS, Place

LEAST_FREE_GIB = 1
GIB = 1 << 30
COIN_DECIMALS = 18
MOST_CLOCK_S = 30
"""By so much the block before the newest one may differ from the clock."""
NS_PER_S = 1_000_000_000

Line = tuple[str, str, bool]


def live_lines(config: Config, owners: Mapping[str, bytes]) -> Iterator[Line]:
    """Name, what was found and whether it is well. `owners` are the accounts of the wallets whose keys are well.

    What only live mode needs is no fault of a configuration that does not wish for it.
    """
    wished = config.daemon.mode == "live"
    for name, text, is_well in (_settings(config), *_limits(config)):
        yield name, text if is_well or not wished else f"NOT WELL: {text}", is_well or not wished
    yield _disk(config.data_folder)
    for name, section in config.collectors.items():
        if isinstance(section, EvmSection) and owners:
            yield from run_work(partial(_chain_lines, name, section, config, owners))


def _settings(config: Config) -> Line:
    missing = list(lacks(config))
    if missing:
        return "live", f"missing {'; '.join(missing)}", False
    wish = 'mode = "live"' if config.daemon.mode == "live" else 'mode = "paper": it trades on paper until you change it'
    return "live", f"{wish}; it further needs --live and the phrase", True


def _limits(config: Config) -> Iterator[Line]:
    """Whatever is not set refuses every trade in live mode."""
    strategy = config.strategies.flash_arbitrage
    unset = [
        f"{row.place.value}.{row.key}"
        for row in ROWS
        if getattr(config.limits if row.place is Place.LIMITS else strategy, row.key, None) is None
    ]
    if unset:
        yield "limits", f"not set, so that nothing is traded in live mode: {', '.join(unset)}", False
    else:
        yield "limits", "all are set", True
    if __version__ not in config.limits.approved_builds:
        yield "build", f"{__version__} is not among limits.approved_builds", False


def _disk(folder: Path) -> Line:
    there = next((path for path in (folder, *folder.parents) if path.is_dir()), Path("/"))
    free = shutil.disk_usage(there).free
    text = f"{free // GIB} GiB free at {there}"
    if free < LEAST_FREE_GIB * GIB:
        return "disk", f"NOT WELL: {text}, expected at least {LEAST_FREE_GIB}", False
    return "disk", text, True


async def _chain_lines(name: str, section: EvmSection, config: Config, owners: Mapping[str, bytes]) -> list[Line]:
    tokens = list(tokens_of(known_pools(config, alone=True)).values())
    found: list[Line] = []
    async with open_node_pool(
        chain_terms_of(name, section), node_terms_of(name, section, config), Environment()
    ) as nodes:
        for wallet, owner in owners.items():
            executor = parse_address(config.wallets[wallet].executor)
            try:
                held = await read_holdings(nodes, owner, executor, tokens, parse_address(section.multicall))
            except (NodeError, RpcError, AnswerRefused) as error:
                found.append((f"wallet {wallet}", f"NOT WELL: the chain does not say: {error}", False))
                continue
            if not any(line[0] == "clock" for line in found):
                found.append(_clock(held))
            found += [_contract(wallet, owner, held), _balances(wallet, section.chain_id, held, tokens)]
    return found


def _clock(held: WalletHoldings) -> Line:
    behind_s = (time.time_ns() - held.block.venue_time_ns) // NS_PER_S
    text = f"{behind_s} s ahead of block {held.block.number}, the one before the newest"
    is_well = abs(behind_s) <= MOST_CLOCK_S
    return "clock", text if is_well else f"NOT WELL: {text}; set it by NTP, or look at the nodes", is_well


def _contract(wallet: str, owner: bytes, held: WalletHoldings) -> Line:
    code = held.executor_code
    if keccak256(code) == expected_code_hash(owner):
        return f"contract {wallet}", f"the executor of its wallet, {len(code):,} bytes", True
    found = "other code" if code else "no code"
    return f"contract {wallet}", f"NOT WELL: expected the executor that its wallet deployed, found {found}", False


def _balances(wallet: str, chain_id: int, held: WalletHoldings, tokens: Sequence[Token]) -> Line:
    coin = CHAINS[chain_id].coin
    words = [f"{decimal_text(held.coins_wei, COIN_DECIMALS)} {coin}"]
    words += [f"{decimal_text(one.wallet, one.token.decimals)} {one.token.symbol}" for one in held.tokens if one.wallet]
    left = [one.token.symbol for one in held.tokens if one.executor]
    if left:
        words.append(f"in the contract, left by somebody: {', '.join(left)}")
    text = ", ".join(words)
    if not held.coins_wei:
        return f"balance {wallet}", f"NOT WELL: no {coin} for gas; {text}", False
    return f"balance {wallet}", text, True

"""What wallets have on their chain, and what executors may take: `alphapulse wallet balances` and `allowances`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import click

from alphapulse.cli.relays import table
from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.cli.work import run_work
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.composition.environment import Environment
from alphapulse.composition.known_pools import known_pools
from alphapulse.composition.live_chain import chain_terms_of, node_terms_of
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.composition.signing import address_at, key_source_of
from alphapulse.composition.wallet_reading import WalletHoldings, read_holdings
from alphapulse.config import Config
from alphapulse.config_reading import nearest
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.chains import CHAINS, UNNAMED_COIN
from alphapulse.errors import ConfigError
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.executor_code import runtime_code
from alphapulse.signing.opening import said_address

COIN_DECIMALS = 18
UNLIMITED = 2**255
"""An allowance beyond was never meant as an amount."""
Row = tuple[str, ...]

wallet_option = click.option("--wallet", "only", metavar="NAME", help="That one alone. Default: every wallet.")


@attrs.frozen
class _Wallet:
    """A wallet of the configuration."""

    name: str
    address: bytes
    executor: bytes


@click.command()
@wallet_option
@config_option
@reports_errors
def balances(only: str | None, config_path: Path | None) -> None:
    """Show what wallets and their executors have, all at one block on which the nodes agree."""
    _show(read_config(config_path), only, balance_rows)


@click.command()
@wallet_option
@config_option
@reports_errors
def allowances(only: str | None, config_path: Path | None) -> None:
    """Show what executors may take from their wallets, all at one block on which the nodes agree."""
    _show(read_config(config_path), only, allowance_rows)


def live_section(config: Config) -> tuple[str, EvmSection]:
    """The live chain of the configuration. Raises ConfigError if there is none."""
    for name, section in config.collectors.items():
        if isinstance(section, EvmSection):
            return name, section
    raise ConfigError(
        "collectors", 'expected a chain with nodes (kind = "evm"), found a recording; name another --config'
    )


def balance_rows(held: WalletHoldings, coin: str) -> Iterator[Row]:
    """Heads and rows: the coin, and each token of which somebody has some or nobody knows."""
    yield "TOKEN", "WALLET", "EXECUTOR"
    yield coin, decimal_text(held.coins_wei, COIN_DECIMALS), "-"
    for one in held.tokens:
        if (one.wallet, one.executor) != (0, 0):
            decimals = one.token.decimals
            yield one.token.symbol, _amount(one.wallet, decimals), _amount(one.executor, decimals)


def allowance_rows(held: WalletHoldings, _coin: str) -> Iterator[Row]:
    """Heads and rows: each token of which the executor may take some, or nobody knows."""
    yield "TOKEN", "MAY TAKE"
    for one in held.tokens:
        if one.allowance != 0:
            is_unlimited = one.allowance is not None and one.allowance >= UNLIMITED
            yield one.token.symbol, "EVERYTHING" if is_unlimited else _amount(one.allowance, one.token.decimals)


def _show(config: Config, only: str | None, rows: Callable[[WalletHoldings, str], Iterator[Row]]) -> None:
    _, section = live_section(config)
    known = CHAINS.get(section.chain_id)
    coin = UNNAMED_COIN if known is None else known.coin
    for wallet, held in run_work(_holdings, config, _wallets(config, only)):
        click.echo(f"wallet {wallet.name} {checksum_address(wallet.address)}: its next number is {held.transactions}")
        click.echo(f"executor {checksum_address(wallet.executor)}: {_code_words(held.executor_code, wallet.address)}")
        click.echo(f"block {held.block.number} 0x{held.block.hash.hex()}, {len(held.tokens)} tokens looked at")
        heads, *body = rows(held, coin)
        for line in table(heads, body):
            click.echo(f"  {line}")


async def _holdings(config: Config, wallets: list[_Wallet]) -> list[tuple[_Wallet, WalletHoldings]]:
    name, section = live_section(config)
    tokens = list({token.address: token for pool in known_pools(config, alone=True) for token in pool.tokens}.values())
    multicall = parse_address(section.multicall)
    chain, terms = chain_terms_of(name, section), node_terms_of(name, section, config)
    async with open_node_pool(chain, terms, Environment()) as nodes:
        return [(one, await read_holdings(nodes, one.address, one.executor, tokens, multicall)) for one in wallets]


def _wallets(config: Config, only: str | None) -> list[_Wallet]:
    if not config.wallets:
        raise ConfigError("wallets", "expected a table [wallets.NAME], found none")
    if only is not None and only not in config.wallets:
        raise ConfigError(
            "wallets", f"expected a wallet of the configuration, found {only!r}{nearest(only, config.wallets)}"
        )
    return [
        _Wallet(
            name,
            said_address(key_source_of(name, section, config), os.environ),
            address_at(f"wallets.{name}.executor", section.executor),
        )
        for name, section in config.wallets.items()
        if only in (None, name)
    ]


def _code_words(code: bytes, owner: bytes) -> str:
    if code == runtime_code(owner):
        return "the executor of this wallet stands there"
    return "OTHER CODE stands there" if code else "NOTHING stands there; `alphapulse wallet deploy` puts it there"


def _amount(raw: int | None, decimals: int) -> str:
    return "unknown" if raw is None else decimal_text(raw, decimals)

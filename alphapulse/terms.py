"""What the configuration means for the pools at hand: tokens by name, amounts in raw units."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from alphapulse.collectors.recorded.collector import ReplayTerms
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.config import PPM, Amount, Config, CostsSection, FlashArbitrageSection, RecordedSection
from alphapulse.data.chains import CHAINS
from alphapulse.data.pools import Pool, Token
from alphapulse.errors import ConfigError
from alphapulse.execution.gate import StrategyLimits
from alphapulse.execution.latency import BlockLatency, Latency, LogLatency
from alphapulse.rules.accounting.amounts import raw_units
from alphapulse.strategies.flash_arbitrage import FlashArbitrageTerms

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def replay_terms(name: str, section: RecordedSection) -> ReplayTerms:
    """How the collector `name` replays its recording."""
    return ReplayTerms(
        name=name,
        speed_ppm=round(section.speed * PPM),
        start_ns=_ns(section.start),
        end_ns=_ns(section.end),
        at_end=section.at_end,
    )


def recording_paths(name: str, section: RecordedSection, config: Config) -> tuple[Path, ...]:
    """The recording's files. Raises ConfigError if one is missing."""
    paths = tuple(config.resolve(log) for log in section.logs)
    for log, path in zip(section.logs, paths, strict=True):
        if not path.is_file():
            raise ConfigError(f"collectors.{name}.logs", f"expected a file at {path} ({log!r}), found none")
    return paths


def latency(config: Config) -> Latency:
    """The paper executor's latency."""
    section = config.execution.latency
    return LogLatency(section.logs) if section.logs is not None else BlockLatency(section.blocks or 0)


def flash_arbitrage_terms(
    section: FlashArbitrageSection, costs: CostsSection, pools: Sequence[Pool]
) -> FlashArbitrageTerms:
    """How the strategy evaluates. Raises ConfigError for a base token or a wrapped coin that cannot be meant."""
    return FlashArbitrageTerms(
        evaluate=section.evaluate,
        base_tokens=tuple(
            _token_address(text, f"strategies.flash_arbitrage.base_tokens[{index}]", pools)
            for index, text in enumerate(section.base_tokens)
        ),
        flash_fee_ppm=section.flash_fee_ppm,
        gas_units=costs.gas_units,
        gas_price_wei=costs.gas_price_wei,
        wrapped_native=_wrapped_native(costs, pools),
    )


def strategy_limits(section: FlashArbitrageSection, pools: Sequence[Pool]) -> StrategyLimits:
    """The gate's limits for the strategy. Raises ConfigError for an amount that is none or too fine for its token."""
    path = "strategies.flash_arbitrage"
    maximum = section.max_trade_value
    return StrategyLimits(
        min_net_profit=_by_token(section.min_net_profit, f"{path}.min_net_profit", pools),
        max_trade_value=_by_token(maximum, f"{path}.max_trade_value", pools) if maximum is not None else _unlimited,
    )


def tokens_of(pools: Sequence[Pool]) -> dict[bytes, Token]:
    """Every token of the pools, by address."""
    return {token.address: token for pool in pools for token in (pool.token0, pool.token1)}


def _unlimited(token: bytes) -> None:
    """No maximum is configured."""


def _by_token(setting: Amount | dict[str, Amount], path: str, pools: Sequence[Pool]) -> Callable[[bytes], int | None]:
    tokens = tokens_of(pools)
    if isinstance(setting, dict):
        amounts: dict[bytes, int] = {}
        for name, amount in setting.items():
            address = _token_address(name, f"{path}.{name}", pools)
            if address in tokens:
                amounts[address] = _raw(amount, tokens[address], f"{path}.{name}")
        return amounts.get
    return {address: _raw(setting, token, path) for address, token in tokens.items()}.get


def _raw(amount: Amount, token: Token, path: str) -> int:
    if isinstance(amount, int):
        if amount < 0:
            raise ConfigError(path, f"expected an amount of at least 0, found {amount}")
        return amount
    try:
        return raw_units(amount, token.decimals)
    except ValueError as error:
        raise ConfigError(path, f"{error} (for {token.symbol})") from error


def _token_address(text: str, path: str, pools: Sequence[Pool]) -> bytes:
    """The token that a setting names, by address or by a symbol that one token of the pools bears."""
    if text.startswith("0x"):
        try:
            return parse_address(text, path)
        except ValueError as error:
            raise ConfigError("", str(error)) from error
    named = [token.address for token in tokens_of(pools).values() if token.symbol == text]
    if len(named) != 1:
        symbols = ", ".join(sorted({token.symbol for token in tokens_of(pools).values()}))
        raise ConfigError(path, f"expected an address, or the symbol of one token ({symbols}), found {text!r}")
    return named[0]


def _wrapped_native(costs: CostsSection, pools: Sequence[Pool]) -> bytes:
    if costs.wrapped_native is not None:
        return _token_address(costs.wrapped_native, "costs.wrapped_native", pools)
    return CHAINS[pools[0].id.chain_id or 0].wrapped_native


def _ns(moment: datetime.datetime | None) -> int | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    passed = aware - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000_000 + passed.microseconds * 1_000

"""The limits of the configuration as the gate and the strategies take them: raw units, by token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from alphapulse import __version__
from alphapulse.composition.terms import amounts_by_token, tokens_of
from alphapulse.config import Config
from alphapulse.config_sections.limits import LimitsSection
from alphapulse.config_sections.strategies import FlashArbitrageSection, SizingSection
from alphapulse.data.execution import Mode
from alphapulse.data.pools import Pool
from alphapulse.errors import ConfigError
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.rules.limits.facts import GateTerms
from alphapulse.rules.limits.limit_book import Limit, LimitBook, plain_limit, token_limits
from alphapulse.rules.limits.limit_table import RAW, ROWS, Place
from alphapulse.rules.limits.sizing import SizeCaps, fraction, fractional_kelly

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def gate_terms(config: Config, pools: Sequence[Pool], mode: Mode) -> GateTerms:
    """What the gate is told once."""
    limits = config.limits
    return GateTerms(
        mode=mode,
        pools=PoolDirectory.of(pools).pairs,
        max_input_age_ns=limits.max_input_age_s * NS_PER_S,
        max_signal_age_ns=limits.max_signal_age_s * NS_PER_S,
        throttle_ns=limits.throttle_window_ms * NS_PER_MS,
        build=__version__,
        approved_builds=frozenset(limits.approved_builds),
    )


def limit_book(config: Config, pools: Sequence[Pool]) -> LimitBook:
    """Every configured limit. Raises ConfigError for an amount that is none or too fine for its token."""
    floors = {
        name: amounts_by_token(section.min_net_profit, f"strategies.{name}.min_net_profit", pools)
        for name, section in _strategies(config)
    }
    return LimitBook(_limits(config, pools), floors)


def token_names(pools: Sequence[Pool]) -> dict[bytes, str]:
    """The name of each token in the names of limits: its symbol, or its address where two bear one symbol."""
    tokens = tokens_of(pools)
    symbols = Counter(token.symbol for token in tokens.values())
    return {
        address: token.symbol if symbols[token.symbol] == 1 else "0x" + address.hex()
        for address, token in tokens.items()
    }


def size_caps(name: str, section: FlashArbitrageSection, pools: Sequence[Pool]) -> SizeCaps:
    """What the sizing of a strategy allows. Raises ConfigError if it says too little or too much."""
    sizing, path = section.sizing, f"strategies.{name}.sizing"
    kinds = [key for key in ("fixed", "fraction_ppm", "kelly_ppm") if getattr(sizing, key) is not None]
    if len(kinds) > 1:
        raise ConfigError(
            path, f"expected at most one of fixed, fraction_ppm and kelly_ppm, found {' and '.join(kinds)}"
        )
    stated = (sizing.win_ppm, sizing.payoff_ppm)
    if (None in stated) if kinds == ["kelly_ppm"] else stated != (None, None):
        raise ConfigError(path, "expected win_ppm and payoff_ppm with kelly_ppm and with nothing else")
    if not kinds:
        return SizeCaps()
    if sizing.fixed is not None:
        return SizeCaps(amounts_by_token(sizing.fixed, f"{path}.fixed", pools))
    if section.capital is None:
        raise ConfigError(path, f"expected `capital` beside {kinds[0]}, of which it is a part, found none")
    capital = amounts_by_token(section.capital, f"strategies.{name}.capital", pools)
    return SizeCaps({token: _share(sizing, amount) for token, amount in capital.items()})


def _share(sizing: SizingSection, capital: int) -> int:
    if sizing.fraction_ppm is not None:
        return fraction(capital, sizing.fraction_ppm)
    return fractional_kelly(
        capital, win_ppm=sizing.win_ppm or 0, payoff_ppm=sizing.payoff_ppm or 1, kelly_ppm=sizing.kelly_ppm or 0
    )


def _strategies(config: Config) -> Iterator[tuple[str, FlashArbitrageSection]]:
    if config.strategies.flash_arbitrage is not None:
        yield "flash_arbitrage", config.strategies.flash_arbitrage


def _limits(config: Config, pools: Sequence[Pool]) -> Iterator[Limit]:
    names = token_names(pools)
    for row in ROWS:
        places: list[tuple[str | None, LimitsSection | FlashArbitrageSection]]
        places = [(None, config.limits)] if row.place is Place.LIMITS else [*_strategies(config)]
        for strategy, section in places:
            setting = getattr(section, row.key)
            if setting is None:
                continue
            if row.unit != RAW:
                yield plain_limit(row, setting, strategy)
                continue
            path = f"limits.{row.key}" if strategy is None else f"strategies.{strategy}.{row.key}"
            yield from token_limits(row, amounts_by_token(setting, path, pools), names, strategy)

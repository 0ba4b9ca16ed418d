"""What the configuration means: tokens of the pools at hand by name, amounts in raw units, parts that may be absent."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from alphapulse.collectors.recorded.collector import ReplayTerms
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.composition.costs import gas_terms, loan_terms
from alphapulse.composition.environment import Environment
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection, RecordedSection
from alphapulse.config_sections.execution import CostsSection
from alphapulse.config_sections.strategies import FlashArbitrageSection
from alphapulse.config_sections.values import PPM, Amount
from alphapulse.data.chains import CHAINS
from alphapulse.data.pools import Pool, Token
from alphapulse.errors import ConfigError
from alphapulse.execution.latency import BlockLatency, Latency, LogLatency
from alphapulse.journal.capture_recorder import CaptureRecorder
from alphapulse.rules.accounting.amounts import raw_units
from alphapulse.rules.arbitrage.appraisal import Bounds
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.strategies.flash_arbitrage import FlashArbitrageTerms

MAX_AMOUNT = (1 << 128) - 1
"""More than any token has; it leaves room for sums in the records."""
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def replay_terms(name: str, section: RecordedSection) -> ReplayTerms:
    """How the collector `name` replays its recording."""
    return ReplayTerms(
        name=name,
        speed_ppm=_speed_ppm(section),
        start_ns=_ns(section.start),
        end_ns=_ns(section.end),
        at_end=section.at_end,
    )


def speed_ppm(config: Config) -> int:
    """At which the market clock runs, in millionths of real time; 0: it stands at the newest block. Live: as real."""
    (section,) = config.collectors.values()
    return PPM if isinstance(section, EvmSection) else _speed_ppm(section)


def is_live(config: Config) -> bool:
    """True if a live chain is followed."""
    return any(isinstance(section, EvmSection) for section in config.collectors.values())


def recorded_collector(config: Config) -> tuple[str, RecordedSection]:
    """The recording that is replayed, and its name.

    Raises:
        ConfigError: the collector is a live chain.
    """
    ((name, section),) = config.collectors.items()
    if isinstance(section, EvmSection):
        raise ConfigError(f"collectors.{name}.kind", 'expected "recorded": only a recording can be replayed')
    return name, section


def _speed_ppm(section: RecordedSection) -> int:
    return round(section.speed * PPM)


def recording_paths(name: str, section: RecordedSection, config: Config) -> tuple[Path, ...]:
    """The recording's files. Raises ConfigError if one is missing."""
    paths = tuple(config.resolve(log) for log in section.logs)
    for log, path in zip(section.logs, paths, strict=True):
        if not path.is_file():
            raise ConfigError(f"collectors.{name}.logs", f"expected a file at {path} ({log!r}), found none")
    return paths


def capture_recorder(config: Config, environment: Environment) -> CaptureRecorder | None:
    """What writes the capture; None if none is wanted."""
    if not config.capture.enabled:
        return None
    path = config.resolve(config.capture.file)
    return CaptureRecorder(path, now_ns=environment.now_ns, run_blocking=environment.run_blocking)


def latency(config: Config) -> Latency:
    """The paper executor's latency."""
    section = config.execution.latency
    return LogLatency(section.logs) if section.logs is not None else BlockLatency(section.blocks or 0)


def flash_arbitrage_terms(
    section: FlashArbitrageSection,
    costs: CostsSection,
    pools: Sequence[Pool],
    *,
    live: bool = False,
    executes: bool = False,
) -> FlashArbitrageTerms:
    """How the strategy evaluates, on a `live` chain or in a replay; `executes`: its trades are sent.

    Raises:
        ConfigError: a base token or a wrapped coin that cannot be meant, or costs that contradict each other.
    """
    return FlashArbitrageTerms(
        evaluate=section.evaluate,
        base_tokens=tuple(
            _token_address(text, f"strategies.flash_arbitrage.base_tokens[{index}]", pools)
            for index, text in enumerate(section.base_tokens)
        ),
        wrapped_native=wrapped_native(costs, pools),
        gas=gas_terms(costs, pools),
        loan=loan_terms(section, live=live),
        bounds=Bounds(
            min_pool_value=_min_pool_value(section, pools),
            max_leg_slippage_ppm=section.max_leg_slippage_ppm,
            max_slippage_ppm=section.max_slippage_ppm,
        ),
        numeraire=_numeraire(section, pools),
        most_hops=section.most_hops,
        executes=executes,
    )


def _numeraire(section: FlashArbitrageSection, pools: Sequence[Pool]) -> bytes | None:
    if section.numeraire is None:
        return None
    return _token_address(section.numeraire, "strategies.flash_arbitrage.numeraire", pools)


def _min_pool_value(section: FlashArbitrageSection, pools: Sequence[Pool]) -> int | None:
    """The floor in raw units of the numéraire. Raises ConfigError without one."""
    if section.min_pool_value is None:
        return None
    path = "strategies.flash_arbitrage.min_pool_value"
    numeraire = _numeraire(section, pools)
    token = tokens_of(pools).get(numeraire) if numeraire is not None else None
    if token is None:
        raise ConfigError(
            path, "expected a numeraire that some pool holds, as the floor is an amount of it, found none"
        )
    return _raw(section.min_pool_value, token, path)


def tokens_of(pools: Sequence[Pool]) -> dict[bytes, Token]:
    """Every token of the pools, by address; of a directory those that come later too."""
    return PoolDirectory.of(pools).tokens


def amounts_by_token(setting: Amount | dict[str, Amount], path: str, pools: Sequence[Pool]) -> dict[bytes, int]:
    """The amount of each token in raw units. A table may name tokens that no pool holds; they are left out."""
    tokens = tokens_of(pools)
    if not isinstance(setting, dict):
        return {address: _raw(setting, token, path) for address, token in tokens.items()}
    amounts: dict[bytes, int] = {}
    for name, amount in setting.items():
        address = _token_address(name, f"{path}.{name}", pools)
        if address in amounts:
            raise ConfigError(f"{path}.{name}", f"expected each token once, found {tokens[address].symbol} twice")
        if address in tokens:
            amounts[address] = _raw(amount, tokens[address], f"{path}.{name}")
    return amounts


def _raw(amount: Amount, token: Token, path: str) -> int:
    try:
        raw = amount if isinstance(amount, int) else raw_units(amount, token.decimals)
    except ValueError as error:
        raise ConfigError(path, f"{error} (for {token.symbol})") from error
    if not 0 <= raw <= MAX_AMOUNT:
        raise ConfigError(path, f"expected an amount from 0 to 2^128 - 1 raw units, found {amount!r}")
    return raw


def _token_address(text: str, path: str, pools: Sequence[Pool]) -> bytes:
    """The token that a setting names, by address or by a symbol that one token of the pools bears."""
    try:
        return parse_address(text)
    except ValueError:
        named = [token.address for token in tokens_of(pools).values() if token.symbol == text]
    if len(named) != 1:
        symbols = ", ".join(sorted({token.symbol for token in tokens_of(pools).values()}))
        problem = f"found {text!r}" if not named else f"found {text!r}, the symbol of {len(named)}: give the address"
        raise ConfigError(path, f"expected an address, or the symbol of one token ({symbols}), {problem}")
    return named[0]


def wrapped_native(costs: CostsSection, pools: Sequence[Pool]) -> bytes:
    """The wrapped native coin, whose price is that of gas. Raises ConfigError for one that cannot be meant."""
    if costs.wrapped_native is not None:
        return _token_address(costs.wrapped_native, "costs.wrapped_native", pools)
    return CHAINS[pools[0].id.chain_id or 0].wrapped_native


def _ns(moment: datetime.datetime | None) -> int | None:
    if moment is None:
        return None
    passed = moment - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000_000 + passed.microseconds * 1_000

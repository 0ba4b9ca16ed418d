"""The configuration: config.toml as frozen values, with every mistake named by its path.

File names are relative to the folder of the
configuration file; `package:NAME` names a file that ships inside the package.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import tomllib
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from alphapulse.config_reading import Section, read_document
from alphapulse.data.chains import name_chain
from alphapulse.errors import ConfigError
from alphapulse.rules.arbitrage.gas import GAS_OVERHEAD

PACKAGE_PREFIX = "package:"
PPM = 1_000_000
SLOWEST, FASTEST = 0.001, 1_000_000
"""Multiples of real time at which a recording can be replayed."""
_NAME = re.compile("[A-Za-z0-9_-]{1,40}")
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
MOST_CHAIN_NAME = 40

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=0)] | str
"""Raw units as a whole number, or whole tokens as decimal text such as `"25.00"`."""
Amounts = Amount | dict[str, Amount] | None
"""An amount for every token, or for each its own; None: no limit."""
Plain = Annotated[int, msgspec.Meta(ge=0, le=10**30)] | None
"""A whole number; None: no limit."""
Share = Annotated[int, msgspec.Meta(ge=0, le=PPM)]


class DaemonSection(Section, frozen=True):
    """`[daemon]`: what is traded with, and where its records are kept."""

    mode: Literal["paper"] = "paper"
    data_folder: str = "data"


class WebSection(Section, frozen=True):
    """`[web]`: where the control plane listens."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8321
    allow_other_hosts: bool = False
    allowed_hosts: tuple[str, ...] = ()
    tls_certificate: str | None = None
    tls_key: str | None = None


class RecordedSection(Section, frozen=True):
    """`[collectors.NAME]` with `kind = "recorded"`: a recording of pool logs, replayed."""

    kind: Literal["recorded"]
    logs: tuple[str, ...]
    pools: str = "pools.json"
    speed: float = 0
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    at_end: Literal["stop", "hold", "repeat"] = "hold"


class UrlSource(Section, frozen=True):
    """Where a URL stands that holds a key: exactly one of an environment variable and a file with mode 0600."""

    env: str | None = None
    file: str | None = None


class NodeSection(Section, frozen=True):
    """`[[collectors.NAME.nodes]]`: a node of the chain. Its label is all of it that is ever shown."""

    label: str
    http: str | UrlSource
    ws: str | UrlSource | None = None
    requests_per_s: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 10
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    max_block_range: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=256)] = 8


class FinalitySection(Section, frozen=True):
    """`[collectors.NAME.finality]`: when a block counts as safe and as settled; depths are in blocks."""

    safe_depth: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    tag: Literal["finalized", "safe", ""] = "finalized"
    tagged_depth: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 128
    settled_depth: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500


class DiscoverySection(Section, frozen=True):
    """`[collectors.NAME.discovery]`: pools that are not in the pool file, found from their logs."""

    enabled: bool = False
    factories: str | None = None
    allowed_tokens: tuple[str, ...] = ()
    refused_pools: tuple[str, ...] = ()
    least_age_blocks: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 32
    numeraire: str | None = None
    least_liquidity: Amount = 0
    requests_per_s: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2


class EvmSection(Section, frozen=True):
    """`[collectors.NAME]` with `kind = "evm"`: a live chain, followed by its nodes."""

    kind: Literal["evm"]
    chain_id: Annotated[int, msgspec.Meta(ge=1, le=2**63)]
    nodes: tuple[NodeSection, ...]
    block_time_ms: Annotated[int, msgspec.Meta(ge=10, le=600_000)]
    pools: str = "pools.json"
    genesis: str | None = None
    multicall: str = "0xcA11bde05977b3631167028862bE2a173976CA11"
    verify_ppm: Share = 100_000
    pending: bool = False
    finality: FinalitySection = FinalitySection()
    discovery: DiscoverySection = DiscoverySection()


CollectorSection = RecordedSection | EvmSection


class ChainSection(Section, frozen=True):
    """`[chain]`: an EVM chain that AlphaPulse does not know by itself; all of it, or nothing."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    name: str | None = None
    wrapped_native: str | None = None


class CaptureSection(Section, frozen=True):
    """`[capture]`: everything that collectors receive, written as it was received."""

    enabled: bool = False
    file: str = "data/capture.apcap"


class SizingSection(Section, frozen=True):
    """`[strategies.*] sizing`: at most one of `fixed`, `fraction_ppm` and `kelly_ppm`; none: the best size."""

    fixed: Amounts = None
    fraction_ppm: Share | None = None
    kelly_ppm: Share | None = None
    win_ppm: Share | None = None
    payoff_ppm: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None


class FlashArbitrageSection(Section, frozen=True):
    """`[strategies.flash_arbitrage]`: cycles of two to four pools."""

    enabled: bool = True
    evaluate: Literal["log", "block"] = "log"
    base_tokens: tuple[str, ...] = ()
    min_net_profit: Amount | dict[str, Amount] = 0
    max_trade_value: Amounts = None
    max_hourly_volume: Amounts = None
    capital: Amounts = None
    max_daily_loss: Amounts = None
    max_drawdown: Amounts = None
    max_losing_streak: Plain = None
    max_unfilled_repeats: Plain = None
    sizing: SizingSection = SizingSection()
    most_hops: Annotated[int, msgspec.Meta(ge=2, le=4)] = 4
    numeraire: str | None = None
    min_pool_value: Amount | None = None
    max_leg_slippage_ppm: Share | None = None
    max_slippage_ppm: Share | None = None
    flash_loan: Literal["stated", "swap", "pool", "balancer", "aave"] = "stated"
    flash_fee_ppm: Annotated[int, msgspec.Meta(ge=0, le=PPM)] = 0


class StrategiesSection(Section, frozen=True):
    """`[strategies]`: one table for each strategy that runs."""

    flash_arbitrage: FlashArbitrageSection | None = None


class CostsSection(Section, frozen=True):
    """`[costs]`: what a transaction costs beside pool fees."""

    gas_price_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | Literal["live"] = 0
    priority_fee_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] = 0
    gas_units: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    gas_overhead: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = GAS_OVERHEAD
    gas_by_kind: dict[str, Annotated[int, msgspec.Meta(ge=0, le=10**9)]] | None = None
    l1_wei_per_byte: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | None = None
    l1_bytes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    wrapped_native: str | None = None


class LatencySection(Section, frozen=True):
    """`[execution] latency`: exactly one of `logs` and `blocks`."""

    logs: Count | None = None
    blocks: Count | None = None


class ExecutionSection(Section, frozen=True):
    """`[execution]`: what the paper executor assumes."""

    latency: LatencySection = LatencySection(logs=0)


class LimitsSection(Section, frozen=True):
    """`[limits]`: what the gate allows, and how long the loop may stand still."""

    max_input_age_s: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 60
    max_signal_age_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 10
    approved_builds: tuple[str, ...] = ()
    max_gap_ppm: Plain = None
    max_instrument_exposure: Amounts = None
    max_venue_exposure: Amounts = None
    max_gross_exposure: Amounts = None
    max_net_exposure: Amounts = None
    max_daily_loss: Amounts = None
    max_drawdown: Amounts = None
    max_gas_price_wei: Plain = None
    max_hourly_gas_wei: Plain = None
    max_hourly_reverts: Plain = None
    max_failures_in_row: Plain = None
    throttle_window_ms: Annotated[int, msgspec.Meta(ge=1, le=3_600_000)] = 1000
    max_venue_intents: Plain = None
    max_strategy_intents: Plain = None
    max_intents: Plain = None
    loop_stall_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 1
    loop_exit_s: Annotated[int, msgspec.Meta(ge=2, le=86_400)] = 10


class BreakersSection(Section, frozen=True):
    """`[breakers]`: when the circuit breakers trip, as far as limits of the gate do not say it."""

    max_jump_ppm: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 100_000
    max_failure_ppm: Share = 900_000
    least_outcomes: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    max_unknown_orders: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 3
    max_memory_mib: Annotated[int, msgspec.Meta(ge=64, le=1 << 20)] | None = None
    max_loop_lag_ms: Annotated[int, msgspec.Meta(ge=10, le=3_600_000)] = 500


class RelaySection(Section, frozen=True):
    """`[topology.relays.NAME]`: a relay between processes, or the part of market data that is of some venues."""

    address: str
    carries: Literal["market_data", "signals", "execution"] | None = None
    venues: tuple[str, ...] = ()


class TopologySection(Section, frozen=True):
    """`[topology]`: which process runs what, and where their relays are. Without services there is one process."""

    services: dict[str, tuple[str, ...]] | None = None
    relays: dict[str, RelaySection] = msgspec.field(default_factory=dict)
    tls_folder: str = "tls"


class HaltingSection(Section, frozen=True):
    """`[halting]`: how trading goes on after a halt."""

    probation_s: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 900


class Config(Section, frozen=True):
    """The whole configuration. `folder` is where its relative file names start, `digest` is the SHA-256 of its text.

    `read_from` is the file that says it, empty if nowhere.
    """

    daemon: DaemonSection = DaemonSection()
    web: WebSection = WebSection()
    chain: ChainSection = ChainSection()
    collectors: dict[str, CollectorSection] = msgspec.field(default_factory=dict)
    capture: CaptureSection = CaptureSection()
    strategies: StrategiesSection = StrategiesSection()
    costs: CostsSection = CostsSection()
    execution: ExecutionSection = ExecutionSection()
    limits: LimitsSection = LimitsSection()
    breakers: BreakersSection = BreakersSection()
    halting: HaltingSection = HaltingSection()
    topology: TopologySection = TopologySection()
    read_from: str = ""
    folder: str = ""
    digest: str = ""

    @property
    def data_folder(self) -> Path:
        """Where journal, ledger, latch and token are kept."""
        return self.resolve(self.daemon.data_folder)

    def resolve(self, name: str) -> Path:
        """The file that a setting names: inside the package, absolute, or relative to the configuration.

        Raises:
            ConfigError: it begins with the home of a user who has none.
        """
        if name.startswith(PACKAGE_PREFIX):
            with as_file(files("alphapulse").joinpath(name.removeprefix(PACKAGE_PREFIX))) as path:
                return path
        try:
            return Path(self.folder) / Path(name).expanduser()
        except RuntimeError as error:
            raise ConfigError("", f"expected a file name, found {name!r}: {error}") from error


def load_config(path: Path, *, folder: Path | None = None) -> Config:
    """The configuration in a TOML file. Its relative names start at `folder`, by default the file's own.

    Raises:
        ConfigError: the file is missing or no TOML, or a key is unknown, missing, or of a wrong type or value.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError("", f"expected a configuration file at {path}, found: {error.strerror}") from error
    try:
        raw = tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError("", f"{path} is not valid TOML: {error}") from error
    digest = hashlib.sha256(text).hexdigest()
    return parse_config(raw, folder=folder or path.resolve().parent, digest=digest, read_from=str(path.resolve()))


def parse_config(raw: dict[str, Any], *, folder: Path, digest: str = "", read_from: str = "") -> Config:
    """The configuration in a parsed TOML document. Raises ConfigError as `load_config` does."""
    config = msgspec.structs.replace(read_document(raw, Config), read_from=read_from, folder=str(folder), digest=digest)
    _check(config)
    return config


def _know_chain(chain: ChainSection) -> None:
    if chain == ChainSection():
        return
    if chain.id is None or chain.name is None or chain.wrapped_native is None:
        raise ConfigError("chain", "expected id, name and wrapped_native, or none of them")
    if not 1 <= len(chain.name) <= MOST_CHAIN_NAME:
        raise ConfigError("chain.name", f"expected 1 to {MOST_CHAIN_NAME} characters, found {len(chain.name)}")
    if not _ADDRESS.fullmatch(chain.wrapped_native):
        raise ConfigError("chain.wrapped_native", f"expected 0x and 40 hex digits, found {chain.wrapped_native!r}")
    try:
        name_chain(chain.id, chain.name, bytes.fromhex(chain.wrapped_native[2:]))
    except ValueError as error:
        raise ConfigError("chain.id", f"{error}; leave [chain] out") from error


def _check(config: Config) -> None:
    """What types alone do not say; a chain that is named is known from here on."""
    _know_chain(config.chain)
    if len(config.collectors) != 1:
        raise ConfigError("collectors", f"expected exactly one [collectors.NAME] table, found {len(config.collectors)}")
    if config.strategies.flash_arbitrage is None:
        raise ConfigError("strategies", "expected [strategies.flash_arbitrage], found none: nothing would trade")
    for name, collector in config.collectors.items():
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"collectors.{name}", "expected a name of 1 to 40 letters, digits, hyphens and underscores"
            )
        if isinstance(collector, EvmSection):
            _check_chain(f"collectors.{name}", collector, config)
        else:
            _check_recording(f"collectors.{name}", collector, config)
    latency = config.execution.latency
    if (latency.logs is None) == (latency.blocks is None):
        found = "none" if latency.logs is None else "both"
        raise ConfigError("execution.latency", f"expected exactly one of `logs` and `blocks`, found {found}")
    limits = config.limits
    if limits.loop_exit_s <= limits.loop_stall_s:
        raise ConfigError(
            "limits.loop_exit_s", f"expected more than loop_stall_s, {limits.loop_stall_s}, found {limits.loop_exit_s}"
        )


def _check_recording(path: str, collector: RecordedSection, config: Config) -> None:
    if not collector.logs:
        raise ConfigError(f"{path}.logs", "expected at least one file of logs, found an empty list")
    if collector.speed and not SLOWEST <= collector.speed <= FASTEST:
        raise ConfigError(
            f"{path}.speed", f"expected 0 (full speed), or {SLOWEST} to {FASTEST}, found {collector.speed}"
        )
    if collector.start and collector.end and collector.start >= collector.end:
        raise ConfigError(f"{path}.end", f"expected a time after start, found {collector.end.isoformat()}")
    if config.capture.enabled and config.resolve(config.capture.file) in map(config.resolve, collector.logs):
        raise ConfigError("capture.file", f"expected another file than those of {path}.logs, found one of them")


def _check_chain(path: str, collector: EvmSection, config: Config) -> None:
    if not collector.nodes:
        raise ConfigError(f"{path}.nodes", "expected at least one node, found an empty list")
    labels = [node.label for node in collector.nodes]
    for place, label in enumerate(labels):
        if not _NAME.fullmatch(label) or labels.index(label) != place:
            raise ConfigError(
                f"{path}.nodes[{place}].label",
                "expected a label of 1 to 40 letters, digits, hyphens and underscores that no other node has",
            )
    if not any(node.ws is not None for node in collector.nodes):
        raise ConfigError(f"{path}.nodes", "expected a node with `ws`, found none: nobody would tell of new blocks")
    strategy = config.strategies.flash_arbitrage
    if strategy is not None and strategy.enabled and strategy.evaluate == "log" and not collector.pending:
        raise ConfigError(
            "strategies.flash_arbitrage.evaluate",
            f'expected "block" with {path} of kind "evm", found "log": a mined log tells of a block in which nobody '
            f"can act any more; what is left is to be taken at the block's end, or set {path}.pending = true if a node "
            "offers transactions before they are mined",
        )
    if (
        strategy is not None
        and strategy.enabled
        and strategy.evaluate == "log"
        and config.execution.latency.logs is not None
    ):
        raise ConfigError(
            "execution.latency",
            'expected { blocks = N } with evaluate = "log" on a live chain: behind which log a transaction will stand '
            "is not known; 0 is the end of the next block",
        )

"""The configuration: config.toml as frozen values, with every mistake named by its path.

File names are relative to the folder of the configuration file; `package:NAME` names a file inside the package.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec

from alphapulse.config_reading import Section, read_document
from alphapulse.config_sections.collectors import ChainSection, CollectorSection, EvmSection, RecordedSection
from alphapulse.config_sections.execution import CostsSection, ExecutionSection, check_execution
from alphapulse.config_sections.limits import BreakersSection, HaltingSection, LimitsSection
from alphapulse.config_sections.process import CaptureSection, DaemonSection, WebSection
from alphapulse.config_sections.strategies import StrategiesSection
from alphapulse.config_sections.topology import TopologySection
from alphapulse.config_sections.values import ADDRESS, NAME
from alphapulse.config_sections.wallets import WalletSection, check_wallets
from alphapulse.data.chains import name_chain
from alphapulse.errors import ConfigError

PACKAGE_PREFIX = "package:"
SLOWEST, FASTEST = 0.001, 1_000_000
"""Multiples of real time at which a recording can be replayed."""
MOST_CHAIN_NAME = 40


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
    wallets: dict[str, WalletSection] = msgspec.field(default_factory=dict)
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
    if not ADDRESS.fullmatch(chain.wrapped_native):
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
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"collectors.{name}", "expected a name of 1 to 40 letters, digits, hyphens and underscores"
            )
        if isinstance(collector, EvmSection):
            _check_chain(f"collectors.{name}", collector, config)
        else:
            _check_recording(f"collectors.{name}", collector, config)
    check_execution(config.execution)
    check_wallets(config.wallets)
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
        if not NAME.fullmatch(label) or labels.index(label) != place:
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

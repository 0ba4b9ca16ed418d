"""The configuration: config.toml as frozen values, with every mistake named by its path.

A key that is not known is refused with the nearest known name. File names are relative to the folder of the
configuration file; `package:NAME` names a file that ships inside the package.
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import tomllib
from importlib.resources import as_file, files
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from alphapulse.errors import ConfigError

PACKAGE_PREFIX = "package:"
PPM = 1_000_000

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = int | str
"""Raw units as a whole number, or whole tokens as decimal text such as `"25.00"`."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the configuration."""


class DaemonSection(_Section, frozen=True):
    """`[daemon]`: what is traded with, and where its records are kept."""

    mode: Literal["paper"] = "paper"
    data_folder: str = "data"


class WebSection(_Section, frozen=True):
    """`[web]`: where the control plane listens."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8321
    allow_other_hosts: bool = False
    allowed_hosts: tuple[str, ...] = ()


class RecordedSection(_Section, frozen=True):
    """`[collectors.NAME]` with `kind = "recorded"`: a recording of pool logs, replayed."""

    kind: Literal["recorded"]
    logs: tuple[str, ...]
    pools: str = "pools.json"
    speed: int | float = 0
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    at_end: Literal["stop", "hold", "repeat"] = "hold"


class FlashArbitrageSection(_Section, frozen=True):
    """`[strategies.flash_arbitrage]`: gaps between two pools of one pair."""

    enabled: bool = True
    evaluate: Literal["log", "block"] = "log"
    base_tokens: tuple[str, ...] = ()
    min_net_profit: Amount | dict[str, Amount] = 0
    max_trade_value: Amount | dict[str, Amount] | None = None
    flash_fee_ppm: Annotated[int, msgspec.Meta(ge=0, le=PPM)] = 0


class StrategiesSection(_Section, frozen=True):
    """`[strategies]`: one table for each strategy that runs."""

    flash_arbitrage: FlashArbitrageSection | None = None


class CostsSection(_Section, frozen=True):
    """`[costs]`: what a transaction costs beside pool fees."""

    gas_price_wei: Count = 0
    gas_units: Count = 250_000
    wrapped_native: str | None = None


class LatencySection(_Section, frozen=True):
    """`[execution] latency`: exactly one of `logs` and `blocks`."""

    logs: Count | None = None
    blocks: Count | None = None


class ExecutionSection(_Section, frozen=True):
    """`[execution]`: what the paper executor assumes."""

    latency: LatencySection = LatencySection(logs=0)


class LimitsSection(_Section, frozen=True):
    """`[limits]`: what the gate allows."""

    max_input_age_s: Annotated[int, msgspec.Meta(ge=1)] = 60


class Config(_Section, frozen=True):
    """The whole configuration. `folder` is where its relative file names start, `digest` is the SHA-256 of its text."""

    daemon: DaemonSection = DaemonSection()
    web: WebSection = WebSection()
    collectors: dict[str, RecordedSection] = {}
    strategies: StrategiesSection = StrategiesSection()
    costs: CostsSection = CostsSection()
    execution: ExecutionSection = ExecutionSection()
    limits: LimitsSection = LimitsSection()
    folder: str = ""
    digest: str = ""

    @property
    def data_folder(self) -> Path:
        """Where journal, ledger, latch and token are kept."""
        return Path(self.folder) / Path(self.daemon.data_folder).expanduser()

    def resolve(self, name: str) -> Path:
        """The file that a setting names: inside the package, absolute, or relative to the configuration."""
        if name.startswith(PACKAGE_PREFIX):
            with as_file(files("alphapulse").joinpath(name.removeprefix(PACKAGE_PREFIX))) as path:
                return path
        return Path(self.folder) / Path(name).expanduser()


_RESERVED = ("folder", "digest")


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("", f"{path} is not valid TOML: {error}") from error
    return parse_config(raw, folder=folder or path.resolve().parent, digest=hashlib.sha256(text).hexdigest())


def parse_config(raw: dict[str, Any], *, folder: Path, digest: str = "") -> Config:
    """The configuration in a parsed TOML document. Raises ConfigError as `load_config` does."""
    _refuse_unknown_keys(raw, Config, "")
    try:
        config = msgspec.convert(_with_utc(raw) | {"folder": str(folder), "digest": digest}, Config)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        raise ConfigError(place.rstrip("`").removeprefix("."), problem[:1].lower() + problem[1:]) from error
    _check(config)
    return config


def _check(config: Config) -> None:
    """What types alone do not say."""
    if len(config.collectors) != 1:
        raise ConfigError("collectors", f"expected exactly one [collectors.NAME] table, found {len(config.collectors)}")
    if config.strategies.flash_arbitrage is None:
        raise ConfigError("strategies", "expected [strategies.flash_arbitrage], found none: nothing would trade")
    for name, collector in config.collectors.items():
        path = f"collectors.{name}"
        if not collector.logs:
            raise ConfigError(f"{path}.logs", "expected at least one file of logs, found an empty list")
        if not 0 <= collector.speed <= 1_000_000:
            raise ConfigError(f"{path}.speed", f"expected 0 (full speed) to 1000000, found {collector.speed}")
        if collector.start and collector.end and collector.start >= collector.end:
            raise ConfigError(f"{path}.end", f"expected a time after start, found {collector.end.isoformat()}")
    latency = config.execution.latency
    if (latency.logs is None) == (latency.blocks is None):
        raise ConfigError("execution.latency", "expected exactly one of `logs` and `blocks`")


def _refuse_unknown_keys(raw: object, type_: Any, path: str) -> None:
    """Walk the document beside the type and refuse the first key that has no place, naming the nearest one."""
    for struct in _structs(type_):
        if not isinstance(raw, dict):
            return
        hints = {name: hint for name, hint in get_type_hints(struct).items() if name not in _RESERVED}
        for key, value in raw.items():
            where = f"{path}.{key}" if path else key
            if key not in hints:
                near = difflib.get_close_matches(key, hints, n=1, cutoff=0.0)
                raise ConfigError(where, f"unknown key; the nearest known one is `{near[0]}`")
            _refuse_unknown_keys(value, hints[key], where)
        return
    if get_origin(type_) is dict and isinstance(raw, dict):
        for key, value in raw.items():
            _refuse_unknown_keys(value, get_args(type_)[1], f"{path}.{key}")


def _structs(type_: Any) -> list[type[msgspec.Struct]]:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_]
    if get_origin(type_) in (Union, UnionType):
        return [struct for option in get_args(type_) for struct in _structs(option)]
    return []


def _with_utc(raw: Any) -> Any:
    """Times without an offset are UTC, also where they are written as text or as a bare day."""
    if isinstance(raw, dict):
        return {key: _with_utc(value) for key, value in raw.items()}
    if isinstance(raw, datetime.datetime):
        return raw if raw.tzinfo else raw.replace(tzinfo=datetime.UTC)
    if isinstance(raw, datetime.date):
        return datetime.datetime(raw.year, raw.month, raw.day, tzinfo=datetime.UTC)
    return raw

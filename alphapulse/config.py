"""The configuration: config.toml as frozen values, with every mistake named by its path.

A key that is not known is refused with the nearest known name. File names are relative to the folder of the
configuration file; `package:NAME` names a file that ships inside the package.
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from alphapulse.errors import ConfigError

PACKAGE_PREFIX = "package:"
PPM = 1_000_000
SLOWEST, FASTEST = 0.001, 1_000_000
"""Multiples of real time at which a recording can be replayed."""
_NAME = re.compile("[A-Za-z0-9_-]{1,40}")

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=0)] | str
"""Raw units as a whole number, or whole tokens as decimal text such as `"25.00"`."""


class _Section(msgspec.Struct, frozen=True, kw_only=True):
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
    speed: float = 0
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    at_end: Literal["stop", "hold", "repeat"] = "hold"


class CaptureSection(_Section, frozen=True):
    """`[capture]`: everything that collectors receive, written as it was received."""

    enabled: bool = False
    file: str = "data/capture.apcap"


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

    gas_price_wei: Annotated[int, msgspec.Meta(ge=0, le=10**18)] = 0
    gas_units: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 250_000
    wrapped_native: str | None = None


class LatencySection(_Section, frozen=True):
    """`[execution] latency`: exactly one of `logs` and `blocks`."""

    logs: Count | None = None
    blocks: Count | None = None


class ExecutionSection(_Section, frozen=True):
    """`[execution]`: what the paper executor assumes."""

    latency: LatencySection = LatencySection(logs=0)


class LimitsSection(_Section, frozen=True):
    """`[limits]`: what the gate allows, and how long the loop may stand still."""

    max_input_age_s: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 60
    loop_stall_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 1
    loop_exit_s: Annotated[int, msgspec.Meta(ge=2, le=86_400)] = 10


class Config(_Section, frozen=True):
    """The whole configuration. `folder` is where its relative file names start, `digest` is the SHA-256 of its text."""

    daemon: DaemonSection = DaemonSection()
    web: WebSection = WebSection()
    collectors: dict[str, RecordedSection] = {}
    capture: CaptureSection = CaptureSection()
    strategies: StrategiesSection = StrategiesSection()
    costs: CostsSection = CostsSection()
    execution: ExecutionSection = ExecutionSection()
    limits: LimitsSection = LimitsSection()
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


_RESERVED = ("folder", "digest")
"""Fields of `Config` that are no keys of the file."""


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
    return parse_config(raw, folder=folder or path.resolve().parent, digest=hashlib.sha256(text).hexdigest())


def parse_config(raw: dict[str, Any], *, folder: Path, digest: str = "") -> Config:
    """The configuration in a parsed TOML document. Raises ConfigError as `load_config` does."""
    read: Config = _read(raw, Config, "")
    config = msgspec.structs.replace(read, folder=str(folder), digest=digest)
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
        if not _NAME.fullmatch(name):
            raise ConfigError(path, "expected a name of 1 to 40 letters, digits, hyphens and underscores")
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
    latency = config.execution.latency
    if (latency.logs is None) == (latency.blocks is None):
        found = "none" if latency.logs is None else "both"
        raise ConfigError("execution.latency", f"expected exactly one of `logs` and `blocks`, found {found}")
    limits = config.limits
    if limits.loop_exit_s <= limits.loop_stall_s:
        raise ConfigError(
            "limits.loop_exit_s", f"expected more than loop_stall_s, {limits.loop_stall_s}, found {limits.loop_exit_s}"
        )


def _read(raw: Any, type_: Any, path: str) -> Any:
    """The value that `raw` stands for as a `type_`; the first of a union's types that takes it reads it."""
    options = [option for option in _options(type_) if option is not NoneType]
    for option in options:
        kind = _kind(option)
        if isinstance(raw, _TAKES[kind]) and (kind is bool or not isinstance(raw, bool)):
            return _READERS[kind](raw, option, path)
    words = " or ".join(dict.fromkeys(map(_words, options)))
    raise ConfigError(path, f"expected {words}, found {_found(raw)}")


def _options(type_: Any) -> tuple[Any, ...]:
    return get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,)


def _kind(type_: Any) -> Any:
    """What `type_` is read as: a key of the tables below."""
    if isinstance(type_, type) and issubclass(type_, _Section):
        return _Section
    origin = get_origin(type_)
    return get_args(type_)[0] if origin is Annotated else origin or type_


def _read_section(raw: dict[str, Any], type_: type[_Section], path: str) -> _Section:
    hints = get_type_hints(type_, include_extras=True)
    known = [name for name in hints if name not in _RESERVED]
    for key in raw:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise ConfigError(_join(path, key), f"unknown key; the nearest known one is `{near[0]}`")
    for field in msgspec.structs.fields(type_):
        if field.required and field.name not in raw:
            raise ConfigError(_join(path, field.name), f"expected {_words(field.type)}, found no such key")
    return type_(**{key: _read(value, hints[key], _join(path, key)) for key, value in raw.items()})


def _read_table(raw: dict[str, Any], type_: Any, path: str) -> dict[str, Any]:
    return {key: _read(value, get_args(type_)[1], _join(path, key)) for key, value in raw.items()}


def _read_list(raw: list[Any], type_: Any, path: str) -> tuple[Any, ...]:
    return tuple(_read(value, get_args(type_)[0], f"{path}[{index}]") for index, value in enumerate(raw))


def _read_choice(raw: str, type_: Any, path: str) -> str:
    if raw not in get_args(type_):
        raise ConfigError(path, f"expected {_words(type_)}, found {_found(raw)}")
    return raw


def _read_integer(raw: int, type_: Any, path: str) -> int:
    least, most = next((limits.ge, limits.le) for limits in (*get_args(type_)[1:], msgspec.Meta()))
    if (least is not None and raw < least) or (most is not None and raw > most):
        span = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(path, f"expected a whole number {span}, found {_found(raw)}")
    return raw


def _read_text(raw: str, _: Any, path: str) -> str:
    if not raw.isprintable():
        raise ConfigError(path, f"expected printable text, found {raw!r}")
    return raw


def _read_time(raw: datetime.date | str, _: Any, path: str) -> datetime.datetime:
    """Times without an offset are UTC, and a day is its first moment; also where they are written as text."""
    try:
        day = datetime.datetime.fromisoformat(raw if isinstance(raw, str) else raw.isoformat())
    except ValueError as error:
        raise ConfigError(path, f"expected a date and time such as 2024-01-05T01:15:00Z, found {raw!r}") from error
    return day if day.tzinfo else day.replace(tzinfo=datetime.UTC)


def _words(type_: Any) -> str:
    """What a type wants, in TOML's words."""
    kind = _kind(type_)
    return " or ".join(map(repr, get_args(type_))) if kind is Literal else _WORDS[kind]


def _found(raw: Any) -> str:
    """A value of the file in the file's own words."""
    match raw:
        case bool():
            return str(raw).lower()
        case str():
            return f"the text {raw[:80]!r}"
        case int():
            return f"the whole number {raw}" if raw.bit_length() <= 256 else f"a number of {raw.bit_length()} bits"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return str(raw)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


_WORDS: dict[Any, str] = {
    _Section: "a table",
    dict: "a table",
    tuple: "a list",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    datetime.datetime: "a date and time",
}
_TAKES: dict[Any, type | tuple[type, ...]] = {
    _Section: dict,
    dict: dict,
    tuple: list,
    Literal: str,
    bool: bool,
    int: int,
    float: (int, float),
    str: str,
    datetime.datetime: (datetime.date, str),
}
_READERS: dict[Any, Callable[[Any, Any, str], Any]] = {
    _Section: _read_section,
    dict: _read_table,
    tuple: _read_list,
    Literal: _read_choice,
    bool: lambda raw, _type, _path: raw,
    int: _read_integer,
    float: lambda raw, _type, _path: raw,
    str: _read_text,
    datetime.datetime: _read_time,
}

"""The settings that a sweep tries: axes of values, their product, and the spans of time that they are tried on."""

from __future__ import annotations

import copy
import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Literal

import attrs

from alphapulse.config import parse_config
from alphapulse.errors import ConfigError

MOST_RUNS = 10_000
"""Replays of one sweep: a grid that was meant smaller is refused before it fills days."""

_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")


@attrs.frozen
class Axis:
    """One setting and the values that it takes, as they were typed."""

    path: str
    values: tuple[str, ...]


@attrs.frozen
class Span:
    """A part of the recording. `fit`: settings may be chosen by it; `test`: they are only tried on it."""

    name: str
    kind: Literal["fit", "test"]
    start: datetime.datetime | None
    end: datetime.datetime | None


WHOLE = Span("all", "fit", None, None)
"""What is tried where no span is named: everything, and so nothing is left to test on."""


def parse_axis(text: str) -> Axis:
    """`strategies.flash_arbitrage.min_net_profit=10,25,50`. Raises ConfigError if it says something else."""
    path, sign, values = text.partition("=")
    if not sign or not _PATH.fullmatch(path.strip()):
        raise ConfigError("--set", f"expected SECTION.KEY=VALUE,VALUE, found {text!r}")
    parts = tuple(value.strip() for value in _split(values))
    if not parts or not all(parts):
        raise ConfigError("--set", f"expected values with commas between them for {path}, found {values!r}")
    return Axis(path.strip(), tuple(dict.fromkeys(parts)))


def parse_span(text: str, kind: Literal["fit", "test"]) -> Span:
    """A day (`2024-01-05`), or `FROM/TO` with times. Raises ConfigError if it is none, or ends before it begins."""
    begin, slash, end = text.partition("/")
    start = _moment(begin, text)
    until = _moment(end, text) if slash else start + datetime.timedelta(days=1)
    if until <= start:
        raise ConfigError(f"--{kind}", f"expected an end behind the beginning, found {text!r}")
    return Span(text, kind, start, until)


def check_apart(spans: Sequence[Span]) -> None:
    """Raises ConfigError if something is to be tested on time that it was fitted on, or a span stands there twice."""
    names = [span.name for span in spans]
    if len(set(names)) < len(names):
        raise ConfigError("--fit, --test", f"expected each span once, found {', '.join(names)}")
    for fit in (span for span in spans if span.kind == "fit"):
        for test in (span for span in spans if span.kind == "test"):
            if fit.start is None or test.start is None or fit.end is None or test.end is None:
                continue
            if fit.start < test.end and test.start < fit.end:
                raise ConfigError("--test", f"expected time that nothing is fitted on, found {test.name} in {fit.name}")


def combinations(axes: Sequence[Axis]) -> list[dict[str, str]]:
    """Every combination of the axes' values, the last axis moving fastest; one without settings if there is no axis."""
    paths = [axis.path for axis in axes]
    if len(set(paths)) < len(paths):
        raise ConfigError("--set", f"expected each setting once, found {', '.join(paths)}")
    count = prod(len(axis.values) for axis in axes)
    if count > MOST_RUNS:
        raise ConfigError("--set", f"expected at most {MOST_RUNS} combinations, found {count}; take fewer values")
    return [dict(zip(paths, values, strict=True)) for values in product(*(axis.values for axis in axes))]


def typed_values(document: Mapping[str, Any], axes: Sequence[Axis], folder: Path) -> dict[tuple[str, str], Any]:
    """What each typed value means to the configuration: text where the setting takes text, else the TOML value.

    So an amount is one of whole tokens, as it is in quotes. Raises ConfigError if a value is neither.
    """
    found: dict[tuple[str, str], Any] = {}
    for axis in axes:
        for text in axis.values:
            bare = text[1:-1] if _TEXT.fullmatch(text) else text
            try:
                parse_config(with_settings(document, {axis.path: bare}), folder=folder)
                found[axis.path, text] = bare
            except ConfigError:
                value = _literal(text)
                parse_config(with_settings(document, {axis.path: value}), folder=folder)
                found[axis.path, text] = value
    return found


def with_settings(document: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a parsed configuration with other values. Raises ConfigError where a table is expected and none is."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    for path, value in settings.items():
        *tables, key = path.split(".")
        at = changed
        for name in tables:
            at = at.setdefault(name, {})
            if not isinstance(at, dict):
                raise ConfigError(path, f"expected a table at {name}, found {at!r}")
        at[key] = value
    return changed


def _split(text: str) -> list[str]:
    """At commas that stand in no bracket and no quote."""
    parts, depth, quote, start = [], 0, "", 0
    for at, one in enumerate(text):
        if quote:
            quote = "" if one == quote else quote
        elif one in "\"'":
            quote = one
        elif one in "[{":
            depth += 1
        elif one in "]}":
            depth -= 1
        elif one == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _literal(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _moment(text: str, whole: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"expected a day or FROM/TO, such as 2024-01-05T06:00Z/2024-01-05T12:00Z, found {whole!r}"
        raise ConfigError("--fit, --test", problem) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)

"""Reads a parsed TOML document into typed sections; every mistake is named by its path in the file's own words. Pure.

A key that is not known is refused with the nearest known name.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from alphapulse.errors import ConfigError


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the configuration. Fields in `FILLED_IN` are no keys of the file."""


S = TypeVar("S", bound=Section)

FILLED_IN = ("read_from", "folder", "digest")
"""Fields of a section that whoever reads the file sets."""


def read_document(raw: dict[str, Any], type_: type[S]) -> S:
    """The section that a whole document stands for.

    Raises:
        ConfigError: a key is unknown, missing, or of a wrong type or value.
    """
    section: S = _read(raw, type_, "")
    return section


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, nothing if none is known."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f"; the nearest known one is `{near[0]}`" if near else ""


def _read(raw: Any, type_: Any, path: str) -> Any:
    """The value that `raw` stands for as a `type_`; the first of a union's types that takes it reads it."""
    options = [option for option in _options(type_) if option is not NoneType]
    sections = [option for option in options if _kind(option) is Section]
    if len(sections) > 1 and isinstance(raw, dict):
        return _read_section(raw, _of_kind(raw, sections, path), path)
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
    if isinstance(type_, type) and issubclass(type_, Section):
        return Section
    origin = get_origin(type_)
    return get_args(type_)[0] if origin is Annotated else origin or type_


def _read_section(raw: dict[str, Any], type_: type[Section], path: str) -> Section:
    hints = get_type_hints(type_, include_extras=True)
    known = [name for name in hints if name not in FILLED_IN]
    for key in raw:
        if key not in known:
            raise ConfigError(_join(path, key), f"unknown key{nearest(key, known)}")
    for field in msgspec.structs.fields(type_):
        if field.required and field.name not in raw:
            raise ConfigError(_join(path, field.name), f"expected {_words(field.type)}, found no such key")
    return type_(**{key: _read(value, hints[key], _join(path, key)) for key, value in raw.items()})


def _of_kind(raw: dict[str, Any], sections: list[type[Section]], path: str) -> type[Section]:
    """The section that a table's `kind` names."""
    kinds = {get_args(get_type_hints(section)["kind"])[0]: section for section in sections}
    if (found := raw.get("kind")) not in tuple(kinds):
        words = "found no such key" if found is None else f"found {_found(found)}"
        raise ConfigError(_join(path, "kind"), f"expected {' or '.join(map(repr, kinds))}, {words}")
    return kinds[found]


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
    Section: "a table",
    dict: "a table",
    tuple: "a list",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    datetime.datetime: "a date and time",
}
_TAKES: dict[Any, type | tuple[type, ...]] = {
    Section: dict,
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
    Section: _read_section,
    dict: _read_table,
    tuple: _read_list,
    Literal: _read_choice,
    bool: lambda raw, _type, _path: raw,
    int: _read_integer,
    float: lambda raw, _type, _path: raw,
    str: _read_text,
    datetime.datetime: _read_time,
}

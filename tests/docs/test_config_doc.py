"""The configuration's page and the shipped file hold every key, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from alphapulse.config import Config, load_config
from alphapulse.config_reading import FILLED_IN
from alphapulse.config_sections.collectors import CollectorSection
from alphapulse.config_sections.values import SecretSource

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "config.md").read_text("utf-8")
SHIPPED = (ROOT / "config.toml").read_text("utf-8")
LIVE = (ROOT / "examples" / "polygon.toml").read_text("utf-8")
NOT_IN_THE_FILE = set(FILLED_IN)
NAMED = "NAME"

Keys = dict[str, msgspec.structs.FieldInfo]


def tables(struct: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Keys]]:
    """Each table of the configuration that holds keys of its own, and those keys."""
    keys: Keys = {}
    for field in msgspec.structs.fields(struct):
        inner, named = inner_struct(field.type)
        if field.name == "collectors":
            yield from collector_tables((*path, field.name, NAMED))
        elif inner is not None:
            yield from tables(inner, (*path, field.name, *([NAMED] if named else [])))
        elif field.name not in NOT_IN_THE_FILE:
            keys[field.name] = field
    if keys:
        yield ".".join(path), keys


def collector_tables(path: tuple[str, ...]) -> Iterator[tuple[str, Keys]]:
    """A collector is one of several kinds: the first is told under the plain name, another under its own."""
    recorded, *others = get_args(CollectorSection)
    yield from tables(recorded, path)
    for other in others:
        (kind,) = get_args(msgspec.structs.fields(other)[0].type)
        yield from tables(other, (*path[:-1], f"{path[-1]} ({kind})"))


def inner_struct(type_: Any) -> tuple[type[msgspec.Struct] | None, bool]:
    """The struct that a field holds, and whether it holds several under free names."""
    for option in (type_, *get_args(type_)):
        if option is SecretSource:
            return None, False  # told in the row of the key that holds it
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            return option, get_origin(type_) is dict
    return None, False


def parts(text: str, header: str) -> dict[str, str]:
    """The text behind each header that the pattern finds, by its name."""
    pieces = re.split(header, text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def default_text(field: msgspec.structs.FieldInfo) -> str:
    """A key's default as the page writes it."""
    if field.required:
        return "required"
    match field.default:
        case None:
            return "none"
        case bool(value):
            return f"`{str(value).lower()}`"
        case str(value):
            return f'`"{value}"`'
        case ():
            return "`[]`"
        case value:
            return f"`{value}`"


TABLES = dict(tables(Config))


def test_page_has_the_tables_of_the_configuration() -> None:
    """No table is missing on the page, and none on it is unknown."""
    assert set(parts(PAGE, r"^## \[(.+)\]$")) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_page_tells_each_key_with_its_default(table: str) -> None:
    """The page has one row for each key, in the order of the code, with its default."""
    rows = re.findall(r"^\| `(\w+)` \| .+? \| ([^|]+) \| ", parts(PAGE, r"^## \[(.+)\]$")[table], re.MULTILINE)
    assert rows == [(name, default_text(field)) for name, field in TABLES[table].items()]


@pytest.mark.parametrize("table", TABLES)
def test_shipped_file_shows_each_key(table: str) -> None:
    """Every key stands in its table of config.toml, set or in a comment."""
    source, table_name = (LIVE, table.replace(f"{NAMED} (evm)", NAMED)) if "(evm)" in table else (SHIPPED, table)
    shown = parts(source, r"^\[+([\w.]+)\]+$")
    (text,) = (
        text
        for header, text in shown.items()
        if table_name == header
        or table_name.startswith(f"{header}.")
        or (
            NAMED in table_name
            and header.replace(".polygon", f".{NAMED}").replace(".uniswap_v3_day", f".{NAMED}") == table_name
        )
    )
    assert [key for key in TABLES[table] if not re.search(rf"\b{key} = ", text)] == []


def test_smallest_file_of_the_page_is_accepted(tmp_path: Path) -> None:
    """The example on the page is a configuration, and it sets nothing but what it shows."""
    (example,) = re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(example, "utf-8")
    assert load_config(path).costs.gas_price_wei == 0

"""CSV tables of pools and factories: their rows, and the values in them, read strictly."""

from __future__ import annotations

import csv
import enum
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from alphapulse.errors import PoolFileError

MAX_BYTES = 1 << 28
"""Of a table: some two million rows."""

M = TypeVar("M", bound=enum.IntEnum)
_HASH = re.compile("0x[0-9a-fA-F]{64}")
_NUMBER = re.compile("[0-9]{1,78}")


def read_text(path: Path) -> str:
    """The text of a table. Raises PoolFileError: it is missing, no UTF-8, or too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PoolFileError(f"{path}: expected a table of at most {MAX_BYTES} bytes, found more")
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise PoolFileError(f"expected a table at {path}, found: {error.strerror}") from error
    except UnicodeError as error:
        raise PoolFileError(f"{path}: expected text in UTF-8, found: {error}") from error


def rows(text: str, name: str, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str] | str]]:
    """Each row with where it stands, or what is wrong with it: it has more or fewer values than the head.

    Other columns than the named ones may be there too.

    Raises:
        PoolFileError: a column is missing, or the text is no CSV from somewhere on.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise PoolFileError(f"{name}: expected the columns {', '.join(columns)}; missing: {', '.join(missing)}")
        for row in reader:
            whole = None not in row and None not in row.values()
            problem = f"expected {len(reader.fieldnames or ())} values, found {'more' if None in row else 'fewer'}"
            yield f"{name}, line {reader.line_num}", row if whole else problem
    except csv.Error as error:
        raise PoolFileError(f"{name}, line {reader.line_num}: no CSV: {error}") from error


def integer(text: str, least: int, most: int) -> int:
    """A whole number in decimal digits. Raises ValueError if it is none or out of range."""
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise ValueError(f"expected a whole number from {least} to {most}, found {text[:80]!r}")
    return int(text)


def hash32(text: str) -> bytes:
    """The 32 bytes of a `0x…` hash. Raises ValueError if it is none."""
    if not _HASH.fullmatch(text):
        raise ValueError(f"expected a hash of 0x and 64 hex digits, found {text[:80]!r}")
    return bytes.fromhex(text[2:])


def member(enumeration: type[M], text: str) -> M:
    """The member of that name, in lower case. Raises ValueError if there is none."""
    found = enumeration.__members__.get(text.upper())
    if found is None or not text.islower():
        raise ValueError(f"expected one of {', '.join(enumeration.__members__).lower()}, found {text[:80]!r}")
    return found

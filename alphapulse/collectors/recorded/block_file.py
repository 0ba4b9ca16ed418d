"""Files of whole blocks: all logs of one block, as `eth_getBlockReceipts` or `eth_getLogs` answered them."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from alphapulse.errors import BlockFileError
from alphapulse.rules.events.hex_text import MAX_UINT64

GZIP_MAGIC = b"\x1f\x8b"
MAX_BYTES = 1 << 29
"""Of a file's plain text; the largest real blocks have some ten million."""


class _Head(msgspec.Struct):
    number: int | str


class _Receipt(msgspec.Struct):
    logs: list[Any]


class _Document(msgspec.Struct, rename="camel"):
    chain_id: int | str
    block: _Head | int | str
    receipts: list[_Receipt] | None = None
    logs: list[Any] | None = None


class BlockFile(msgspec.Struct, frozen=True):
    """One block: its chain, its number, and its logs as JSON values, in the order of the file."""

    chain_id: int
    number: int
    logs: tuple[Any, ...]


def read_block_file(path: Path) -> BlockFile:
    """The block in a JSON file, plain or gzip, of the form `{"chainId", "block", "receipts" or "logs"}`.

    `block` is the number, or an object that has it. Numbers may be `0x…` text.

    Raises:
        BlockFileError: the file is missing, cut off, damaged or too large, or says something else.
    """
    try:
        text = _text(path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BlockFileError(f"{path} is cut off or damaged ({error}); fetch it again") from error
    except OSError as error:
        raise BlockFileError(f"expected a block's logs at {path}, found: {error.strerror}") from error
    if len(text) > MAX_BYTES:
        raise BlockFileError(f"{path}: expected a block of at most {MAX_BYTES} bytes, found more")
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        problem = str(error).replace(", got ", ", found ")
        raise BlockFileError(f"{path}: no block's logs: {problem}") from error
    if (document.receipts is None) == (document.logs is None):
        found = "neither" if document.logs is None else "both"
        raise BlockFileError(f"{path}: expected either receipts or logs, found {found}")
    head = document.block.number if isinstance(document.block, _Head) else document.block
    return BlockFile(
        _number(document.chain_id, f"{path}: chainId"), _number(head, f"{path}: block"), tuple(_logs(document))
    )


def _text(path: Path) -> bytes:
    with path.open("rb") as file:
        start = file.read(len(GZIP_MAGIC))
        file.seek(0)
        opened: io.BufferedIOBase = gzip.GzipFile(fileobj=file) if start == GZIP_MAGIC else file
        return opened.read(MAX_BYTES + 1)


def _logs(document: _Document) -> Iterator[Any]:
    yield from document.logs or ()
    for receipt in document.receipts or ():
        yield from receipt.logs


def _number(value: int | str, where: str) -> int:
    try:
        number = value if isinstance(value, int) else int(value, 16 if value.startswith("0x") else 10)
    except ValueError:
        number = -1
    if not 0 <= number <= MAX_UINT64:
        raise BlockFileError(f"{where}: expected a number from 0 to {MAX_UINT64}, found {str(value)[:80]!r}")
    return number

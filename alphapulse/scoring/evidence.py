"""A file of evidence: a table, a document or lines of JSON, plain or gzip, and which of the known forms it has.

Files are recognised by what stands in them, never by their names: other days, blocks and chains come under other ones.
"""

from __future__ import annotations

import csv
import enum
import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec

from alphapulse.errors import EvidenceError

GZIP_MAGIC = b"\x1f\x8b"
MOST_BYTES = 1 << 29
"""Unpacked bytes of one file: 512 MiB, a hundred times what a busy day of two pools takes."""

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_SELL_IN_POOL = re.compile("sell_([a-z0-9]+)_in_pool")


class Form(enum.StrEnum):
    """What a file says. The answers come first, then what they follow from."""

    GAP_STATES = "gap states"
    NET_POSITIVE_STATES = "net positive states"
    CROSS_POOL_STATES = "cross pool states"
    REALIZED_CYCLES = "realized cycles"
    SPOT_GAPS = "spot gaps"
    NET_POSITIVE_PAIRS = "net positive pairs"
    LISTED_ARBITRAGES = "listed arbitrages"
    SIMULATED_PATHS = "simulated paths"
    TRIGGER_DISTANCES = "trigger distances"
    TRACED_ANSWERS = "traced answers"
    SWAP_STEPS = "swap steps"
    PAIR_SWAPS = "pair swaps"
    QUOTES = "quotes"
    ROUTER_QUOTES = "router quotes"
    KEYED_QUOTES = "keyed quotes"
    TICKS = "tick values"
    SNAPSHOT = "pool snapshot"
    LOGS = "logs"
    POOL_FILE = "pool file"
    BLOCK = "block"
    POOL_TABLE = "pool table"
    POOL_STATES = "pool states"
    POOL_DOCUMENT = "pool document"
    TRACES = "traces"


PLACE = frozenset({"block_number", "log_index"})
POOL = frozenset({"pool", "fee_ppm", "token0", "token1"})
GAPS = frozenset({"gross_gap_ppm", "net_gap_ppm"})
SELL_AND_BUY = GAPS | {"sell_token0_in_pool", "buy_token0_in_pool"}

TABLES: tuple[tuple[Form, frozenset[str]], ...] = (
    (Form.GAP_STATES, PLACE | {"a_sqrt_price_x96", "b_sqrt_price_x96", "higher_sqrt_pool", "lower_sqrt_pool"}),
    (Form.CROSS_POOL_STATES, PLACE | GAPS | {"chain_id", "token0", "token1", "sell_pool", "buy_pool"}),
    (Form.REALIZED_CYCLES, frozenset({"chain_id", "block_number", "tx_hash", "pools", "net_token_gain_json"})),
    (Form.SPOT_GAPS, SELL_AND_BUY | {"net_positive"}),
    (Form.NET_POSITIVE_PAIRS, SELL_AND_BUY),
    (Form.TRIGGER_DISTANCES, frozenset({"arb_block", "trigger_block", "distance_blocks"})),
    (Form.SWAP_STEPS, frozenset({"sqrt_price_x96_before", "sqrt_price_x96_after", "liquidity", "mode", "amount_in"})),
    (Form.PAIR_SWAPS, frozenset({"pool", "fee_ppm", "reserve0_before", "reserve1_before", "amount0_out"})),
    (Form.QUOTES, frozenset({"pool", "function", "zero_for_one", "amount", "onchain_result"})),
    (Form.ROUTER_QUOTES, frozenset({"pool", "fee_ppm", "reserve_a", "reserve_b", "in_a", "quoted_out_b"})),
    (Form.TICKS, frozenset({"function", "argument", "result"})),
    (Form.SNAPSHOT, POOL | {"version", "reserve0", "sqrt_price_x96", "liquidity"}),
)
"""The columns by which a table is recognised; the first row that fits names its form."""


DOCUMENTS: tuple[tuple[Form, frozenset[str]], ...] = (
    (Form.POOL_FILE, frozenset({"pools", "tokens", "chainId"})),
    (Form.BLOCK, frozenset({"chainId", "block", "receipts"})),
    (Form.BLOCK, frozenset({"chainId", "block", "logs"})),
    (Form.TRACES, frozenset({"block_number", "traces"})),
    (Form.TRACED_ANSWERS, frozenset({"block", "arbitrages"})),
    (Form.KEYED_QUOTES, frozenset({"block_number", "entries"})),
    (Form.POOL_DOCUMENT, frozenset({"pool", "sqrtPriceX96", "ticks", "tick_spacing"})),
    (Form.POOL_DOCUMENT, frozenset({"address", "balances", "weights", "tokens"})),
    (Form.POOL_DOCUMENT, frozenset({"address", "balances", "a_coefficient", "tokens"})),
)
"""The same of the keys of one JSON document."""


@attrs.frozen
class Evidence:
    """A file that was recognised. `rows` are a table's, or the objects of JSON lines; `document` is that of JSON."""

    path: Path
    form: Form
    columns: frozenset[str]
    rows: list[dict[str, Any]] = attrs.field(repr=False)
    document: Any = attrs.field(repr=False)


def read_evidence(path: Path) -> Evidence | None:
    """The file with its form; None if it has none that is known.

    Raises:
        EvidenceError: the file cannot be read, is cut off or damaged, or is too large.
    """
    text = _content(path)
    start = text[:1]
    if start in (b"{", b"["):
        return _json(path, text)
    first, _, _ = text.partition(b"\n")
    names = first.decode("utf-8", "replace").strip().split(",")
    if len(names) < 3 or not all(_NAME.fullmatch(name) for name in names):
        return None
    columns = frozenset(names)
    form = _table_form(columns)
    return None if form is None else Evidence(path, form, columns, list(_rows(path, text)), None)


def stated_token(columns: Collection[str]) -> str | None:
    """The token that a table of profitable states counts in, such as `usdc` of `sell_usdc_in_pool`."""
    for name in columns:
        found = _SELL_IN_POOL.fullmatch(name)
        if found and f"buy_{found[1]}_in_pool" in columns and f"profit_{found[1]}_raw_in_range" in columns:
            return found[1]
    return None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            plain = gzip.GzipFile(fileobj=file) if packed else file
            text = plain.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise EvidenceError(f"{path} is cut off or damaged ({error}); fetch the file again") from error
    except OSError as error:
        raise EvidenceError(f"expected a file that can be read at {path}, found: {error.strerror}") from error
    if len(text) > MOST_BYTES:
        raise EvidenceError(f"{path}: expected at most {MOST_BYTES} bytes unpacked, found more; give a part of it")
    return text.removeprefix(b"\xef\xbb\xbf")


def _rows(path: Path, text: bytes) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text.decode("utf-8", "replace"), newline=""), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise EvidenceError(f"{path}, line {reader.line_num}: expected {len(reader.fieldnames or ())} columns")
            yield row
    except csv.Error as error:
        raise EvidenceError(f"{path}, line {reader.line_num}: no table of values: {error}") from error


def _table_form(columns: frozenset[str]) -> Form | None:
    if columns >= PLACE and stated_token(columns):
        return Form.NET_POSITIVE_STATES
    for form, needed in TABLES:
        if columns >= needed:
            return form
    return Form.POOL_TABLE if columns >= POOL and columns & {"family", "version"} else None


def _json(path: Path, text: bytes) -> Evidence | None:
    first, _, rest = text.partition(b"\n")
    head = _decoded(first)
    if isinstance(head, dict) and rest.strip():
        form = _line_form(head.keys())
        return None if form is None else Evidence(path, form, frozenset(head), list(_objects(path, text)), None)
    document = head if head is not None else _decoded(text)
    if document is None and text.lstrip()[:1] == b"{":
        return None  # neither one document nor lines that begin with one: nothing of ours
    if not isinstance(document, dict):
        return None
    form = _line_form(document.keys())  # lines, of which there is only one
    if form is not None:
        return Evidence(path, form, frozenset(document), [document], None)
    form = _document_form(document)
    return None if form is None else Evidence(path, form, frozenset(document), [], document)


def _line_form(keys: Collection[str]) -> Form | None:
    names = set(keys)
    if names >= {"address", "topics", "data", "blockNumber", "logIndex"}:
        return Form.LOGS
    if names >= {"tx_hash", "arbitrages"}:
        return Form.LISTED_ARBITRAGES
    if "profitable_non_conflicting_paths" in names:
        return Form.SIMULATED_PATHS
    return None


def _document_form(document: dict[str, Any]) -> Form | None:
    names = document.keys()
    for form, needed in DOCUMENTS:
        if names >= needed:
            return form
    first = next(iter(document.values()), None)
    if isinstance(first, dict) and "kind" in first and ("sqrtPriceX96" in first or "reserve0" in first):
        return Form.POOL_STATES
    return None


def _objects(path: Path, text: bytes) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        value = _decoded(line)
        if not isinstance(value, dict):
            raise EvidenceError(f"{path}, line {number}: expected a JSON object, found {line[:60]!r}")
        yield value


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None

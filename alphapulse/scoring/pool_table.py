"""Pools as tables list them, with what the file says of how well each is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from alphapulse.errors import EvidenceError
from alphapulse.scoring.evidence import Evidence, Form

PROVEN = frozenset({"create2", "exact"})
"""What a table says of a pool whose address was recomputed, or whose state is whole."""


@attrs.frozen
class ListedPool:
    """One row: `kind` is `v2` or `v3`; `proven` is False where the file itself says that it could not verify it."""

    chain_id: int
    address: str
    kind: str
    token0: str
    token1: str
    fee_ppm: int
    proven: bool

    @property
    def pair(self) -> tuple[int, str, str]:
        """Chain and tokens: pools that share it can be traded against each other."""
        return self.chain_id, self.token0, self.token1


def integer(row: Mapping[str, Any], column: str, where: str) -> int:
    """A whole number of a row. Raises EvidenceError if there is none."""
    try:
        return int(row[column])
    except (KeyError, TypeError, ValueError) as error:
        found = row.get(column, "nothing")
        raise EvidenceError(f"{where}: expected a whole number under {column!r}, found {found!r}") from error


def chain_of(row: Mapping[str, Any], where: str) -> int:
    """The chain of a row; 0 in a table that does not tell it: all of it is of one chain then."""
    return integer(row, "chain_id", where) if "chain_id" in row else 0


def address(row: Mapping[str, Any], column: str, where: str) -> str:
    """An address of a row in lower case. Raises EvidenceError if there is none."""
    text = str(row.get(column, "")).lower()
    if len(text) != 42 or not text.startswith("0x") or any(one not in "0123456789abcdef" for one in text[2:]):
        raise EvidenceError(f"{where}: expected an address under {column!r}, found {text!r}")
    return text


def listed_pools(tables: Iterable[Evidence]) -> dict[tuple[int, str], ListedPool]:
    """Pools by chain and address, of pool tables, snapshots and pool files; those without a known fee are left out.

    Raises:
        EvidenceError: a row is not what it should be.
    """
    found: dict[tuple[int, str], ListedPool] = {}
    for table in tables:
        for pool in _pool_file(table) if table.form is Form.POOL_FILE else _rows(table):
            known = found.get((pool.chain_id, pool.address))
            if known is None or not known.proven:
                found[pool.chain_id, pool.address] = pool
    return found


def _rows(table: Evidence) -> Iterable[ListedPool]:
    for number, row in enumerate(table.rows, 2):
        where = f"{table.path}, line {number}"
        kind = (row.get("family") or row.get("version") or "").lower()
        verified = row.get("verified") or row.get("state_quality")
        if not row["fee_ppm"] or not row["token0"] or not row["token1"]:
            continue  # an emitter that the table lists because it is no pool that anybody could verify
        yield ListedPool(
            chain_of(row, where),
            address(row, "pool", where),
            kind,
            address(row, "token0", where),
            address(row, "token1", where),
            integer(row, "fee_ppm", where),
            verified is None or verified in PROVEN,
        )


def _pool_file(file: Evidence) -> Iterable[ListedPool]:
    chain_id = integer(file.document, "chainId", str(file.path))
    for number, pool in enumerate(file.document["pools"]):
        where = f"{file.path}, pools[{number}]"
        yield ListedPool(
            chain_id,
            address(pool, "address", where),
            str(pool.get("kind", "v3")),
            address(pool, "token0", where),
            address(pool, "token1", where),
            integer(pool, "fee_ppm", where),
            proven=True,
        )

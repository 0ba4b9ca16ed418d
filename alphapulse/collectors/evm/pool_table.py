"""`pools.csv`: pools with the factory and the tokens from which their addresses are recomputed."""

from __future__ import annotations

from pathlib import Path

import attrs

from alphapulse.collectors.evm.factory_registry import MAX_CHAIN_ID, MAX_FEE_PPM
from alphapulse.collectors.evm.table_file import hash32, integer, member, read_text, rows
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.data.chains import CHAINS
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.rules.evm.create2 import pool_address

COLUMNS = ("chain_id", "pool", "family", "factory_or_deployer", "init_code_hash", "token0", "token1", "fee_ppm")
VERIFIED = "verified"
UNVERIFIED = "unverified"
PROOFS = ("create2", UNVERIFIED)


@attrs.frozen
class ListedPool:
    """A pool of the table whose address is the one that `factory` gives these tokens; `fee_ppm` None: dynamic."""

    chain_id: int
    address: bytes
    factory: Factory
    token0: bytes
    token1: bytes
    fee_ppm: int | None


@attrs.frozen
class PoolTable:
    """What a table says. `pools` are proved: the address of each was computed again.

    `wrong` are rows that cannot be used: where they stand, and why. Nothing that they say is believed.
    """

    pools: tuple[ListedPool, ...]
    wrong: tuple[str, ...]


def load_pool_table(path: Path) -> PoolTable:
    """The pools in a CSV file with the columns of `COLUMNS`, and perhaps `verified`, `dex` and others.

    `family` is `v2`, `v3` or `algebra`. A row whose `verified` is `unverified` needs chain and address only; of any
    other the address is computed again, whatever the column says.

    Raises:
        PoolFileError: the file cannot be read, or lacks a column.
    """
    pools: dict[tuple[int, bytes], ListedPool | None] = {}
    wrong: list[str] = []
    for where, row in rows(read_text(path), str(path), COLUMNS):
        try:
            key, pool = _read(row)
        except ValueError as error:
            wrong.append(f"{where}: {error}")
            continue
        if key in pools:
            wrong.append(f"{where}: 0x{key[1].hex()} is listed twice on chain {key[0]}; the first row counts")
        pools.setdefault(key, pool)
    return PoolTable(tuple(pool for pool in pools.values() if pool is not None), tuple(wrong))


def _read(row: dict[str, str] | str) -> tuple[tuple[int, bytes], ListedPool | None]:
    """Chain and address, and the pool if the row claims a proof. Raises ValueError if it cannot be used."""
    if isinstance(row, str):
        raise ValueError(row)  # noqa: TRY004 - it is what the row says that is wrong
    key = integer(row["chain_id"], 1, MAX_CHAIN_ID), parse_address(row["pool"])
    if not _claims_proof(row):
        return key, None
    pool = _pool(*key, row)
    found = pool_address(pool.factory, pool.token0, pool.token1, pool.fee_ppm)
    if found != pool.address:
        computed = "no address" if found is None else f"0x{found.hex()}"
        raise ValueError(f"expected the pool at {computed}, which its factory gives these tokens, found {row['pool']}")
    return key, pool


def _claims_proof(row: dict[str, str]) -> bool:
    proof = row.get(VERIFIED, PROOFS[0])
    if proof not in PROOFS:
        raise ValueError(f"{VERIFIED}: expected {' or '.join(PROOFS)}, found {proof[:80]!r}")
    return proof != UNVERIFIED


def _pool(chain_id: int, address: bytes, row: dict[str, str]) -> ListedPool:
    kind = member(FactoryKind, row["family"])
    if kind not in (FactoryKind.V2, FactoryKind.V3, FactoryKind.ALGEBRA):
        raise ValueError(f"family: expected v2, v3 or algebra, found {row['family']!r}")
    deployer = parse_address(row["factory_or_deployer"])
    token0, token1 = parse_address(row["token0"]), parse_address(row["token1"])
    if token0 >= token1:
        raise ValueError("expected token0 below token1, as on chain; they are swapped or equal")
    fee_ppm = integer(row["fee_ppm"], 0, MAX_FEE_PPM) if row["fee_ppm"] else None
    if fee_ppm is None and kind is not FactoryKind.ALGEBRA:
        raise ValueError("fee_ppm: expected a fee, found none; only that of an Algebra pool is dynamic")
    chain = CHAINS.get(chain_id)
    factory = Factory(
        row.get("dex") or kind.name,
        chain_id,
        None if chain is None else chain.venue,
        kind,
        deployer,
        deployer,
        hash32(row["init_code_hash"]),
        fee_ppm if kind is FactoryKind.V2 else None,
    )
    return ListedPool(chain_id, address, factory, token0, token1, fee_ppm)

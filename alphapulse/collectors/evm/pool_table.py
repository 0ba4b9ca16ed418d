"""`pools.csv`: pools with the factory and the tokens from which their addresses are recomputed."""

from __future__ import annotations

from pathlib import Path

import attrs

from alphapulse.collectors.evm.factory_registry import MAX_CHAIN_ID, MAX_FEE_PPM
from alphapulse.collectors.evm.table_file import hash32, integer, member, read_text, rows
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.data.chains import CHAINS
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.errors import PoolFileError
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
    """What a table says. `wrong` are rows whose address is not the one that was computed again, and what that is.

    `unproven` are the addresses (with their chain) of these and of those that the table itself calls unverified.
    """

    pools: tuple[ListedPool, ...]
    unproven: tuple[tuple[int, bytes], ...]
    wrong: tuple[str, ...]


def load_pool_table(path: Path) -> PoolTable:
    """The pools in a CSV file with the columns of `COLUMNS`, and perhaps `verified`, `dex` and others.

    `family` is `v2`, `v3` or `algebra`. A row whose `verified` is `unverified` needs chain and address only; of any
    other the address is computed again, whatever the column says.

    Raises:
        PoolFileError: the file cannot be read, lacks a column, lists a pool twice, or a value cannot be what it is.
    """
    pools: dict[tuple[int, bytes], ListedPool | None] = {}
    wrong: list[str] = []
    for where, row in rows(read_text(path), str(path), COLUMNS):
        try:
            key = integer(row["chain_id"], 1, MAX_CHAIN_ID), parse_address(row["pool"])
            pool = _pool(*key, row) if _claims_proof(row) else None
        except ValueError as error:
            raise PoolFileError(f"{where}: {error}") from error
        if key in pools:
            raise PoolFileError(f"{where}: {row['pool']} is listed twice on chain {key[0]}")
        if pool is not None and (problem := _problem(pool)):
            pool = None
            wrong.append(f"{where}: {problem}")
        pools[key] = pool
    proven = tuple(pool for pool in pools.values() if pool is not None)
    return PoolTable(proven, tuple(key for key, pool in pools.items() if pool is None), tuple(wrong))


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


def _problem(pool: ListedPool) -> str:
    """What speaks against the row's address; empty if nothing does."""
    found = pool_address(pool.factory, pool.token0, pool.token1, pool.fee_ppm)
    if found == pool.address:
        return ""
    computed = "no address" if found is None else f"0x{found.hex()}"
    return f"expected the pool at {computed}, which its factory gives these tokens, found 0x{pool.address.hex()}"

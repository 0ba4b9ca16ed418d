"""The factories that ship with the package (`factories.csv`), and files of the same form."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alphapulse.collectors.evm.table_file import hash32, integer, member, read_text, rows
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import CHAIN_OF_VENUE, Venue
from alphapulse.errors import PoolFileError

COLUMNS = ("name", "chain_id", "venue", "kind", "factory", "deployer", "init_code_hash", "fee_ppm", "origin")
MAX_CHAIN_ID = (1 << 64) - 1
MAX_FEE_PPM = 999_999


def shipped_factories() -> tuple[Factory, ...]:
    """All factories that the package knows, on all chains."""
    return _factories(files("alphapulse.collectors.evm").joinpath("factories.csv").read_text("utf-8"), "factories.csv")


def load_factories(path: Path) -> tuple[Factory, ...]:
    """The factories in a CSV file with the columns of the shipped one; `origin` is for people.

    Raises:
        PoolFileError: the file cannot be read, lacks a column, or says something impossible of a factory.
    """
    return _factories(read_text(path), str(path))


def _factories(text: str, name: str) -> tuple[Factory, ...]:
    factories = []
    for where, row in rows(text, name, COLUMNS):
        try:
            factories.append(_factory(_whole(row)))
        except ValueError as error:
            raise PoolFileError(f"{where}: {error}") from error
    return tuple(factories)


def _whole(row: dict[str, str] | str) -> dict[str, str]:
    if isinstance(row, str):
        raise ValueError(row)  # noqa: TRY004 - it is what the row says that is wrong
    return row


def _factory(row: dict[str, str]) -> Factory:
    chain_id, venue = integer(row["chain_id"], 1, MAX_CHAIN_ID), member(Venue, row["venue"])
    if CHAIN_OF_VENUE.get(venue) != chain_id:
        raise ValueError(f"expected a venue on chain {chain_id}, found {row['venue']!r}")
    factory = parse_address(row["factory"]) if row["factory"] else None
    deployer = parse_address(row["deployer"]) if row["deployer"] else factory
    if deployer is None:
        raise ValueError("expected a factory or a deployer, found neither")
    return Factory(
        row["name"],
        chain_id,
        venue,
        member(FactoryKind, row["kind"]),
        factory,
        deployer,
        hash32(row["init_code_hash"]) if row["init_code_hash"] else None,
        integer(row["fee_ppm"], 0, MAX_FEE_PPM) if row["fee_ppm"] else None,
    )

"""Tables of pools and of factories: all real ones prove, and a row that cannot be is told with its line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from alphapulse.collectors.evm.factory_registry import load_factories, shipped_factories
from alphapulse.collectors.evm.pool_table import load_pool_table
from alphapulse.data.factories import FactoryKind
from alphapulse.data.instruments import CHAIN_OF_VENUE, Venue
from alphapulse.errors import PoolFileError
from alphapulse.rules.evm.create2 import pool_address
from tests.collectors.evm.pool_tables import Row, listed, write_table

REGISTRY = Path(__file__).parents[3] / "alphapulse" / "collectors" / "evm" / "factories.csv"
UNISWAP_V3 = next(row for row in listed("polygon") if row["family"] == "v3")
ALGEBRA = next(row for row in listed("polygon") if row["family"] == "algebra")
PAIR = next(row for row in listed("polygon") if row["family"] == "v2")


@pytest.mark.parametrize(
    ("which", "proven", "unproven"), [("polygon", 218, 0), ("ethereum_base", 203, 0), ("blocks", 404, 25)]
)
def test_every_address_is_the_one_that_its_factory_gives(
    tmp_path: Path, which: str, proven: int, unproven: int
) -> None:
    table = load_pool_table(write_table(tmp_path / "pools.csv", listed(which)))
    assert (len(table.pools), table.wrong) == (proven, ())
    assert len(listed(which)) == proven + unproven


def test_the_shipped_factories_make_every_real_pool() -> None:
    """Found by chain and deployer; the registry's own fee is that of the table for V2 pairs."""
    by_deployer = {(one.chain_id, one.deployer): one for one in shipped_factories()}
    found: Counter[str] = Counter()
    for row in (*listed("polygon"), *listed("ethereum_base"), *listed("blocks")):
        if row["verified"] == "unverified":
            continue
        factory = by_deployer[int(row["chain_id"]), bytes.fromhex(row["factory_or_deployer"][2:])]
        token0, token1 = (bytes.fromhex(row[side][2:]) for side in ("token0", "token1"))
        address = pool_address(factory, token0, token1, int(row["fee_ppm"]) if row["fee_ppm"] else None)
        assert address == bytes.fromhex(row["pool"][2:])
        if factory.kind is FactoryKind.V2:
            assert factory.fee_ppm == int(row["fee_ppm"])
        found[factory.name] += 1
    assert found.total() == 218 + 203 + 404
    assert set(found) >= {"Uniswap V2", "Uniswap V3", "QuickSwap V3", "SushiSwap V3", "ApeSwap", "JetSwap", "ShibaSwap"}


def test_the_shipped_factories_are_checksummed_and_lie_on_their_chains() -> None:
    factories = shipped_factories()
    assert len(factories) == 42
    for one in factories:
        assert one.venue is not None
        assert CHAIN_OF_VENUE[one.venue] == one.chain_id
    for line in REGISTRY.read_text("utf-8").splitlines()[1:]:
        for address in filter(None, line.split(",")[4:6]):
            assert address == to_checksum_address(address)
    algebra = next(one for one in factories if one.kind is FactoryKind.ALGEBRA)
    assert algebra.address != algebra.deployer
    assert algebra.venue is Venue.QUICKSWAP_V3


WRONG_ROWS: list[tuple[Row, str]] = [
    (UNISWAP_V3 | {"chain_id": "x"}, "whole number"),
    (UNISWAP_V3 | {"chain_id": "0"}, "whole number"),
    (UNISWAP_V3 | {"pool": "0x12"}, "address"),
    (UNISWAP_V3 | {"pool": "0x" + "00" * 20}, "address"),
    (UNISWAP_V3 | {"family": "v9"}, "expected one of"),
    (UNISWAP_V3 | {"family": "solidly"}, "v2, v3 or algebra"),
    (UNISWAP_V3 | {"factory_or_deployer": ""}, "address"),
    (UNISWAP_V3 | {"init_code_hash": "0xabc"}, "hash"),
    (UNISWAP_V3 | {"token0": UNISWAP_V3["token1"]}, "token0 below token1"),
    (UNISWAP_V3 | {"fee_ppm": ""}, "dynamic"),
    (UNISWAP_V3 | {"fee_ppm": "0.3%"}, "whole number"),
    (UNISWAP_V3 | {"fee_ppm": "1000000"}, "whole number"),
    (UNISWAP_V3 | {"verified": "surely"}, "create2 or unverified"),
]


def test_a_row_that_cannot_be_is_told_with_its_line_and_not_used(tmp_path: Path) -> None:
    path = tmp_path / "pools.csv"
    for row, problem in WRONG_ROWS:
        table = load_pool_table(write_table(path, [PAIR, row, ALGEBRA]))
        assert [pool.address.hex() for pool in table.pools] == [PAIR["pool"][2:], ALGEBRA["pool"][2:]]
        (told,) = table.wrong
        assert told.startswith(f"{path}, line 3: "), told
        assert problem in told
    table = load_pool_table(write_table(path, [PAIR, ALGEBRA, PAIR, PAIR | {"verified": "unverified"}]))
    assert len(table.pools) == 2
    assert [told.partition(": ")[2] for told in table.wrong] == [
        f"{PAIR['pool']} is listed twice on chain 137; the first row counts"
    ] * 2
    table = load_pool_table(write_table(path, [PAIR, PAIR | {"chain_id": "138", "verified": "unverified"}]))
    assert (len(table.pools), table.wrong) == (1, ())
    good = write_table(path, [PAIR]).read_bytes()
    path.write_bytes(good + b"137,0x12\n" + b"," * 20 + b"\n")
    table = load_pool_table(path)
    assert len(table.pools) == 1
    assert [told.rpartition(": ")[2] for told in table.wrong] == [
        "expected 10 values, found fewer",
        "expected 10 values, found more",
    ]


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pools.csv"
    with pytest.raises(PoolFileError, match=r"expected a table at .*No such file"):
        load_pool_table(path)
    good = write_table(path, [PAIR]).read_bytes()
    for text, problem in [
        (b"", "missing: chain_id, pool"),
        (good.replace(b"token1", b"second"), "missing: token1"),
        (good + b'"', "no CSV"),
        (b"\xff\xfe" + good, "UTF-8"),
        (b"\x1f\x8b\x08\x00", "UTF-8"),
    ]:
        path.write_bytes(text)
        with pytest.raises(PoolFileError, match=problem):
            load_pool_table(path)
    path.write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"))
    assert len(load_pool_table(path).pools) == 1


def test_a_pool_that_is_not_where_its_factory_puts_it_is_not_believed(tmp_path: Path) -> None:
    """Whatever its column says: another address, another fee, another code, another factory."""
    path = tmp_path / "pools.csv"
    for change in (
        {"pool": "0x" + "12" * 20},
        {"fee_ppm": "2999"},
        {"init_code_hash": PAIR["init_code_hash"]},
        {"factory_or_deployer": PAIR["factory_or_deployer"]},
    ):
        table = load_pool_table(write_table(path, [PAIR, UNISWAP_V3 | change]))
        assert (len(table.pools), len(table.wrong)) == (1, 1)
        assert "line 3: expected the pool at 0x" in table.wrong[0]


def test_a_registry_with_a_wrong_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "factories.csv"
    good = REGISTRY.read_text("utf-8")
    path.write_text(good)
    assert load_factories(path) == shipped_factories()
    head, row = good.splitlines()[:2]
    for wrong, problem in [
        (row.replace(",uniswap_v2,", ",quickswap,"), "a venue on chain 1"),
        (row.replace(",uniswap_v2,", ",nowhere,"), "expected one of"),
        (row.replace("0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f", ""), "a factory or a deployer"),
        (row.replace(",3000,", ",1000000,"), "whole number"),
    ]:
        path.write_text(f"{head}\n{wrong}\n")
        with pytest.raises(PoolFileError, match=f"line 2: .*{problem}"):
            load_factories(path)

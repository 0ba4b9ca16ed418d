"""Hashes and addresses, by the standards' own examples."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import Venue
from alphapulse.rules.evm.create2 import create2_address, create_address, pool_address
from alphapulse.rules.evm.keccak import keccak256

LOW, HIGH = bytes([1]) * 20, bytes([2]) * 20


@given(st.binary(max_size=300))
def test_keccak_is_that_of_eth_hash(data: bytes) -> None:
    assert keccak256(data) == keccak(data)


@pytest.mark.parametrize(
    ("sender", "salt", "code", "address"),
    [
        ("00" * 20, "00" * 32, "00", "4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"),
        ("deadbeef" + "00" * 16, "00" * 32, "00", "b928f69bb1d91cd65274e3c79d8986362984fda3"),
        (
            "00000000000000000000000000000000deadbeef",
            "00" * 28 + "cafebabe",
            "deadbeef",
            "60f3f640a8508fc6a86d45df051962668e1e8ac7",
        ),
        ("00" * 20, "00" * 32, "", "e33c0c7f7df4809055c3eba6c09cfe4baf1bd9e0"),
    ],
)
def test_addresses_are_those_of_eip_1014(sender: str, salt: str, code: str, address: str) -> None:
    found = create2_address(bytes.fromhex(sender), bytes.fromhex(salt), keccak256(bytes.fromhex(code)))
    assert found.hex() == address


def _factory(kind: FactoryKind, *, deployer: bytes | None = LOW, code: bytes | None = bytes(32)) -> Factory:
    return Factory("of test", 1, Venue.ETHEREUM, kind, HIGH, deployer, code, None)


def test_the_order_of_tokens_does_not_matter_and_the_fee_where_it_is_salted() -> None:
    for kind in (FactoryKind.V2, FactoryKind.V3, FactoryKind.ALGEBRA):
        one = pool_address(_factory(kind), LOW, HIGH, 500)
        assert one == pool_address(_factory(kind), HIGH, LOW, 500)
        assert (one == pool_address(_factory(kind), LOW, HIGH, 3000)) is (kind is not FactoryKind.V3)


def test_what_cannot_be_computed_is_none() -> None:
    assert pool_address(_factory(FactoryKind.V3), LOW, HIGH, None) is None
    assert pool_address(_factory(FactoryKind.V2, deployer=None), LOW, HIGH, None) is None
    assert pool_address(_factory(FactoryKind.V2, code=None), LOW, HIGH, None) is None
    for kind in (
        FactoryKind.SOLIDLY,
        FactoryKind.SLIPSTREAM,
        FactoryKind.BALANCER_WEIGHTED,
        FactoryKind.BALANCER_STABLE,
    ):
        assert pool_address(_factory(kind), LOW, HIGH, 500) is None


def test_an_account_s_contracts_stand_where_its_numbers_say() -> None:
    """Of the account 0x6ac7ea33…, as Ethereum's own examples have it; long numbers too."""
    sender = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert [create_address(sender, nonce).hex() for nonce in range(4)] == [
        "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
        "343c43a37d37dff08ae8c4a11544c718abb4fcf8",
        "f778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
        "fffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
    ]
    assert create_address(sender, 300) == keccak256(bytes.fromhex("d8" + "94" + sender.hex() + "82012c"))[12:]

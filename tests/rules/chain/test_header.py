"""A header is read strictly, and proves itself where the chain hashes headers as Ethereum does."""

from __future__ import annotations

import msgspec
import pytest

from alphapulse.errors import AnswerRefused
from alphapulse.rules.chain.header import HeaderReader, RpcHeader, header_hash, header_of
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_list

GENESIS = RpcHeader(
    number="0x0",
    hash="0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
    parent_hash=f"0x{'00' * 32}",
    timestamp="0x0",
    logs_bloom=f"0x{'00' * 256}",
    sha3_uncles="0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
    miner=f"0x{'00' * 20}",
    state_root="0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    transactions_root="0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    receipts_root="0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    difficulty="0x400000000",
    gas_limit="0x1388",
    gas_used="0x0",
    extra_data="0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    mix_hash=f"0x{'00' * 32}",
    nonce="0x0000000000000042",
)
"""Block 0 of Ethereum, whose hash everybody knows."""


def test_the_first_block_of_ethereum_has_the_hash_that_everybody_knows() -> None:
    """Fields in their order, numbers without leading zeros."""
    assert header_hash(GENESIS) == header_of(GENESIS).hash


def test_rlp_is_that_of_the_yellow_paper() -> None:
    """Its own examples."""
    assert rlp_list([b"cat", b"dog"]) == b"\xc8\x83cat\x83dog"
    assert [rlp_bytes(one) for one in (b"", b"\x0f", b"\x04\x00", b"\x80")] == [
        b"\x80",
        b"\x0f",
        b"\x82\x04\x00",
        b"\x81\x80",
    ]
    assert rlp_bytes(b"a" * 56)[:2] == b"\xb8\x38"
    assert rlp_list([b"a" * 60])[:3] == b"\xf8\x3e\xb8"


@pytest.mark.parametrize("field", ["parent_hash", "number", "timestamp", "logs_bloom", "receipts_root"])
def test_on_a_chain_whose_headers_prove_themselves_a_changed_one_is_refused(field: str) -> None:
    """Whatever was changed on its way."""
    headers = HeaderReader()
    headers.learn(GENESIS)
    text: str = getattr(GENESIS, field)
    changed = msgspec.structs.replace(GENESIS, **{field: f"{text[:-1]}{'1' if text[-1] != '1' else '2'}"})
    assert headers.read(GENESIS).number == 0
    with pytest.raises(AnswerRefused, match="header_hash"):
        headers.read(changed)


def test_on_a_chain_that_hashes_otherwise_headers_are_believed() -> None:
    """There is nothing to hold against them."""
    headers = HeaderReader()
    other = msgspec.structs.replace(GENESIS, hash=f"0x{'11' * 32}")
    headers.learn(other)
    assert not headers.proving
    assert headers.read(other).hash == bytes([0x11]) * 32
    headers.learn(msgspec.structs.replace(other, miner=None))
    assert not headers.proving


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("number", "12"),
        ("number", "0x"),
        ("hash", "0x12"),
        ("parent_hash", f"0x{'zz' * 32}"),
        ("timestamp", f"0x{'f' * 16}"),
        ("logs_bloom", "0x00"),
        ("base_fee_per_gas", "0xg"),
        ("base_fee_per_gas", "7"),
    ],
)
def test_what_is_no_header_is_refused(field: str, text: str) -> None:
    """Each part is read strictly."""
    with pytest.raises(AnswerRefused, match="header"):
        header_of(msgspec.structs.replace(GENESIS, **{field: text}))

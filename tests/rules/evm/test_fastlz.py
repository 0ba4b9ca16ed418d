"""FastLZ's sizes are those of the chains that charge by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.evm.fastlz import fastlz_size

EMPTY_TRANSACTION = bytes.fromhex("dd80808094095e7baea6a6c7c4c2dfeb977efac326af552d878080808080")
CONTRACT_CALL = bytes.fromhex(
    "02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8e41ef24f3f"
    "000000000000000000000000000000000000000000000000000000000000006e000000000000000000000000af88d065e77c8cc223"
    "9327c5edb3a432268e5831000000000000000000000000000000000000000000000000000000000003c1e5000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000a0"
    "00000000000000000000000000000000000000000000000000000000000000148c89ed219d02f1a5be012c689b4f5b731827bebe"
    "000000000000000000000000c001a033fd89cb37c31b2cba46b6466e040c61fc9b2a3675a7f5f493ebd5ad77c497f8a07cdf6568"
    "0e238392693019b4092f610222e71b7cec06449cb922b93b6a12744e"
)
"""Optimism's transaction 0x8eb9dd4eb6d33f4dc25fb015919e4b1e9f7542f9b0322bf6622e268cd116b594."""


@pytest.mark.parametrize(
    ("data", "size"),
    [(b"", 0), (b"\1" * 1000, 21), (bytes(1000), 21), (EMPTY_TRANSACTION, 31), (CONTRACT_CALL, 202)],
)
def test_sizes_are_those_of_optimism_s_node(data: bytes, size: int) -> None:
    """Its own test: `TestFlzCompressLen` in core/types/rollup_cost_test.go."""
    assert fastlz_size(data) == size


def test_a_match_that_begins_fourteen_bytes_before_the_end_is_none() -> None:
    """As the node's loop drops it: three bytes that stood there before are literals with the rest."""
    assert fastlz_size(bytes(range(86)) + bytes((10, 11, 12)) + bytes(range(100, 111))) == 104


@given(st.binary(max_size=2_000))
def test_nothing_grows_by_more_than_a_byte_for_each_run_of_literals(data: bytes) -> None:
    assert fastlz_size(data) <= len(data) + len(data) // 32 + 1


@given(st.binary(min_size=40, max_size=200))
def test_what_stands_there_twice_is_compressed(data: bytes) -> None:
    assert fastlz_size(data + data) < 2 * len(data) + 2 * len(data) // 32 + 1

"""What contracts answer is read strictly, and nothing that they can return is a crash."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.discovery.contract_answers import address_in, call_data, number_in, symbol_in

ADDRESS = bytes(range(1, 21))


def test_calls_are_those_of_the_abi() -> None:
    assert call_data("symbol()").hex() == "95d89b41"
    wanted = "a9059cbb" + encode(["address", "uint256"], ["0x" + ADDRESS.hex(), 5]).hex()
    assert call_data("transfer(address,uint256)", ADDRESS, 5).hex() == wanted


@given(st.text(min_size=1, max_size=60))
def test_a_symbol_is_read_as_text_or_as_32_bytes(text: str) -> None:
    """What cannot be shown is none; what is too long for a PoolInfo is cut between characters."""
    shown = text if text.isprintable() else ""
    cut = shown.encode()[:32].decode("utf-8", "ignore")
    assert symbol_in(encode(["string"], [text])) == cut
    raw = text.encode()
    if len(raw) <= 32 and not raw.endswith(b"\0"):
        assert symbol_in(raw.ljust(32, b"\0")) == cut


@given(st.none() | st.binary(max_size=200))
def test_any_answer_is_read_or_is_nothing(answer: bytes | None) -> None:
    assert len(symbol_in(answer).encode()) <= 32
    number = number_in(answer)
    assert (number is not None) == (answer is not None and len(answer) == 32)
    address = address_in(answer)
    assert address is None or (len(address) == 20 and any(address))


@pytest.mark.parametrize(
    ("answer", "symbol"),
    [
        (None, ""),
        (b"", ""),
        (bytes(32), ""),
        (bytes(64), ""),
        (encode(["string"], [""]), ""),
        (encode(["string"], ["A\nB"]), ""),
        (encode(["string"], ["A\u202eB"]), ""),
        ((1 << 255).to_bytes(32, "big") * 2, ""),
        ((32).to_bytes(32, "big") + (1 << 255).to_bytes(32, "big") + b"AB", ""),
        ((32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"\xff\xfe", ""),
        ((32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"AB", "AB"),
        (b"MKR".ljust(32, b"\0"), "MKR"),
    ],
)
def test_symbols_that_are_none(answer: bytes | None, symbol: str) -> None:
    assert symbol_in(answer) == symbol


def test_numbers_wider_than_their_type_are_none() -> None:
    assert number_in((1 << 24).to_bytes(32, "big"), 24) is None
    assert number_in(((1 << 24) - 1).to_bytes(32, "big"), 24) == (1 << 24) - 1
    assert address_in(b"\1" + bytes(31)) is None
    assert address_in(bytes(12) + ADDRESS) == ADDRESS

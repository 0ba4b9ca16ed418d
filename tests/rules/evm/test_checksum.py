"""Addresses with EIP-55's checksum."""

from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.evm.checksum import checksum_address, read_address

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@given(st.binary(min_size=20, max_size=20))
def test_the_checksum_is_that_of_another_library(address: bytes) -> None:
    text = checksum_address(address)
    assert text == to_checksum_address(address)
    assert {read_address(form) for form in (text, text.lower(), "0x" + text[2:].upper())} == {address}


@pytest.mark.parametrize("text", ["", "0x", ADDRESS[2:], ADDRESS + "0", "0X" + ADDRESS[2:], ADDRESS[:-1] + "g"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected an address such as"):
        read_address(text)


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the checksum of 0x5aaeb"):
        read_address(ADDRESS.replace("5aA", "5AA"))

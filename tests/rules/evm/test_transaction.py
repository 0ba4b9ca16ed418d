"""Transactions as another library signs them, and nothing else is read."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from coincurve import PrivateKey
from eth_account import Account
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alphapulse.errors import BadTransaction
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_joined, rlp_list, rlp_number
from alphapulse.rules.evm.rlp_reading import read_rlp
from alphapulse.rules.evm.secp256k1 import HIGHEST_S, ORDER
from alphapulse.rules.evm.transaction import (
    MOST_DATA,
    RANGES,
    TYPE,
    DynamicFeeTransaction,
    SignedTransaction,
    read_signed,
    read_unsigned,
)

KEY = bytes(range(1, 33))
ACCOUNT = Account.from_key(KEY)
OWN = bytes.fromhex(ACCOUNT.address[2:])
PLAIN = DynamicFeeTransaction(137, 5, 30, 60, 500_000, bytes(range(20)), 0, bytes(range(1, 142)))


def numbers(name: str) -> st.SearchStrategy[int]:
    """Also the borders of the range, and of RLP's forms."""
    least, most = RANGES[name]
    return st.sampled_from([least, least + 1, 127, 128, 255, 256, most - 1, most]) | st.integers(least, most)


@st.composite
def transactions(draw: st.DrawFn) -> DynamicFeeTransaction:
    values = {name: draw(numbers(name)) for name in RANGES}
    if values["tip_wei"] > values["cap_wei"]:
        values["tip_wei"], values["cap_wei"] = values["cap_wei"], values["tip_wei"]
    to = draw(st.binary(min_size=20, max_size=20) | st.just(b""))
    data = draw(
        st.binary(max_size=60) | st.sampled_from([b"\x7f", b"\x80", bytes(55), bytes(56), bytes(256), bytes(300)])
    )
    return DynamicFeeTransaction(to=to, data=data, **values)


def signed(transaction: DynamicFeeTransaction) -> SignedTransaction:
    signature = PrivateKey(KEY).sign_recoverable(transaction.digest, hasher=None)
    return transaction.signed(signature[64], int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]))


@settings(max_examples=60)
@given(transactions())
@example(DynamicFeeTransaction(1, 0, 0, 0, 1, bytes(20), 0, b""))
@example(DynamicFeeTransaction(**{name: most for name, (_, most) in RANGES.items()}, to=b"", data=bytes(MOST_DATA)))
def test_the_bytes_and_the_hash_are_those_of_eth_account(transaction: DynamicFeeTransaction) -> None:
    """And they are read back: the transaction, its hash and who has signed it."""
    theirs = ACCOUNT.sign_transaction(
        {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "maxPriorityFeePerGas": transaction.tip_wei,
            "maxFeePerGas": transaction.cap_wei,
            "gas": transaction.gas_limit,
            "to": transaction.to,
            "value": transaction.value_wei,
            "data": transaction.data,
        }
    )
    ours = signed(transaction)
    assert (ours.raw, ours.hash) == (theirs.raw_transaction, theirs.hash)
    assert read_signed(ours.raw) == (ours, OWN)
    assert read_unsigned(transaction.unsigned) == transaction


@settings(max_examples=150)
@given(st.data())
def test_changed_bytes_are_refused_or_another_sender_s(data: st.DataObject) -> None:
    """A byte changed, cut off or added: no bytes but his own name him."""
    raw = signed(PLAIN).raw
    place = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != raw[place]))
    for changed in (
        raw[:place] + bytes([other]) + raw[place + 1 :],
        raw[:place],
        raw[:place] + raw[place + 1 :],
        raw[:place] + bytes([other]) + raw[place:],
    ):
        try:
            _, sender = read_signed(changed)
        except BadTransaction:
            continue
        assert sender != OWN


@given(st.binary(max_size=80))
def test_other_bytes_are_refused(data: bytes) -> None:
    for read in (read_signed, read_unsigned):
        with pytest.raises(BadTransaction):
            read(TYPE + data)


@pytest.mark.parametrize("name", RANGES)
def test_a_number_beyond_its_range_is_no_transaction(name: str) -> None:
    least, most = RANGES[name]
    values: list[Any] = [least - 1, most + 1, 1.0, True, "1"]
    for value in values:
        with pytest.raises(BadTransaction, match=f"{name}: expected a whole number from"):
            attrs.evolve(PLAIN, **{name: value})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": bytes(19)}, "to: expected the 20 bytes"),
        ({"to": "0x" + 40 * "1"}, "to: expected the 20 bytes"),
        ({"data": bytes(MOST_DATA + 1)}, "data: expected at most"),
        ({"data": bytearray(1)}, "data: expected at most"),
        ({"tip_wei": 61}, "tip_wei: expected at most the cap 60"),
    ],
)
def test_other_fields_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadTransaction, match=words):
        attrs.evolve(PLAIN, **changes)


def test_a_signature_that_others_would_refuse_is_refused() -> None:
    """The higher of the two `s` (EIP-2), zero, and what is beyond the curve; and one that no key has made."""
    signature = PrivateKey(KEY).sign_recoverable(PLAIN.digest, hasher=None)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    for parity, other_r, other_s in (
        (1 - signature[64], r, ORDER - s),
        (2, r, s),
        (0, 0, s),
        (0, ORDER, s),
        (0, r, 0),
        (0, r, HIGHEST_S + 1),
    ):
        with pytest.raises(BadTransaction):
            PLAIN.signed(parity, other_r, other_s)
    with pytest.raises(BadTransaction, match="some key has made"):
        read_signed(PLAIN.signed(0, 5, 1).raw)


def test_other_kinds_of_transactions_are_refused() -> None:
    """A legacy one, an access list that is not empty, lists in the place of strings, too many items."""
    number = rlp_number(7)
    fields = [number, number, number, number, number, rlp_bytes(bytes(20)), number, rlp_bytes(b"")]
    empty, filled = rlp_joined(()), rlp_list([b"a"])
    assert read_unsigned(TYPE + rlp_joined([*fields, empty])).nonce == 7
    for items in (
        [*fields, filled],
        [*fields, rlp_bytes(b"")],
        [*fields[:5], empty, *fields[6:], empty],
        [*fields[:7], empty, empty],
        [empty, *fields[1:], empty],
        [rlp_bytes(b"\0\7"), *fields[1:], empty],
        [*fields, empty, number],
    ):
        with pytest.raises(BadTransaction):
            read_unsigned(TYPE + rlp_joined(items))
    for data in (b"", rlp_joined([*fields, empty]), b"\x01" + rlp_joined([*fields, empty]), TYPE + rlp_bytes(b"abc")):
        with pytest.raises(BadTransaction):
            read_unsigned(data)


def test_a_cancel_moves_nothing_to_ourselves() -> None:
    cancel = attrs.evolve(PLAIN, to=OWN, data=b"")
    assert cancel.is_cancel(OWN)
    assert not any(
        one.is_cancel(OWN) for one in (PLAIN, attrs.evolve(cancel, value_wei=1), attrs.evolve(cancel, to=b""))
    )
    assert attrs.evolve(cancel, value_wei=3).most_wei == 500_000 * 60 + 3


RLP = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=4), max_leaves=10)


def encoded(item: object) -> bytes:
    return rlp_bytes(item) if isinstance(item, bytes) else rlp_joined(map(encoded, item))  # type: ignore[call-overload]


def depth(item: object) -> int:
    return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0


@given(RLP.filter(lambda item: depth(item) <= 5))
def test_rlp_is_read_back(item: object) -> None:
    data = encoded(item)
    if depth(item) <= 4:
        assert read_rlp(data) == item


@given(st.binary(max_size=40))
def test_rlp_has_one_encoding(data: bytes) -> None:
    """What is read at all is encoded again to the same bytes."""
    try:
        item = read_rlp(data)
    except ValueError:
        return
    assert encoded(item) == data


@pytest.mark.parametrize(
    "data",
    ["8101", "b800", "b83700", "b90001", "f800", "c1", "8100", "", "c0c0", "c3c2c1", 8 * "c8", "bfffffffffffffffff"],
)
def test_rlp_in_another_form_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_rlp(bytes.fromhex(data))


def test_lists_are_not_read_deeper_than_needed() -> None:
    with pytest.raises(ValueError, match="at most 4 lists in lists"):
        read_rlp(bytes.fromhex("c5c4c3c2c1c0"))

"""No number is signed twice for different things, and not too much is signed in a while."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import SigningRefused
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.signing.signed_entry import EMPTY, SIZE, SignedEntry
from alphapulse.rules.signing.signing_history import MOST_AHEAD, MOST_NONCES, SigningHistory
from alphapulse.rules.signing.signing_policy import SigningPolicy

OWN, EXECUTOR = bytes([1]) * 20, bytes([2]) * 20
HOUR_NS = 3600 * 10**9
NOW_NS = 500_000 * HOUR_NS
FREE = SigningPolicy(
    chain_id=137,
    destinations=frozenset({EXECUTOR}),
    most_gas_limit=10**6,
    most_cap_wei=10**12,
    most_per_window=10**6,
    window_ns=1,
    most_daily_wei=None,
)
TRADE = DynamicFeeTransaction(137, 100, 30, 500, 1_000, EXECUTOR, 0, b"path")


def cancel(**changes: Any) -> DynamicFeeTransaction:
    return attrs.evolve(TRADE, to=OWN, data=b"", **changes)


def trade(**changes: Any) -> DynamicFeeTransaction:
    return attrs.evolve(TRADE, **changes)


def history(entries: tuple[SignedEntry, ...] = (), **limits: Any) -> SigningHistory:
    return SigningHistory(attrs.evolve(FREE, **limits), OWN, entries)


def sign(signed: SigningHistory, transaction: DynamicFeeTransaction, now_ns: int = NOW_NS) -> SignedEntry | None:
    entry = signed.checked(transaction, now_ns)
    if entry is not None:
        signed.take(entry)
    return entry


def rule(signed: SigningHistory, transaction: DynamicFeeTransaction, now_ns: int = NOW_NS) -> str:
    with pytest.raises(SigningRefused) as refused:
        signed.checked(transaction, now_ns)
    return refused.value.rule


def test_the_same_transaction_is_signed_again() -> None:
    """Whoever got no answer may ask again, and it counts once."""
    signed = history(most_per_window=1, window_ns=HOUR_NS)
    assert sign(signed, TRADE) is not None
    assert sign(signed, TRADE) is None


@pytest.mark.parametrize(
    ("tip", "cap", "allowed"),
    [(33, 550, True), (34, 600, True), (32, 550, False), (33, 549, False), (30, 5_000, False), (500, 500, False)],
)
def test_another_transaction_of_a_number_must_offer_a_tenth_more(tip: int, cap: int, allowed: bool) -> None:
    signed = history()
    sign(signed, TRADE)
    for other in (trade(tip_wei=tip, cap_wei=cap), cancel(tip_wei=tip, cap_wei=cap)):
        if allowed:
            entry = signed.checked(other, NOW_NS)
            assert entry is not None
            assert entry.signatures == 2
        else:
            assert rule(signed, other) == "nonce"


def test_what_was_replaced_is_not_signed_again_and_the_next_is_measured_by_the_newest() -> None:
    signed = history()
    sign(signed, TRADE)
    sign(signed, cancel(tip_wei=33, cap_wei=550))
    assert rule(signed, TRADE) == "nonce"
    assert rule(signed, trade(tip_wei=36, cap_wei=605)) == "nonce"
    assert sign(signed, trade(tip_wei=37, cap_wei=605)) is not None


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_replacement_is_never_cheaper_also_from_nothing(old: int, new: int) -> None:
    signed = history()
    sign(signed, trade(tip_wei=old, cap_wei=old))
    if new > old and 10 * new >= 11 * old:
        assert sign(signed, trade(tip_wei=new, cap_wei=new)) is not None
    elif new != old:
        assert rule(signed, trade(tip_wei=new, cap_wei=new)) == "nonce"


def test_numbers_are_neither_far_ahead_nor_forgotten() -> None:
    """A gap holds up all that comes behind it; a number that is forgotten may have been signed."""
    signed = history()
    sign(signed, trade(nonce=10**9))
    assert sign(signed, trade(nonce=10**9 - MOST_NONCES + 1)) is not None
    assert rule(signed, trade(nonce=10**9 - MOST_NONCES)) == "nonce"
    assert rule(signed, trade(nonce=10**9 + MOST_AHEAD + 1)) == "nonce"
    assert sign(signed, trade(nonce=10**9 + MOST_AHEAD)) is not None
    assert rule(signed, trade(nonce=10**9 - MOST_NONCES + 1, data=b"other")) == "nonce"
    assert len(signed._entries) == 2


def test_the_rate_holds_in_every_window_and_cancels_have_their_own() -> None:
    signed = history(most_per_window=2, window_ns=1_000)
    for nonce, now_ns in ((100, 0), (101, 600)):
        sign(signed, trade(nonce=nonce), now_ns)
    assert rule(signed, trade(nonce=102), 999) == "rate"
    assert sign(signed, cancel(nonce=103), 999) is not None
    assert sign(signed, trade(nonce=102), 1_000) is not None
    assert rule(signed, trade(nonce=104), 1_599) == "rate"
    assert sign(signed, trade(nonce=104), 1_600) is not None


def test_the_gas_of_a_day_is_bounded_at_the_cap_and_a_replacement_counts_what_it_adds() -> None:
    signed = history(most_daily_wei=1_100_000)
    sign(signed, TRADE)  # 1,000 gas at 500 wei
    sign(signed, trade(tip_wei=33, cap_wei=600))
    assert rule(signed, trade(nonce=101, cap_wei=501)) == "daily_gas"
    assert sign(signed, trade(nonce=101)) is not None
    assert sign(signed, cancel(nonce=102)) is not None
    assert rule(signed, trade(nonce=103, cap_wei=30), NOW_NS + 24 * HOUR_NS) == "daily_gas"
    assert sign(signed, trade(nonce=103), NOW_NS + 25 * HOUR_NS) is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 4), st.booleans(), st.integers(0, HOUR_NS)),
        min_size=1,
        max_size=40,
    )
)
def test_a_history_that_was_read_again_refuses_what_it_refused(steps: list[tuple[int, int, bool, int]]) -> None:
    """What is on the disk is each number's newest entry: a restart never allows more of a number."""
    signed, kept, now_ns = history(), dict[int, SignedEntry](), NOW_NS
    for nonce, bumps, is_cancel, passed_ns in steps:
        now_ns += passed_ns
        fees = {"tip_wei": 30 * 2**bumps, "cap_wei": 500 * 2**bumps}
        try:
            entry = sign(signed, (cancel if is_cancel else trade)(nonce=nonce, **fees), now_ns)
        except SigningRefused:
            continue
        if entry is not None:
            kept[nonce] = entry
    again = history(tuple(entry for one in kept.values() if (entry := SignedEntry.unpacked(one.packed())) is not None))
    for nonce in range(41):
        for bumps in range(5):
            asked = trade(nonce=nonce, tip_wei=30 * 2**bumps, cap_wei=500 * 2**bumps)
            verdicts = []
            for one in (signed, again):
                try:
                    verdicts.append(one.checked(asked, now_ns) is not None)
                except SigningRefused as refused:
                    verdicts.append(refused.rule)  # type: ignore[arg-type]
            assert verdicts[0] == verdicts[1]


def test_a_restart_forgets_neither_the_rate_nor_the_day() -> None:
    signed = history()
    entries = []
    for step in range(3):
        entry = sign(signed, trade(tip_wei=30 * 2**step, cap_wei=500 * 2**step))
        assert entry is not None
        entries = [entry]
    again = history(tuple(entries), most_per_window=3, window_ns=HOUR_NS, most_daily_wei=2_100_000)
    assert rule(again, trade(nonce=101), NOW_NS + 1) == "rate"
    assert rule(again, trade(nonce=101), NOW_NS + HOUR_NS) == "daily_gas"


ENTRIES = st.builds(
    SignedEntry,
    nonce=st.integers(0, 2**64 - 1),
    tip_wei=st.integers(0, 2**128 - 1),
    cap_wei=st.integers(0, 2**128 - 1),
    gas_limit=st.integers(0, 2**64 - 1),
    is_cancel=st.booleans(),
    signatures=st.integers(1, 2**32 - 1),
    signed_ns=st.integers(0, 2**64 - 1),
    digest=st.binary(min_size=32, max_size=32),
)


@given(ENTRIES, st.integers(0, SIZE - 1), st.integers(1, 255))
def test_an_entry_is_read_back_and_a_changed_byte_is_seen(entry: SignedEntry, place: int, change: int) -> None:
    packed = entry.packed()
    assert len(packed) == SIZE
    assert SignedEntry.unpacked(packed) == entry
    changed = packed[:place] + bytes([packed[place] ^ change]) + packed[place + 1 :]
    for data in (changed, packed[:place], packed + b"\0"):
        with pytest.raises(ValueError, match="as they were written"):
            SignedEntry.unpacked(data)
    assert SignedEntry.unpacked(EMPTY) is None

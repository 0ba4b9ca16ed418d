"""From frames to events of admitted pools only."""

from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import LogRefused
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.rules.events.abi_oracle import oracle_event
from tests.rules.events.recorded_day import frame, log_objects, pools, rpc_log

NOW_NS = 1_704_412_800_000_000_000
DECODER = LogDecoder(pools())


def test_every_recorded_frame_gives_the_event_of_its_pool() -> None:
    by_address = {pool.id.name: pool for pool in pools()}
    seen = set()
    for log in log_objects():
        event = DECODER.decode(frame(log), NOW_NS)
        assert event == oracle_event(log, by_address[log["address"]].id, NOW_NS)
        seen.add(event.pool)
    assert seen == {pool.id for pool in pools()}


def test_an_address_with_its_checksum_is_the_same_pool() -> None:
    log = log_objects()[0]
    checksummed = {**log, "address": to_checksum_address(log["address"])}
    assert checksummed["address"] != log["address"]
    assert DECODER.decode(frame(checksummed), NOW_NS) == DECODER.decode(frame(log), NOW_NS)


@pytest.mark.parametrize("address", ["0x" + "11" * 20, "", "0x", "pool", log_objects()[0]["address"][2:]])
def test_an_emitter_that_was_not_admitted_is_refused(address: str) -> None:
    """Even a perfect Swap log proves nothing if somebody else emitted it."""
    log = {**log_objects()[0], "address": address}
    with pytest.raises(LogRefused) as refusal:
        DECODER.decode_log(rpc_log(log), NOW_NS)
    assert refusal.value.reason == "not_admitted"


def test_no_pools_admit_nothing() -> None:
    with pytest.raises(LogRefused) as refusal:
        LogDecoder([]).decode(frame(log_objects()[0]), NOW_NS)
    assert refusal.value.reason == "not_admitted"


@given(st.data())
def test_a_spoilt_frame_is_refused_or_read(data: st.DataObject) -> None:
    """Some bytes of a real frame are overwritten: an event comes out or a refusal, never another error."""
    text = bytearray(frame(data.draw(st.sampled_from(log_objects()))))
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        event = DECODER.decode(bytes(text), NOW_NS)
    except LogRefused:
        return
    assert event.pool in {pool.id for pool in pools()}

"""The logs of V2, Algebra, PancakeSwap V3 and of factories: read as eth-abi reads them, or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.factories import FactoryKind
from alphapulse.data.pair_events import PairSwap
from alphapulse.data.pool_events import PoolCreated
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import PoolKind
from alphapulse.errors import LogRefused
from alphapulse.rules.events import algebra, pancake_v3, solidly, uniswap_v2, uniswap_v3
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.rules.events.other_events import (
    EVENTS,
    FACTORIES,
    HIGH,
    LOW,
    NOW_NS,
    POOLS,
    Event,
    log_of,
    made_address,
    oracle,
)
from tests.rules.events.recorded_day import rpc_log

DECODER = LogDecoder(POOLS.values(), FACTORIES.values())
NAMES = [f"{event.emitter.name} {event.name} of {len(event.words)}" for event in EVENTS]
MODULES = (uniswap_v2, uniswap_v3, algebra, pancake_v3, solidly)
BY_NAME = dict(zip(NAMES, EVENTS, strict=True))


def values_of(event: Event, choose: Any) -> list[Any]:
    """Values that the contract can write; `choose(least, most)` picks each number."""
    values: list[Any] = []
    for word in event.words:
        if word.type == "address":
            values.append("0x" + choose(1, word.most).to_bytes(20, "big").hex())
        else:
            values.append(choose(word.least, word.most))
    fields = [word.field for word in event.words]
    if "tick_lower" in fields:
        at = fields.index("tick_lower")
        values[at : at + 2] = sorted(values[at : at + 2]) if values[at] != values[at + 1] else [-1, 1]
    if event.cls is PoolCreated:
        low, high = sorted(values[:2])
        values[:2] = [low, high] if low != high else ["0x" + LOW.hex(), "0x" + HIGH.hex()]
        fee = values[fields.index("fee_ppm")] if "fee_ppm" in fields else None
        values[fields.index("pool")] = made_address(event, values[0], values[1], fee)
    if "amount0_in" in fields:
        paid, taken = fields.index("amount0_in"), fields.index("amount1_out")
        values[paid], values[taken] = max(1, values[paid]), max(1, values[taken])
    return values


def usual(event: Event) -> dict[str, Any]:
    return log_of(event, values_of(event, lambda least, most: min(most, max(least, 1_000_000_007))))


def refusal(log: dict[str, Any]) -> str:
    with pytest.raises(LogRefused) as caught:
        DECODER.decode_log(rpc_log(log), NOW_NS)
    return caught.value.reason


def test_topics_are_the_hashes_of_the_declarations() -> None:
    known = {value for module in MODULES for name, value in vars(module).items() if name.endswith("_TOPIC")} - {
        uniswap_v3.COLLECT_TOPIC
    }
    assert known == {event.topic for event in EVENTS}


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_made_logs_are_read_as_eth_abi_reads_them(name: str, data: st.DataObject) -> None:
    event = BY_NAME[name]
    log = log_of(event, values_of(event, lambda least, most: data.draw(st.integers(least, most))))
    found = DECODER.decode_log(rpc_log(log), NOW_NS)
    assert found == oracle(event, log)
    assert found.stamp.received_ns == NOW_NS


@pytest.mark.parametrize("name", NAMES)
def test_what_the_contract_cannot_have_written_is_refused(name: str) -> None:
    """Another number of topics, another length of the data, a word beside its width, no hex digits, taken back."""
    event = BY_NAME[name]
    log = usual(event)
    topics, data = log["topics"], log["data"]
    assert refusal({**log, "topics": [*topics, topics[-1]]}) == "wrong_topics"
    if len(topics) > 1:
        assert refusal({**log, "topics": topics[:-1]}) == "wrong_topics"
        assert refusal({**log, "topics": [*topics[:-1], topics[-1][:-2]]}) == "wrong_length"
        assert refusal({**log, "topics": [*topics[:-1], topics[-1][:-1] + "g"]}) == "not_hex"
    for wrong in (data[:-2], data + "00", data[:-64], data + "00" * 32, "0x", ""):
        assert refusal({**log, "data": wrong}) == "wrong_length"
    assert refusal({**log, "data": data[:-1] + "g"}) == "not_hex"
    assert refusal({**log, "data": "00" + data[2:]}) == "not_hex"
    assert refusal({**log, "removed": True}) == "removed"
    assert refusal({**log, "blockTimestamp": None}) == "no_time"
    assert refusal({**log, "topics": []}) == refusal({**log, "topics": ["0x" + "12" * 32]}) == "unknown_topic"
    topic_at, data_at = 0, -1
    for word in event.words:
        topic_at, data_at = topic_at + word.indexed, data_at + (not word.indexed)
        if word.most == (1 << 256) - 1 or word.type == "int256":
            continue  # every word of 32 bytes is a right one
        above = (word.most + 1).to_bytes(32, "big").hex()
        top = "80" + "00" * 31
        for wrong in (above, top, *([] if word.least >= 0 else [((1 << 256) + word.least - 1).to_bytes(32).hex()])):
            if word.indexed:
                spoilt = {**log, "topics": [*topics[:topic_at], "0x" + wrong, *topics[topic_at + 1 :]]}
            else:
                start = 2 + 64 * data_at
                spoilt = {**log, "data": data[:start] + wrong + data[start + 64 :]}
            assert refusal(spoilt) == "out_of_range", (word, wrong)


def test_a_pair_swaps_something_for_something() -> None:
    for empty in ((1, 2), (3, 4)):
        values = ["0x" + "01" * 20, 5, 6, 7, 8, "0x" + "02" * 20]
        for at in empty:
            values[at] = 0
        assert refusal(log_of(BY_NAME["V2 Swap of 6"], values)) == "out_of_range"


def test_an_event_counts_for_the_kind_of_its_emitter_only() -> None:
    """A right V2 log of a V3 pool, a V3 log of a pair, an Algebra fee of a V3 pool, a factory's log of a pool."""
    for name, event in BY_NAME.items():
        algebras = event.emitter is PoolKind.ALGEBRA and event.name in ("Swap", "Mint", "Burn", "Initialize")
        v3s = event.emitter is PoolKind.V3 and event.name in ("Initialize", "Flash")
        both = [POOLS[PoolKind.V3].id.name, POOLS[PoolKind.ALGEBRA].id.name]
        solidly = [POOLS[kind].id.name for kind in (PoolKind.SOLIDLY_VOLATILE, PoolKind.SOLIDLY_STABLE)]
        pairs = event.emitter is PoolKind.V2 and event.name != "Sync"
        for address in (one.address for one in EVENTS):
            shared = (
                ((algebras or v3s) and address in both)
                or (pairs and address in solidly)
                or (event.address in solidly and address in solidly)
            )
            if address != event.address and not shared:
                assert refusal({**usual(event), "address": address}) == "unknown_topic", (name, address)


def test_a_factory_is_believed_only_about_an_address_that_it_would_have_given() -> None:
    for kind, name in zip(FACTORIES, ("V2 PairCreated of 4", "V3 PoolCreated of 5", "ALGEBRA Pool of 3"), strict=True):
        event = BY_NAME[name]
        values = values_of(event, lambda least, most: min(most, max(least, 77)))
        at = [word.field for word in event.words].index("pool")
        for wrong in ("0x" + "0c" * 20, "0x" + "00" * 20):
            assert refusal(log_of(event, [*values[:at], wrong, *values[at + 1 :]])) == "wrong_address"
        swapped = [values[1], values[0], *values[2:]]
        assert refusal(log_of(event, swapped)) == "out_of_range"
        assert kind in FactoryKind


def test_a_pool_is_refused_again_once_it_is_expelled() -> None:
    decoder = LogDecoder([])
    log = rpc_log(usual(BY_NAME["V2 Sync of 2"]))
    decoder.admit(POOLS[PoolKind.V2])
    assert decoder.decode_log(log, NOW_NS).stamp.log_index == 3
    decoder.expel(POOLS[PoolKind.V2].id)
    decoder.expel(POOLS[PoolKind.V2].id)
    with pytest.raises(LogRefused, match="not_admitted"):
        decoder.decode_log(log, NOW_NS)


BASE_SYNC = ["0x" + "cf2aa50876cdfbb541206f89af0ee78d44a2abf8d328e37fa4917f982149848a"]
BASE_SWAP = [
    "0x" + "d78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822",
    *["0x" + "00" * 12 + "ab" * 20] * 2,
]


def test_a_pool_of_solidly_s_first_version_is_read_as_base_wrote_it() -> None:
    """Block 2,000,000, pool 0xebd851…: Sync, then Swap in Uniswap V2's words; Fees says nothing here."""
    words = ([4393361319691560361, 8922553176835520], [29102531643592471, 0, 0, 59319282622989])
    for kind in (PoolKind.SOLIDLY_VOLATILE, PoolKind.SOLIDLY_STABLE):
        pool = POOLS[kind].id
        logs = [
            usual(BY_NAME["V2 Sync of 2"])
            | {"address": pool.name, "topics": topics, "data": "0x" + "".join(f"{one:064x}" for one in numbers)}
            for topics, numbers in zip((BASE_SYNC, BASE_SWAP), words, strict=True)
        ]
        sync, swap = (DECODER.decode_log(rpc_log(log), NOW_NS) for log in logs)
        assert isinstance(sync, PoolSync)
        assert isinstance(swap, PairSwap)
        assert [sync.reserve0, sync.reserve1] == words[0]
        assert [swap.amount0_in, swap.amount1_in, swap.amount0_out, swap.amount1_out] == words[1]
        fees = logs[0] | {"topics": ["0x" + "112c256902bf554b6ed882d2936687aaeb4225e8cd5b51303c90ca6cf43a8602"]}
        assert refusal(fees) == "unknown_topic"

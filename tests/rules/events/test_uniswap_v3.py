"""V3 logs: every recorded one and thousands of made ones against eth-abi, and each reason for a refusal."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.market import PoolBurn, PoolCollect, PoolMint, PoolSwap
from alphapulse.errors import LogRefused
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK
from alphapulse.rules.events import concentrated_swap, swap_core, uniswap_v3
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.events.uniswap_v3 import decode_log
from tests.rules.events.abi_oracle import BY_TOPIC, DECLARATIONS, Declaration, encoded, oracle_event
from tests.rules.events.recorded_day import log_objects, pools, rpc_log

POOL = pools()[0]
NOW_NS = 1_704_412_800_000_000_000
HASH = "0x" + "5e" * 32

WORD = 32
HEX = "0123456789abcdef"


def a_log(name: str) -> dict[str, Any]:
    """The day's first log of the event `name`, with the block hash that the recording lacks."""
    found = next(log for log in log_objects() if BY_TOPIC[log["topics"][0]].name == name)
    return {**found, "blockHash": HASH}


SWAP = a_log("Swap")
EVENTS = ("Swap", "Mint", "Burn", "Collect")


def refusal(log: dict[str, Any]) -> str:
    """The reason why `log` is refused."""
    with pytest.raises(LogRefused) as caught:
        decode_log(rpc_log(log), POOL, NOW_NS)
    return caught.value.reason


def with_word(log: dict[str, Any], number: int, word: str) -> dict[str, Any]:
    """`log` with the 64 hex digits `word` as word `number` of its data."""
    start = 2 + 2 * WORD * number
    return {**log, "data": log["data"][:start] + word + log["data"][start + 2 * WORD :]}


def with_topic(log: dict[str, Any], number: int, topic: str) -> dict[str, Any]:
    """`log` with another topic `number`."""
    return {**log, "topics": [*log["topics"][:number], topic, *log["topics"][number + 1 :]]}


def word(value: int) -> str:
    """The 64 hex digits of `value`, two's complement."""
    return (value % (1 << 256)).to_bytes(WORD, "big").hex()


def test_topics_are_the_hashes_of_the_declarations() -> None:
    constants = (
        uniswap_v3.SWAP_TOPIC,
        uniswap_v3.MINT_TOPIC,
        uniswap_v3.BURN_TOPIC,
        uniswap_v3.COLLECT_TOPIC,
    )
    assert constants == tuple(declaration.topic for declaration in DECLARATIONS)


def test_every_recorded_log_is_read_as_eth_abi_reads_it() -> None:
    """3,121 real logs: 3,005 Swap, 31 Mint, 43 Burn, 42 Collect; the receive time comes through too."""
    kinds: Counter[type] = Counter()
    for log in log_objects():
        event = decode_log(rpc_log(log), POOL, NOW_NS)
        assert event == oracle_event(log, POOL.id, NOW_NS)
        assert event.stamp.received_ns == NOW_NS
        kinds[type(event)] += 1
    assert kinds == {PoolSwap: 3_005, PoolMint: 31, PoolBurn: 43, PoolCollect: 42}


def test_the_plain_form_is_enough_for_every_recorded_swap() -> None:
    """The fast path reads all 3,005, and the careful one reads the same in them."""
    swaps = [rpc_log(log) for log in log_objects() if log["topics"][0] == uniswap_v3.SWAP_TOPIC]
    assert len(swaps) == 3_005
    for log in swaps:
        careful = concentrated_swap.swap(log, POOL, NOW_NS)
        assert swap_core.plain_swap(log, POOL, NOW_NS) == careful


ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda body: "0x" + body.hex())
U128 = st.integers(0, (1 << 128) - 1)
U256 = st.integers(0, (1 << 256) - 1)
I256 = st.integers(-(1 << 255), (1 << 255) - 1)
RANGES = st.lists(st.integers(MIN_TICK, MAX_TICK), min_size=2, max_size=2, unique=True).map(sorted)
OF_TYPE = {
    "address": ADDRESSES,
    "int256": I256,
    "uint256": U256,
    "uint128": U128,
    "uint160": st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1),
    "int24": st.integers(MIN_TICK, MAX_TICK),
}


@st.composite
def made_logs(draw: st.DrawFn, declaration: Declaration) -> dict[str, Any]:
    """A log that the contract could emit, encoded by eth-abi."""
    ticks = iter(draw(RANGES) if declaration.name != "Swap" else [draw(OF_TYPE["int24"])])
    values = tuple(
        next(ticks) if parameter.type == "int24" else draw(OF_TYPE[parameter.type])
        for parameter in declaration.parameters
    )
    topics, data = encoded(declaration, values)
    return {
        "address": POOL.id.name,
        "topics": topics,
        "data": data,
        "blockNumber": hex(draw(st.integers(0, (1 << 64) - 1))),
        "transactionHash": "0x" + draw(st.binary(min_size=32, max_size=32)).hex(),
        "transactionIndex": hex(draw(st.integers(0, (1 << 32) - 1))),
        "logIndex": hex(draw(st.integers(0, (1 << 32) - 1))),
        "removed": False,
        "blockHash": draw(st.none() | st.binary(min_size=32, max_size=32).map(lambda body: "0x" + body.hex())),
        "blockTimestamp": hex(draw(st.integers(0, ((1 << 64) - 1) // 10**9))),
    }


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=EVENTS)
@given(data=st.data())
def test_made_logs_are_read_as_eth_abi_reads_them(declaration: Declaration, data: st.DataObject) -> None:
    log = data.draw(made_logs(declaration))
    assert decode_log(rpc_log(log), POOL, NOW_NS) == oracle_event(log, POOL.id, NOW_NS)


def test_upper_case_digits_and_leading_zeros_are_read_too() -> None:
    """Some nodes write them; they say the same."""
    unusual = {**SWAP, "data": "0x" + SWAP["data"][2:].upper(), "blockNumber": "0x0" + SWAP["blockNumber"][2:].upper()}
    assert decode_log(rpc_log(unusual), POOL, NOW_NS) == decode_log(rpc_log(SWAP), POOL, NOW_NS)


@pytest.mark.parametrize("name", EVENTS)
def test_a_log_that_the_chain_took_back_is_removed(name: str) -> None:
    assert refusal({**a_log(name), "removed": True}) == "removed"


@pytest.mark.parametrize("topics", [[], ["0x" + "00" * 32], [""], [SWAP["topics"][0][:-1] + "8", *SWAP["topics"][1:]]])
def test_another_event_is_an_unknown_topic(topics: list[str]) -> None:
    assert refusal({**SWAP, "topics": topics}) == "unknown_topic"


@pytest.mark.parametrize("name", EVENTS)
def test_a_topic_more_or_less_is_refused(name: str) -> None:
    """Forged logs are real: other contracts emit the same signature with other parameters indexed."""
    log = a_log(name)
    assert refusal({**log, "topics": log["topics"][:-1]}) == "wrong_topics"
    assert refusal({**log, "topics": [*log["topics"], log["topics"][1]]}) == "wrong_topics"
    assert refusal({**log, "topics": log["topics"][:1]}) == "wrong_topics"


@pytest.mark.parametrize("name", EVENTS)
def test_data_of_another_length_is_refused(name: str) -> None:
    log = a_log(name)
    data = log["data"]
    for wrong in (data[:-64], data + "00" * 32, data[:-1], data + "0", data[:-2], "0x", "", data[2:]):
        assert refusal({**log, "data": wrong}) == "wrong_length"


@pytest.mark.parametrize("field", ["transactionHash", "blockHash"])
def test_a_hash_of_another_length_is_refused(field: str) -> None:
    for wrong in (HASH[:-2], HASH + "00", "0x", ""):
        assert refusal({**SWAP, field: wrong}) == "wrong_length"


@pytest.mark.parametrize("name", EVENTS)
def test_a_topic_of_another_length_is_refused(name: str) -> None:
    log = a_log(name)
    for number in range(1, len(log["topics"])):
        assert refusal(with_topic(log, number, log["topics"][number][:-2])) == "wrong_length"


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("junk", ["g", " ", "_", "é", "x", "\0"])
def test_what_is_not_hex_is_refused_wherever_it_stands(name: str, junk: str) -> None:
    log = a_log(name)
    for field in ("data", "transactionHash", "blockHash"):
        text = log[field]
        for at in (0, 2, 40, len(text) - 1):
            assert refusal({**log, field: text[:at] + junk + text[at + 1 :]}) == "not_hex", (field, at)
        assert refusal({**log, field: "0X" + text[2:]}) == "not_hex", field
    for number in range(1, len(log["topics"])):
        topic = log["topics"][number]
        assert refusal(with_topic(log, number, topic[:40] + junk + topic[41:])) == "not_hex"
        assert refusal(with_topic(log, number, junk + topic[1:])) == "not_hex"


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("field", ["blockNumber", "transactionIndex", "logIndex", "blockTimestamp"])
@pytest.mark.parametrize(
    "text", ["", "0x", "12", "0xg", "-0x1", "+0x1", " 0x1", "0x1 ", "0x_1", "0x1_0", "0X1", "0x1\n", "0x\u0661", "0b1"]
)
def test_numbers_are_read_strictly(name: str, field: str, text: str) -> None:
    """Python's own reader would take signs, spaces, underscores and other scripts' digits."""
    assert refusal({**a_log(name), field: text}) == "not_hex"


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("blockNumber", (1 << 64) - 1),
        ("transactionIndex", (1 << 32) - 1),
        ("logIndex", (1 << 32) - 1),
        ("blockTimestamp", ((1 << 64) - 1) // 10**9),
    ],
)
def test_numbers_that_do_not_fit_are_out_of_range(name: str, field: str, limit: int) -> None:
    at_the_limit = {**a_log(name), field: hex(limit)}
    assert decode_log(rpc_log(at_the_limit), POOL, NOW_NS) == oracle_event(at_the_limit, POOL.id, NOW_NS)
    assert refusal({**a_log(name), field: hex(limit + 1)}) == "out_of_range"
    assert refusal({**a_log(name), field: "0x" + "f" * 64}) == "out_of_range"
    assert refusal({**a_log(name), field: "0x" + "f" * 100_000}) == "not_hex"


@pytest.mark.parametrize("name", EVENTS)
def test_a_log_without_a_time_is_refused(name: str) -> None:
    assert refusal({**a_log(name), "blockTimestamp": None}) == "no_time"


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (2, MIN_SQRT_RATIO - 1),
        (2, MAX_SQRT_RATIO),
        (2, (1 << 160) + MIN_SQRT_RATIO),
        (2, 0),
        (3, 1 << 128),
        (3, -1),
        (4, MIN_TICK - 1),
        (4, MAX_TICK + 1),
        (4, (1 << 24) - 1),  # -1 as int24, its sign not extended
        (4, (1 << 255) + 5),
    ],
)
def test_a_swap_that_no_pool_can_emit_is_out_of_range(number: int, value: int) -> None:
    assert refusal(with_word(SWAP, number, word(value))) == "out_of_range"


@pytest.mark.parametrize(
    ("number", "value"), [(2, MIN_SQRT_RATIO), (2, MAX_SQRT_RATIO - 1), (3, 0), (3, (1 << 128) - 1), (4, MIN_TICK)]
)
def test_a_swap_at_the_bounds_is_believed(number: int, value: int) -> None:
    log = with_word(SWAP, number, word(value))
    assert decode_log(rpc_log(log), POOL, NOW_NS) == oracle_event(log, POOL.id, NOW_NS)


@pytest.mark.parametrize(
    ("name", "number", "value"),
    [
        ("Mint", 0, 1 << 160),
        ("Mint", 1, 1 << 128),
        ("Burn", 0, 1 << 128),
        ("Collect", 0, 1 << 160),
        ("Collect", 1, 1 << 128),
        ("Collect", 2, 1 << 128),
    ],
)
def test_words_wider_than_their_type_are_out_of_range(name: str, number: int, value: int) -> None:
    widest = with_word(a_log(name), number, word(value - 1))
    assert decode_log(rpc_log(widest), POOL, NOW_NS) == oracle_event(widest, POOL.id, NOW_NS)
    assert refusal(with_word(a_log(name), number, word(value))) == "out_of_range"


@pytest.mark.parametrize("name", ["Mint", "Burn", "Collect"])
def test_a_range_of_ticks_is_in_bounds_and_in_order(name: str) -> None:
    log = a_log(name)
    for lower, upper in (
        (MIN_TICK - 1, 0),
        (0, MAX_TICK + 1),
        (5, 5),
        (6, 5),
        ((1 << 24) - 1, MAX_TICK),
        (-1, (1 << 24) + 5),
    ):
        changed = with_topic(with_topic(log, 2, "0x" + word(lower)), 3, "0x" + word(upper))
        assert refusal(changed) == "out_of_range"


@pytest.mark.parametrize("name", EVENTS)
def test_an_address_wider_than_160_bits_is_out_of_range(name: str) -> None:
    assert refusal(with_topic(a_log(name), 1, "0x" + word(1 << 160))) == "out_of_range"


def test_a_huge_text_is_not_repeated_in_the_message() -> None:
    with pytest.raises(LogRefused) as caught:
        decode_log(rpc_log({**SWAP, "data": "0x" + "ab" * 1_000_000}), POOL, NOW_NS)
    assert len(str(caught.value)) < 300


TEXTS = st.one_of(
    st.text(max_size=70),
    st.text(HEX, max_size=70).map("0x".__add__),
    st.integers(0, 1 << 70).map(hex),
    st.binary(min_size=32, max_size=32).map(lambda body: "0x" + body.hex()),
    st.sampled_from(sorted(BY_TOPIC)),
)
DATA = st.one_of(
    TEXTS,
    st.integers(3, 5)
    .flatmap(lambda n: st.binary(min_size=32 * n, max_size=32 * n))
    .map(lambda body: "0x" + body.hex()),
)


@given(
    st.builds(
        RpcLog,
        address=TEXTS,
        topics=st.one_of(
            st.lists(TEXTS, max_size=5).map(tuple),
            st.tuples(st.sampled_from(sorted(BY_TOPIC)), TEXTS, TEXTS),
            st.tuples(st.sampled_from(sorted(BY_TOPIC)), TEXTS, TEXTS, TEXTS),
        ),
        data=DATA,
        block_number=TEXTS,
        transaction_hash=TEXTS,
        transaction_index=TEXTS,
        log_index=TEXTS,
        removed=st.booleans(),
        block_hash=st.none() | TEXTS,
        block_timestamp=st.none() | TEXTS,
    )
)
def test_random_garbage_is_refused_and_nothing_else_happens(log: RpcLog) -> None:
    with pytest.raises(LogRefused):
        decode_log(log, POOL, NOW_NS)


@given(st.sampled_from(EVENTS), st.data())
def test_a_spoilt_log_is_refused_or_read_as_eth_abi_reads_it(name: str, data: st.DataObject) -> None:
    """One character of one field is changed: what is still believed, the oracle believes too."""
    log = a_log(name)
    field = data.draw(st.sampled_from(["data", "topics", "transactionHash", "blockNumber", "logIndex"]))
    number = data.draw(st.integers(0, len(log["topics"]) - 1))
    text = log["topics"][number] if field == "topics" else log[field]
    at = data.draw(st.integers(0, len(text) - 1))
    spoilt = text[:at] + data.draw(st.sampled_from(HEX + "xX _-+g")) + text[at + 1 :]
    changed = with_topic(log, number, spoilt) if field == "topics" else {**log, field: spoilt}
    try:
        event = decode_log(rpc_log(changed), POOL, NOW_NS)
    except LogRefused:
        return
    assert event == oracle_event(changed, POOL.id, NOW_NS)

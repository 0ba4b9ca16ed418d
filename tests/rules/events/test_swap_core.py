"""The compiled reader of plain Swaps against the one in Python: the same events, the same refusals."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.data.pools import Pool
from alphapulse.errors import LogRefused
from alphapulse.rules.events import concentrated_swap
from alphapulse.rules.events import plain_swap as pure
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.events.swap_core import CORE
from alphapulse.rules.events.uniswap_v3 import SWAP_TOPIC
from tests.rules.events.recorded_day import log_objects, pools, rpc_log

pytestmark = pytest.mark.skipif(CORE is None, reason="the compiled core is missing, run `make core`")

POOL = pools()[0]
HASH = "0x" + "5e" * 32
SWAPS = [rpc_log({**log, "blockHash": HASH}) for log in log_objects() if log["topics"][0] == SWAP_TOPIC]
FIELDS = ("data", "block_number", "block_timestamp", "log_index", "transaction_index", "transaction_hash", "block_hash")
OPTIONAL = ("block_hash", "block_timestamp")
NUMBERS = st.one_of(st.integers(0, 1 << 66).map(hex), st.integers(0, 1 << 40).map("0x{:X}".format))
CHARACTERS = st.sampled_from("0123456789abcdefABCDEFgx @`/:-+_ é\0\udc80٣")


def compiled(log: Any, pool: Pool = POOL, received_ns: Any = 7) -> PoolSwap | None:
    assert CORE is not None
    event: PoolSwap | None = CORE.plain_swap(log, pool, received_ns)
    return event


def test_it_reads_every_recorded_swap_as_python_does() -> None:
    assert len(SWAPS) == 3_005
    for log in SWAPS:
        event = compiled(log)
        assert type(event) is PoolSwap
        assert type(event.stamp) is LogStamp
        assert event == pure.plain_swap(log, POOL, 7)
        assert repr(event) == repr(pure.plain_swap(log, POOL, 7))


@st.composite
def spoilt(draw: st.DrawFn) -> RpcLog:
    """A recorded Swap in which a character, a word or a whole field is another one."""
    log = draw(st.sampled_from(SWAPS))
    for _ in range(draw(st.integers(1, 3))):
        field = draw(st.sampled_from((*FIELDS, "topics")))
        if field == "topics":
            topics = list(log.topics)
            at = draw(st.integers(0, len(topics) - 1))
            topics[at] = draw(texts(topics[at]))
            changed: Any = tuple(topics[: draw(st.integers(2, 4))])
        else:
            changed = draw(st.none() if field in OPTIONAL and draw(st.booleans()) else texts(getattr(log, field)))
        log = msgspec.structs.replace(log, **{field: changed})
    return log


def texts(text: str | None) -> st.SearchStrategy[str]:
    """Texts like `text`."""
    given_text = text or "0x"
    at = st.integers(0, max(0, len(given_text) - 1))
    words = st.one_of(
        st.binary(min_size=32, max_size=32).map(bytes.hex),
        st.integers(-(1 << 24), 1 << 24).map(lambda value: f"{value % (1 << 256):064x}"),
        st.integers(0, 1 << 161).map("{:064x}".format),
    )
    start = st.integers(0, max(0, (len(given_text) - 2) // 64 - 1)).map(lambda number: 2 + 64 * number)
    return st.one_of(
        st.builds(lambda place, one: given_text[:place] + one + given_text[place + 1 :], at, CHARACTERS),
        st.builds(lambda place, one: given_text[:place] + one + given_text[place + 64 :], start, words),
        at.map(given_text.__getitem__),
        at.map(lambda place: given_text[:place]),
        NUMBERS,
        st.just(given_text.upper()),
        st.just(given_text + "0"),
    )


def outcome(read: Callable[..., PoolSwap | None], log: RpcLog) -> str:
    """What `uniswap_v3` makes of a Swap, with this reader in front of its careful one."""
    try:
        return repr(read(log, POOL, 7) or concentrated_swap.swap(log, POOL, 7))
    except LogRefused as refused:
        return f"{refused.reason}: {refused}"


@pytest.mark.slow
@settings(max_examples=1_000)
@given(spoilt())
def test_what_it_reads_python_reads_alike(log: RpcLog) -> None:
    """Each may leave a form to the careful reader that the other knows; in the end the outcome is one."""
    careful = outcome(lambda *_: None, log)
    assert outcome(compiled, log) == careful
    assert outcome(pure.plain_swap, log) == careful


def test_what_is_no_log_is_left_to_python() -> None:
    for foreign in (None, 7, SimpleNamespace(**msgspec.structs.asdict(SWAPS[0]))):
        assert compiled(foreign) is None


def test_it_keeps_nothing_of_what_it_read() -> None:
    def rounds(count: int) -> int:
        for _ in range(count):
            for log in SWAPS[:200]:
                compiled(log)
                compiled(msgspec.structs.replace(log, data="0xg"))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = rounds(2)
        assert rounds(20) - before < 10_000
    finally:
        tracemalloc.stop()

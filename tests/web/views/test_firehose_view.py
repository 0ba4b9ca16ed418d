"""The firehose: which messages are shown, as which frames, and how many are left out."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from alphapulse.data.gas import GasPrice
from alphapulse.data.limits import ORDER_LEVELS
from alphapulse.data.market import PoolSwap, StreamState
from alphapulse.data.order_books import L2Delta, PriceLevel
from alphapulse.data.wire import Domain, Source
from alphapulse.rules.wire.frame import decode_frame
from alphapulse_web.api.messages import FrameSample
from alphapulse_web.views.firehose_view import PUBLISHERS, SAMPLE, SAMPLE_BYTES, FirehoseView
from tests.journal.journal_samples import decision, signal
from tests.web.views.market_samples import DAY_NS, FIRST, stamp, stream, swap


def watched() -> FirehoseView:
    clock = itertools.count(DAY_NS)
    view = FirehoseView(lambda: next(clock))
    view.watch(True)
    return view


def swaps(count: int, start: int = 0) -> list[PoolSwap]:
    return [swap(FIRST.id, 2300, block) for block in range(start, start + count)]


def delta(levels: int) -> L2Delta:
    return L2Delta(FIRST.id, 1, 1, 1, 1, False, None, (PriceLevel(1, 1),) * levels, ())


def taken(view: FirehoseView) -> FrameSample:
    sample = view.take()
    assert sample is not None
    return sample


def messages(sample: FrameSample) -> list[object]:
    return [message for frame in sample.frames for message in decode_frame(bytes.fromhex(frame.hex)).messages]


def test_a_frame_holds_the_message_its_number_and_its_time() -> None:
    view = watched()
    view.offer(swaps(1))
    (frame,) = taken(view).frames
    decoded = decode_frame(bytes.fromhex(frame.hex))
    assert (frame.n, frame.domain, frame.received_ns) == (1, "MARKET_DATA", str(DAY_NS))
    assert decoded.messages == tuple(swaps(1))
    assert (decoded.header.source, decoded.header.sequence, decoded.header.timestamp_ns) == (
        Source.MARKET_DATA_RELAY,
        1,
        DAY_NS,
    )


def test_each_relay_has_a_source_of_its_own() -> None:
    view = watched()
    view.offer([*swaps(1), signal(1), decision(1, failed=None)])
    sample = taken(view)
    sources = [decode_frame(bytes.fromhex(frame.hex)).header.source for frame in sample.frames]
    assert [frame.domain for frame in sample.frames] == ["MARKET_DATA", "SIGNAL", "EXECUTION"]
    assert sources == [Source.MARKET_DATA_RELAY, Source.SIGNAL_RELAY, Source.EXECUTION_RELAY]
    assert {Domain[name] for name, _ in PUBLISHERS.values()} == {Domain.MARKET_DATA, Domain.SIGNAL, Domain.EXECUTION}


def test_nothing_is_kept_while_nobody_watches() -> None:
    view = FirehoseView(lambda: pytest.fail("the clock was read"))
    view.offer(swaps(3))
    assert view.take() is None


def test_what_nobody_took_is_forgotten_when_the_last_one_leaves() -> None:
    view = watched()
    view.offer(swaps(3))
    view.watch(False)
    view.watch(True)
    assert view.take() is None
    view.offer(swaps(2))
    view.watch(True)
    assert len(taken(view).frames) == 2


def test_a_sample_is_small_whatever_passed_and_counts_the_rest() -> None:
    view = watched()
    view.offer(swaps(10_000))
    sample = taken(view)
    assert messages(sample) == swaps(SAMPLE, 10_000 - SAMPLE)
    assert (sample.skipped, [frame.n for frame in sample.frames][-1]) == (10_000 - SAMPLE, 10_000)
    assert view.take() is None


def test_a_rare_message_is_shown_among_thousands() -> None:
    view = watched()
    view.offer([*swaps(500), signal(1), *swaps(500), decision(1, failed=None), *swaps(500)])
    shown = messages(taken(view))
    assert shown[:2] == [signal(1), decision(1, failed=None)]
    assert {type(message) for message in shown[2:]} == {PoolSwap}


def test_every_type_has_its_turn() -> None:
    """More types than a sample has room for, all of them in each."""
    view = watched()
    gas = GasPrice(1, 1, 1, 1, 1)
    kinds = [*swaps(1), stream(StreamState.FRESH), signal(1), decision(1, failed=None), delta(1), gas]
    seen: set[type] = set()
    for _ in range(2):
        view.offer(kinds)
        sample = taken(view)
        assert sample.skipped == len(kinds) - SAMPLE
        seen |= {type(message) for message in messages(sample)}
    assert seen == {type(kind) for kind in kinds}


def test_frames_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the largest books leave no room for a third, but for a swap."""
    monkeypatch.setattr(ORDER_LEVELS, "limit", ORDER_LEVELS.most)
    view = watched()
    view.offer([*[delta(ORDER_LEVELS.most)] * 3, *swaps(1)])
    sample = taken(view)
    assert [type(message) for message in messages(sample)] == [L2Delta, L2Delta, PoolSwap]
    assert sum(len(frame.hex) for frame in sample.frames) <= 2 * SAMPLE_BYTES
    assert sample.skipped == 1


def test_a_message_that_does_not_fit_its_frame_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    view = watched()
    unlikely = PoolSwap(stamp(1), FIRST.id, 0, 0, 1, 1, 1 << 40)
    view.offer([unlikely, *swaps(1)])
    sample = taken(view)
    assert (len(sample.frames), sample.skipped) == (1, 1)
    assert "PoolSwap.tick" in caplog.text


def test_the_shape_is_what_the_document_says() -> None:
    view = watched()
    view.offer(swaps(2))
    sample = taken(view)
    assert msgspec.json.decode(msgspec.json.encode(sample), type=FrameSample) == sample

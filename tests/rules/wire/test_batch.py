"""Batches: rows and frames hold the same values as messages one at a time, and refuse what those refuse."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.execution import Fill
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import PoolSwap
from alphapulse.data.trades import Side, Trade
from alphapulse.data.wire import Record, Source
from alphapulse.errors import ChecksumMismatch, InvalidFraming, InvalidValue, ProtocolError, Truncated, UnknownType
from alphapulse.rules.wire import batch, pure
from alphapulse.rules.wire.batch import decode_rows, encode_rows, messages_of, rows_of
from alphapulse.rules.wire.dtypes import message_dtype
from alphapulse.rules.wire.frame import decode_messages, encode_messages, seal
from alphapulse.rules.wire.sizes import value_sizes
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES, values

NOW_NS = 1_700_000_000_000_000_000
SIZES = {cls: value_sizes(Record(cls)) for cls in MESSAGE_CLASSES}
FIXED = [cls for cls, (least, most) in SIZES.items() if least == most]
ETH, BTC = (InstrumentId.from_symbol(symbol, Venue.KRAKEN) for symbol in ("ETH/USD", "BTC/USD"))
TRADES = [Trade((ETH, BTC)[i % 3 == 0], i * 10**8 - 50, 10**9 + i, NOW_NS + i, Side(i % 2)) for i in range(10)]
FRAMES = pure.encode_messages(TRADES, source=Source.KRAKEN, first_sequence=7, timestamp_ns=NOW_NS)
SIZE = len(FRAMES) // len(TRADES)


@pytest.fixture(autouse=True, scope="module")
def batch_codec(codec: ModuleType) -> Iterator[None]:
    """Batches use the codec under test, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "CORE", None if codec is pure else codec)
        yield


def damaged(frame: int, offset: int, byte: int, *, sealed: bool = True) -> bytes:
    """`FRAMES` with one byte changed, and the checksum made right again if `sealed`."""
    data = bytearray(FRAMES)
    data[frame * SIZE + offset] = byte
    if sealed:
        one = data[frame * SIZE : (frame + 1) * SIZE]
        header = pure.decode_frame(FRAMES[frame * SIZE : (frame + 1) * SIZE]).header
        sequence = header.sequence
        data[frame * SIZE : (frame + 1) * SIZE] = seal(
            bytes(one[32:]), domain=header.domain, source=header.source, sequence=sequence, timestamp_ns=NOW_NS
        )
    return bytes(data)


@pytest.mark.parametrize("cls", FIXED)
@settings(max_examples=15)
@given(st.data())
def test_rows_are_the_messages(cls: type, data: st.DataObject) -> None:
    """A row has the bytes of the value; the frames of rows are those of the messages."""
    messages: list[Any] = data.draw(st.lists(values(Record(cls)), max_size=5))
    rows = rows_of(cls, messages)
    assert rows.tobytes() == b"".join(map(pure.encode_value, messages))
    assert messages_of(cls, rows) == messages
    frames = encode_rows(cls, rows, source=Source.EVM, first_sequence=3, timestamp_ns=NOW_NS)
    assert frames == encode_messages(messages, source=Source.EVM, first_sequence=3, timestamp_ns=NOW_NS)
    found = decode_rows(cls, frames)
    assert found.rows.tobytes() == rows.tobytes()
    assert found.sequences.tolist() == list(range(3, 3 + len(messages)))
    assert set(found.timestamps_ns.tolist()) <= {NOW_NS}


@pytest.mark.parametrize("cls", FIXED)
def test_a_dtype_has_the_size_of_the_values(cls: type) -> None:
    assert message_dtype(cls).itemsize == SIZES[cls].most


def test_columns_are_numbers() -> None:
    rows = rows_of(Trade, TRADES)
    assert rows["price_q8"].tolist() == [trade.price_q8 for trade in TRADES]
    assert rows["side"].tolist() == [int(trade.side) for trade in TRADES]
    assert rows["instrument"]["venue"].tolist() == [Venue.KRAKEN] * len(TRADES)


def test_a_time_of_sending_for_each_frame() -> None:
    times = np.arange(len(TRADES), dtype=np.uint64)
    frames = encode_rows(Trade, rows_of(Trade, TRADES), source=Source.KRAKEN, first_sequence=1, timestamp_ns=times)
    assert decode_rows(Trade, frames).timestamps_ns.tolist() == times.tolist()
    assert decode_messages(frames) == TRADES


def test_rows_are_a_view_of_the_bytes() -> None:
    """Nothing is copied out of a memoryview."""
    data = bytearray(FRAMES)
    found = decode_rows(Trade, memoryview(data))
    data[34 + 24] ^= 1
    assert found.rows["price_q8"][0] == TRADES[0].price_q8 ^ 1


@pytest.mark.parametrize(
    ("data", "error", "frame"),
    [
        (damaged(4, 60, 0xFF, sealed=False), ChecksumMismatch, 4),
        (damaged(0, 0, 0, sealed=False), ProtocolError, 0),
        (damaged(9, 34, 0xFF), InvalidValue, 9),
        (damaged(3, 36, 0xFF), InvalidValue, 3),
        (damaged(3, 37, 9), InvalidValue, 3),
        (damaged(6, 38, 0), InvalidValue, 6),
        (damaged(2, 82, 2), InvalidValue, 2),
        (damaged(5, 89, 1), InvalidValue, 5),
        (damaged(1, 32, 2), ProtocolError, 1),
        (damaged(1, 6, int(Source.BINANCE), sealed=False), ChecksumMismatch, 1),
        (damaged(2, 24, 0xFF, sealed=False), ChecksumMismatch, 2),
        (damaged(2, 25, 0xFF, sealed=False), Truncated, 2),
        (FRAMES[:-1], Truncated, 9),
        (FRAMES + b"\0", Truncated, 10),
    ],
)
def test_a_damaged_batch_is_refused_at_its_frame(data: bytes, error: type[ProtocolError], frame: int) -> None:
    """The error is the one that the frame alone gives, and a note says where the frame begins."""
    with pytest.raises(error) as refused:
        decode_rows(Trade, data)
    assert refused.value.__notes__ == [f"in the frame at byte {frame * SIZE}"]
    with pytest.raises(error) as alone:
        decode_messages(data)
    assert str(alone.value) == str(refused.value)
    assert alone.value.__notes__ == refused.value.__notes__


def test_frames_of_two_sources_or_classes_are_no_batch() -> None:
    other = pure.encode_messages(TRADES[:1], source=Source.BINANCE, first_sequence=7, timestamp_ns=NOW_NS)
    with pytest.raises(InvalidFraming, match="plain frames of one Trade each, of one source"):
        decode_rows(Trade, FRAMES + other)
    swap = seal(encode_tlv(250, bytes(56)), domain=pure.decode_frame(other).header.domain, source=Source.KRAKEN,
                sequence=1, timestamp_ns=1)  # fmt: skip
    with pytest.raises(ProtocolError):
        decode_rows(Trade, FRAMES + swap)


@pytest.mark.parametrize(
    ("path", "value"), [(("side",), 2), (("side__zeros",), np.void(b"\1" * 7)), (("instrument", "venue"), 0xFFFF)]
)
def test_a_row_that_no_message_has_is_not_sent(path: tuple[str, ...], value: object) -> None:
    rows = rows_of(Trade, TRADES).copy()
    column: Any = rows
    for name in path:
        column = column[name]
    column[4] = value
    with pytest.raises(InvalidValue) as refused:
        encode_rows(Trade, rows, source=Source.KRAKEN, first_sequence=1, timestamp_ns=1)
    assert refused.value.__notes__ == ["in row 4"]
    with pytest.raises(InvalidValue):
        messages_of(Trade, rows)


def test_headers_never_wrap() -> None:
    rows = rows_of(Trade, TRADES)
    with pytest.raises(InvalidValue, match=r"header\.sequence"):
        encode_rows(Trade, rows, source=Source.KRAKEN, first_sequence=2**64 - 9, timestamp_ns=1)
    with pytest.raises(InvalidValue, match=r"header\.timestamp_ns"):
        encode_rows(Trade, rows, source=Source.KRAKEN, first_sequence=1, timestamp_ns=-1)
    times: Any = -np.ones(len(rows), np.int64)
    with pytest.raises(InvalidValue, match="timestamp_ns: expected an integer, or uint64"):
        encode_rows(Trade, rows, source=Source.KRAKEN, first_sequence=1, timestamp_ns=times)


def test_classes_of_several_sizes_and_foreign_rows_are_refused() -> None:
    with pytest.raises(UnknownType, match="values all have one size, was LogStamp; use encode_messages"):
        message_dtype(PoolSwap)
    with pytest.raises(UnknownType, match="expected the dtype of Trade"):
        encode_rows(Trade, np.zeros(3, [("x", "u1")]), source=Source.EVM, first_sequence=1, timestamp_ns=1)
    with pytest.raises(UnknownType, match="expected Trade, was str"):
        rows_of(Trade, ["x"])
    with pytest.raises(UnknownType, match="declared with @message"):
        decode_rows(InstrumentId, b"")
    assert Fill not in FIXED

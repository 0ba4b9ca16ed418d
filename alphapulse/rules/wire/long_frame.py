"""Frames too long to be held as values: they stay bytes, and a value is made each time that it is asked for.

A TLV may have two bytes, and Python takes a hundred for whatever stands for it. So the readers hand over the TLVs of a
long frame as the frame itself, and what reading it takes does not grow with what is in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TypeVar, overload

from alphapulse.data.registry import MESSAGES
from alphapulse.rules.wire.header import HEADER_SIZE
from alphapulse.rules.wire.tlv import Bytes, Span, tlv_spans

T = TypeVar("T")

MAX_SHORT = 1024
"""A frame is long if it holds several TLVs and the value of one begins behind this byte."""

_STRIDE = 64


class TlvSequence(Sequence[T]):
    """Those TLVs of a frame that are `wanted`, each read anew whenever it is asked for; one index costs one reading.

    `data` is the frame, whose framing was checked up to `end`. `read` gets a span and where its own header begins.
    """

    def __init__(
        self, data: bytes, end: int, read: Callable[[Span, int], T], wanted: Callable[[int], bool] | None = None
    ) -> None:
        self._data = data
        self._end = end
        self._read = read
        self._wanted = wanted

    def __len__(self) -> int:
        return self._index[0]

    @cached_property
    def _index(self) -> tuple[int, array[int]]:
        """How many there are, and where the header of each 64th begins."""
        count, places = 0, array("I")
        for _, offset in self._spans(HEADER_SIZE):
            if count % _STRIDE == 0:
                places.append(offset)
            count += 1
        return count, places

    def __iter__(self) -> Iterator[T]:
        return (self._read(*place) for place in self._spans(HEADER_SIZE))

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            return tuple(self[one] for one in range(*index.indices(len(self))))
        count, places = self._index
        number = range(count)[index]
        spans = self._spans(places[number // _STRIDE])
        return self._read(*next(islice(spans, number % _STRIDE, None)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple | list | TlvSequence):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # its values need not have one

    def __repr__(self) -> str:
        return f"<{len(self)} TLVs in a frame of {len(self._data)} bytes>"

    def _spans(self, offset: int) -> Iterator[tuple[Span, int]]:
        for span in tlv_spans(self._data, offset, self._end):
            if self._wanted is None or self._wanted(span[0]):
                yield span, offset
            offset = span[2]


def long_spans(data: bytes) -> Sequence[Span]:
    """The spans of a frame whose framing was checked."""
    return TlvSequence(data, len(data), lambda span, _: span)


def long_messages(data: bytes, decode: Callable[[type, Bytes], object]) -> Sequence[object]:
    """The messages of a frame whose TLVs were all checked, each read by `decode`."""
    view = memoryview(data)

    def read(span: Span, _: int) -> object:
        type_, start, end = span
        return decode(MESSAGES[type_], view[start:end])

    return TlvSequence(data, len(data), read, MESSAGES.__contains__)


def long_unknown(data: bytes) -> Sequence[tuple[int, bytes]]:
    """(type, value bytes) of the TLVs that nobody declared, of a frame whose framing was checked."""

    def read(span: Span, _: int) -> tuple[int, bytes]:
        type_, start, end = span
        return type_, data[start:end]

    return TlvSequence(data, len(data), read, lambda type_: type_ not in MESSAGES)

"""Hypothesis strategies for whatever has a wire description."""

# One return per wire type is the plainest way to say what each is.
# ruff: noqa: PLR0911

from __future__ import annotations

from typing import Any, assert_never

import attrs
from hypothesis import strategies as st

from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId, Venue
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import (
    WIRE,
    Blob,
    Boolean,
    Choice,
    FixedBytes,
    Integer,
    Many,
    Maybe,
    Padded,
    Record,
    Text,
    WireType,
)

LONGEST_LIST = 3

POOL_IDS = st.builds(
    InstrumentId.from_pool_address,
    st.binary(min_size=20, max_size=20).filter(any),
    st.sampled_from(sorted(CHAIN_OF_VENUE)),
)
SYMBOL_IDS = st.builds(
    InstrumentId.from_symbol,
    st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1, max_size=20),
    st.sampled_from(Venue),
)


def values(type_: WireType) -> st.SearchStrategy[Any]:
    match type_:
        case Integer(bits, signed):
            return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1) if signed else st.integers(0, (1 << bits) - 1)
        case Boolean():
            return st.booleans()
        case FixedBytes(size):
            return st.binary(min_size=size, max_size=size)
        case Text(limit):
            # Four bytes are the most that a character takes.
            return st.text(max_size=limit // 4)
        case Blob(limit):
            return st.binary(max_size=min(limit, 300))
        case Padded(item):
            return values(item)
        case Choice(enum):
            return st.sampled_from(enum)
        case Record(cls) if cls is InstrumentId:
            return POOL_IDS | SYMBOL_IDS
        case Record(cls):
            return st.builds(cls, *(values(field.metadata[WIRE]) for field in attrs.fields(cls)))
        case Maybe(item):
            return st.none() | values(item)
        case Many(item):
            return st.lists(values(item), max_size=min(type_.allowed, LONGEST_LIST)).map(tuple)
        case _:
            assert_never(type_)


MESSAGE_CLASSES = [MESSAGES[number] for number in sorted(MESSAGES)]

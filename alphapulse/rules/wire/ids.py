"""Instrument ids on the wire. The few hundred that a process meets are kept, so that one id is made once."""

from __future__ import annotations

import functools

from alphapulse.data.instruments import INSTRUMENT_ID_SIZE, InstrumentId

_KEPT = 4096


@functools.lru_cache(maxsize=_KEPT)
def encode_instrument(instrument: InstrumentId) -> bytes:
    """The 24 bytes of an id. Raises ValueError if its body has another length than 20."""
    data = instrument.to_wire()
    if len(data) != INSTRUMENT_ID_SIZE:
        raise ValueError(f"an instrument id has {INSTRUMENT_ID_SIZE} bytes, these were {len(data)}")
    return data


@functools.lru_cache(maxsize=_KEPT)
def decode_instrument(data: bytes) -> InstrumentId:
    """The id in 24 bytes. Raises ValueError for an unknown venue, asset type or kind."""
    return InstrumentId.from_wire(data)

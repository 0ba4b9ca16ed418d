"""Instrument ids on the wire. The few hundred that a process meets are kept, so that one id is made once."""

from __future__ import annotations

import functools

from alphapulse.data.instruments import InstrumentId

_KEPT = 4096


@functools.lru_cache(maxsize=_KEPT)
def decode_instrument(data: bytes) -> InstrumentId:
    """The id in 24 bytes. Raises ValueError for an unknown venue, asset type or kind."""
    return InstrumentId.from_wire(data)

"""Amounts that say themselves how many decimals they have."""

from __future__ import annotations

from alphapulse.data.wire import I256, U8, record, wire


@record
class Quantity:
    """`raw` * 10^-`decimals`: raw units of a token with its decimals from the chain; of an exchange: 8 decimals."""

    raw: int = wire(I256, unit="10^-decimals")
    decimals: int = wire(U8)

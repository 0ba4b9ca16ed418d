"""The newest block of a chain, for all parts of a sender."""

from __future__ import annotations

import attrs


@attrs.define
class ChainTip:
    """What the market data tell of it; None before they do."""

    number: int | None = None
    base_fee_wei: int | None = None

"""A link between processes is no chain: what is said of it opens no watch over one."""

from __future__ import annotations

import pytest

from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.safety.market_causes import MarketCauses


@pytest.mark.parametrize("state", [StreamState.FRESH, StreamState.STALE, StreamState.RESET])
def test_the_status_of_a_link_is_no_chain(state: StreamState) -> None:
    causes = MarketCauses(100_000, {})
    causes.status(StreamStatus("link market_data", 0, state, "", 0, 0, recorded=False))
    assert causes.chains == {}

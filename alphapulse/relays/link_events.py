"""What the consumers of market data are told of the link by which it comes."""

from __future__ import annotations

from alphapulse.data.links import LinkCondition
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.rules.links.receiver import Change

LINK_STREAM = "link "
"""What the name of a stream begins with that is a link: `link NAME_OF_THE_RELAY`. No collector may be called so."""

_STATES = {
    LinkCondition.OK: StreamState.FRESH,
    LinkCondition.GAP: StreamState.GAP,
    LinkCondition.STALE: StreamState.STALE,
    LinkCondition.RESET: StreamState.RESET,
}


def is_link_stream(status: StreamStatus) -> bool:
    """True if a status is about a link between processes, not about a venue's stream."""
    return status.stream.startswith(LINK_STREAM)


def stream_status(change: Change, relay: str, market_ns: int, sequence: int) -> StreamStatus:
    """A link's change of condition as strategies and books see it; it concerns every venue (0)."""
    return StreamStatus(
        stream=LINK_STREAM + relay,
        venue=0,
        state=_STATES[change.condition],
        reason=change.text,
        venue_time_ns=market_ns,
        sequence=sequence,
        recorded=False,
    )

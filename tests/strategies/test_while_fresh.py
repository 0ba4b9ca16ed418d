"""Deciding while a chain is fresh: blocks that are caught up with are taken in without a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.strategies.while_fresh import WhileFresh


class Passing:
    """Keeps what it is given."""

    name = "passing"

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_events(self, events: Sequence[Any]) -> list[Any]:
        self.heard += events
        return []


def _status(state: StreamState, venue: int = Venue.POLYGON) -> StreamStatus:
    return StreamStatus("chain", venue, state, "", 0, 0, recorded=False)


def _end(number: int) -> BlockCompleted:
    return BlockCompleted(137, number, 0, 0, 0, None, None)


END = _end(5)


def test_ends_of_blocks_are_withheld_while_the_chain_is_not_fresh() -> None:
    """Events pass always; the end of a block does if its chain has said that it is fresh, and nothing else since."""
    strategy = Passing()
    filtered = WhileFresh(strategy)
    late = _end(7)
    fresh = _status(StreamState.FRESH)
    filtered.on_events(["event", END, fresh, END, _status(StreamState.GAP), "event", END])
    filtered.on_events([_status(StreamState.FRESH, Venue.ETHEREUM), END, fresh, "event", late])
    assert [one for one in strategy.heard if not isinstance(one, StreamStatus)] == [
        "event",
        END,
        "event",
        "event",
        late,
    ]


def test_who_begins_in_the_midst_of_a_stream_asks_how_it_stands() -> None:
    """A strategy's second life, after a halt: its stream has said long before that it is fresh."""
    for state, heard in ((StreamState.FRESH, [END]), (StreamState.GAP, [])):
        strategy, streams = Passing(), {"chain": _status(state)}
        filtered = WhileFresh(strategy, streams.values)
        filtered.on_events([END])
        filtered.on_events([_status(StreamState.STALE), _end(6)])
        assert [one for one in strategy.heard if not isinstance(one, StreamStatus)] == heard


def test_a_link_that_is_fresh_says_nothing_of_a_chain() -> None:
    """It stands for no venue."""
    strategy = Passing()
    WhileFresh(strategy).on_events([_status(StreamState.FRESH, 0), END])
    assert END not in strategy.heard

"""Runs of the books begin when a collector elsewhere begins anew, or is found to be under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.composition.run_opener import RunOpener
from alphapulse.data.instruments import Venue
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.relays.bus import Bus


def status(state: StreamState, stream: str = "day") -> StreamStatus:
    return StreamStatus(stream, Venue.ETHEREUM, state, "the daemon started", 0, 0, True)


@asynccontextmanager
async def opened(bus: Bus) -> AsyncIterator[list[str]]:
    runs: list[str] = []

    async def begin(reason: str) -> None:
        await trio.lowlevel.checkpoint()
        runs.append(reason)

    async with trio.open_nursery() as nursery:
        await nursery.start(RunOpener(bus, begin_run=begin, has_run=lambda: bool(runs)).run)
        await wait_all_tasks_blocked()
        yield runs
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_each_reset_begins_a_run() -> None:
    bus = Bus()
    async with opened(bus) as runs:
        for state in (StreamState.RESET, StreamState.FRESH, StreamState.ENDED, StreamState.RESET):
            bus.market_data.publish([status(state)])
    assert runs == ["the daemon started"] * 2


@pytest.mark.parametrize("state", [StreamState.FRESH, StreamState.QUIET, StreamState.GAP])
async def test_a_stream_that_is_under_way_begins_one_at_once(state: StreamState) -> None:
    bus = Bus()
    bus.market_data.publish([status(state)])
    async with opened(bus) as runs:
        pass
    assert runs == ["the stream day was under way"]


async def test_links_and_streams_that_have_ended_begin_none() -> None:
    bus = Bus()
    bus.market_data.publish([status(StreamState.ENDED)])
    async with opened(bus) as runs:
        bus.market_data.publish([status(StreamState.RESET, "link market_data"), status(StreamState.STALE)])
    assert runs == []

"""The relays over the API: the hubs of one process, and links with what the relays of others tell."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from pathlib import Path

import attrs
import msgspec
import trio
from trio.testing import MockClock

from alphapulse.composition.topology import RelayPlace
from alphapulse.daemon import Daemon
from alphapulse.data.market import PoolSwap
from alphapulse.data.wire import Domain
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.relays.relay_link import AnyLink
from alphapulse.relays.relay_server import RelayServer
from alphapulse.rules.links.topics import Topics
from alphapulse.transport.address import MemoryAddress
from alphapulse.transport.endpoints import connect, listen
from alphapulse.transport.memory import MemoryListener
from alphapulse_web.api.relay_shapes import Relays, RelayView
from alphapulse_web.daemon_backend import DaemonBackend
from alphapulse_web.views.live_view import LiveView
from alphapulse_web.views.relays_view import RelaysReader
from tests.daemon.daemon_rig import running_daemon
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline
from tests.relays.linked_processes import Process
from tests.rules.arbitrage.market_samples import pool, swap
from tests.web.web_client import BEARER, Clock, Desk, answer

MARKET = Domain.MARKET_DATA
ONE = pool(1)
FIRST_GAP = Day(speed=60, start="2024-01-05T01:15:00Z", end="2024-01-05T01:20:00Z")


def relay(view: Relays, name: str) -> RelayView:
    return next(one for one in view.relays if one.name == name)


async def test_one_process_shows_its_hubs_and_who_listens(tmp_path: Path, autojump_clock: MockClock) -> None:
    """What no relay of its own tells is unknown, not zero."""
    views: list[LiveView] = []

    def control_plane(daemon: Daemon) -> LiveView:
        views.append(LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, daemon.environment.now_ns))
        return views[-1]

    async with (
        running_daemon(tmp_path, FIRST_GAP, control_plane=control_plane) as rig,
        aclosing(LedgerReader(rig.daemon.ledger_url, run_blocking=run_inline)) as reader,
        trio.open_nursery() as nursery,
    ):
        backend = DaemonBackend(rig.daemon, views[0], reader)
        nursery.start_soon(backend.run)
        await rig.until(4)
        view = backend.relays()
        assert [(one.name, one.domain, one.medium, one.delivery) for one in view.relays] == [
            ("market_data", "market_data", "process", "conflated"),
            ("signal", "signal", "process", "expiring"),
            ("execution", "execution", "process", "acknowledged"),
        ]
        market = relay(view, "market_data")
        assert market.published == str(rig.daemon.bus.market_data.statistics().published) != "0"
        assert market.rate is not None
        assert market.rate.per_s != "0.0"
        assert (market.boot_id, market.next_sequence, market.ring_messages, market.link) == (None, None, None, None)
        names = {one.name: one for one in market.consumers}
        assert {"control plane", "flash_arbitrage"} <= names.keys()
        assert names["control plane"].wants == "everything"
        wishes = {(one.name, one.wants) for row in view.relays for one in row.consumers}
        assert {wish for _, wish in wishes} > {"everything"}, wishes
        assert (names["flash_arbitrage"].state, names["flash_arbitrage"].peer) == ("ok", None)
        assert names["flash_arbitrage"].dropped_superseded is None
        assert int(names["flash_arbitrage"].delivered) > 0
        assert view == msgspec.json.decode(msgspec.json.encode(view), type=Relays)
        nursery.cancel_scope.cancel()


@attrs.frozen
class Roads:
    """What one process of a topology knows of its relays."""

    place: RelayPlace
    links: dict[str, AnyLink] = attrs.field(factory=dict)
    servers: dict[str, RelayServer] = attrs.field(factory=dict)

    def places(self, domain: Domain) -> tuple[RelayPlace, ...]:
        return (self.place,) if domain is self.place.domain else ()


def reader(process: Process, roads: Roads) -> RelaysReader:
    return RelaysReader(process.bus, roads, process=process.name, now_ns=process.now_ns, monotonic_ns=lambda: 0)


async def test_a_relay_of_another_process_is_shown_by_its_own_report_and_by_the_link(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Before it has told anything its figures are unknown; then both sides show the same boot id and consumer."""
    address = MemoryAddress("relay")
    place = RelayPlace("market_data", MARKET, address, frozenset())
    clock = Clock()
    relays, strategy = Process("relays", 100, clock=clock.now_ns), Process("strategy", 2, clock=clock.now_ns)
    server, listener = relays.serve(MARKET), listen(address)
    assert isinstance(listener, MemoryListener)
    link = strategy.link(MARKET, partial(connect, address), topics=Topics.of(types=(PoolSwap,)))
    here, there = Roads(place, servers={place.name: server}), Roads(place, links={place.name: link})
    reading, far = reader(relays, here), reader(strategy, there)

    before = far.relays().relays[0]
    assert (before.boot_id, before.published, before.rate, before.as_of, before.refused) == (None,) * 5
    assert before.link is not None
    assert (before.link.condition, before.link.connected, before.serves) == ("lost", False, False)

    with strategy.bus.market_data.subscribe("books"):
        await nursery.start(listener.serve, server.serve)
        await nursery.start(link.run)
        nursery.start_soon(far.run)
        for number in range(4):
            relays.bus.market_data.publish([swap(ONE, (number, 0), 1 << 96)])
            await trio.sleep(1.1)
            clock.ns += 1_100_000_000
        near, seen = reading.relays().relays[0], far.relays().relays[0]
        assert (near.serves, near.link, near.boot_id, seen.boot_id) == (True, None, "100", "100")
        assert near.published == "4"
        assert (seen.medium, seen.address) == ("memory", "memory:relay")
        assert seen.link is not None
        assert (seen.link.condition, seen.link.connected, seen.link.gaps_found) == ("ok", True, 0)
        assert seen.rate is not None
        assert 0.5 < float(seen.rate.per_s) < 1.5
        (books, consumer) = seen.consumers
        assert (books.name, books.peer, books.wants, books.waiting) == ("books", None, "everything", 4)
        assert (consumer.name, consumer.lane, consumer.wants) == ("strategy", "data", "PoolSwap")
        assert [one.wants for one in near.consumers] == ["PoolSwap"]
        listener.cables[0].stall()
        await trio.sleep(2.5)
        stale = far.relays().relays[0].link
        assert stale is not None
        assert (stale.condition, stale.connected) == ("stale", True)
        listener.cables[0].cut()
        await trio.sleep(0.01)
        lost = far.relays().relays[0]
        assert lost.link is not None
        assert (lost.link.condition, lost.rate) == ("lost", None)
    nursery.cancel_scope.cancel()


async def test_anybody_who_is_logged_in_may_look() -> None:
    desk = Desk()
    assert await answer(await desk.ask("GET", "/api/v1/relays", headers=BEARER)) == {
        "process": "alphapulsed",
        "relays": [],
    }
    assert (await desk.ask("GET", "/api/v1/relays")).status_code == 401

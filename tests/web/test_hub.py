"""The broadcaster on a mock clock: what a dashboard is told, how often, and who is cut off."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock as Clock

from alphapulse_web.api.level_shapes import Risk
from alphapulse_web.api.messages import AppendDelta, AskedDelta, Beat, FramesDelta, Hello, PutDelta, Snapshot
from alphapulse_web.api.relay_shapes import Relays
from alphapulse_web.api.study_shapes import WhyNot
from alphapulse_web.api.transaction_shapes import LatestTransactions
from alphapulse_web.hub import FAULT, MAX_CLIENTS, NOT_LOGGED_IN, QUEUE, STOPPING, TOO_SLOW, Client, Hub
from tests.web.fake_backend import NOW_NS, PAIR, FakeBackend, live_frame
from tests.web.views.market_samples import FIRST, SECOND, swap

ASKED = {"relays", "risk", "transactions", "why_not"}


class Page:
    """A dashboard that reads at once and remembers when."""

    def __init__(self, hub: Hub, session: str | None = None) -> None:
        self.client = hub.join(session)
        self.messages: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.times: list[float] = []

    async def read(self) -> None:
        with self.client.scope:
            async for frame in self.client.frames:
                text = frame.text(len(self.messages))
                self.texts.append(text)
                self.messages.append(json.loads(text))
                self.times.append(trio.current_time())

    def kinds(self) -> list[str]:
        """What came, without the beats."""
        return [
            message.get("topic", message["type"]) + ("+" if message.get("op") == "append" else "")
            for message in self.messages
            if message["type"] != "beat"
        ]

    def frames(self) -> list[int]:
        """The numbers of the frames that came."""
        return [
            frame["n"]
            for message in self.messages
            if message.get("topic") == "firehose"
            for frame in message["data"]["frames"]
        ]


class Stage:
    """A hub that runs, and pages that read."""

    def __init__(self, nursery: trio.Nursery, backend: FakeBackend) -> None:
        self.nursery = nursery
        self.backend = backend
        self.hub = Hub(backend, lambda: NOW_NS)
        nursery.start_soon(self.hub.run)

    async def open(self, session: str | None = None) -> Page:
        page = Page(self.hub, session)
        self.nursery.start_soon(page.read)
        await trio.sleep(0.25)
        return page


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def stage(backend: FakeBackend, nursery: trio.Nursery) -> Stage:
    return Stage(nursery, backend)


async def test_a_page_is_told_everything_first(stage: Stage, autojump_clock: Clock) -> None:
    stage.backend.add_points(PAIR, 3)
    page = await stage.open()
    assert page.kinds() == ["hello", "snapshot"]
    assert [point["i"] for point in page.messages[1]["topics"]["pairs"]["pairs"][0]["points"]] == [0, 1, 2]


async def test_messages_have_their_shapes(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    stage.backend.touch()
    stage.backend.add_points(PAIR, 1)
    await trio.sleep(1.2)
    shapes = {"hello": Hello, "snapshot": Snapshot, "beat": Beat}
    for text, message in zip(page.texts, page.messages, strict=True):
        shape = shapes.get(message["type"], AppendDelta if message.get("op") == "append" else PutDelta)
        msgspec.convert(json.loads(text), type=shape)
    assert {message["type"] for message in page.messages} == {"hello", "snapshot", "delta", "beat"}


async def test_only_what_changed_is_told(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    stage.backend.touch("tree")
    await trio.sleep(0.2)
    stage.backend.touch("pnl", "positions")
    await trio.sleep(0.2)
    assert page.kinds()[2:] == ["tree", "pnl", "positions"]


async def test_new_points_are_appended_with_the_newest_gap(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    stage.backend.add_points(PAIR, 2)
    await trio.sleep(0.2)
    stage.backend.add_points(PAIR, 1)
    await trio.sleep(0.2)
    assert page.kinds()[2:] == ["pairs+", "pairs+"]
    appended = [message for message in page.messages if message.get("op") == "append"]
    assert [[point["i"] for point in message["data"]["points"]] for message in appended] == [[0, 1], [2]]
    assert appended[-1]["key"] == PAIR
    assert appended[-1]["data"]["gap_bps"] == "-2.3"


async def test_a_new_run_puts_everything_anew(stage: Stage, autojump_clock: Clock) -> None:
    stage.backend.add_points(PAIR, 3)
    page = await stage.open()
    stage.backend.start_run()
    stage.backend.add_points(PAIR, 1)
    await trio.sleep(0.2)
    assert page.kinds()[2:] == ["status", "tree", "chains", "pairs", "pnl", "positions", "opportunities"]
    put = next(message for message in page.messages if message.get("topic") == "pairs")
    assert [point["i"] for point in put["data"]["pairs"][0]["points"]] == [0]


async def test_pools_come_whole_once_and_then_as_they_change(stage: Stage, autojump_clock: Clock) -> None:
    """To those who asked; one who comes later is told all of them, the others only what is new."""
    first, other = await stage.open(), await stage.open()
    market = stage.backend.market
    stage.hub.subscribe(first.client, ["pools"])
    await trio.sleep(1.2)
    market.apply(swap(FIRST.id, 2000, 7))
    stage.hub.subscribe(other.client, ["pools"])
    await trio.sleep(1.2)
    market.apply(swap(SECOND.id, 2001, 8))
    await trio.sleep(1.2)

    def told(page: Page) -> list[tuple[str, list[str]]]:
        return [
            (message["op"], [pool["address"] for pool in message["data"]["pools"]])
            for message in page.messages
            if message.get("topic") == "pools"
        ]

    every, one, two = [FIRST.id.name, SECOND.id.name], [FIRST.id.name], [SECOND.id.name]
    assert [(op, sorted(pools)) for op, pools in told(first)] == [
        ("put", sorted(every)), ("change", one), ("change", two)
    ]  # fmt: skip
    assert [(op, sorted(pools)) for op, pools in told(other)] == [("put", sorted(every)), ("change", two)]


async def test_a_hole_in_the_points_puts_the_pairs_anew(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    stage.backend.add_points(PAIR, 10)
    del stage.backend.points[PAIR][:5]
    await trio.sleep(0.2)
    assert page.kinds()[2:] == ["pairs"]


async def test_a_late_page_misses_no_point_and_sees_none_twice(nursery: trio.Nursery, autojump_clock: Clock) -> None:
    """Also while pairs wait for their turn."""
    pair_ids = [f"pair {number}" for number in range(7)]
    stage = Stage(nursery, FakeBackend(pair_ids))
    pages = [await stage.open()]
    for number in range(30):
        for pair_id in pair_ids:
            stage.backend.add_points(pair_id, 2)
        if number == 15:
            pages.append(await stage.open())
        await trio.sleep(0.07)
    await trio.sleep(2)
    for page in pages:
        seen: dict[str, list[int]] = {pair_id: [] for pair_id in pair_ids}
        for pair in page.messages[1]["topics"]["pairs"]["pairs"]:
            seen[pair["id"]] += [point["i"] for point in pair["points"]]
        for message in page.messages:
            if message.get("op") == "append":
                seen[message["key"]] += [point["i"] for point in message["data"]["points"]]
        assert all(indexes == list(range(60)) for indexes in seen.values())


async def test_never_more_than_a_hundred_messages_in_a_second(nursery: trio.Nursery, autojump_clock: Clock) -> None:
    """With everything changing all the time, and more pairs than a round may tell."""
    pair_ids = [f"pair {number}" for number in range(30)]
    stage = Stage(nursery, FakeBackend(pair_ids))
    page = await stage.open()
    stage.hub.subscribe(page.client, ["firehose"])
    for _ in range(500):
        stage.backend.touch()
        stage.backend.add_frames(9)
        for pair_id in pair_ids:
            stage.backend.add_points(pair_id, 1)
        await trio.sleep(0.01)
    assert len(page.times) > 300
    for start in page.times:
        assert sum(start <= time <= start + 1 for time in page.times) < 100
    assert [message["seq"] for message in page.messages] == list(range(len(page.messages)))
    frames = [len(message["data"]["frames"]) for message in page.messages if message.get("topic") == "firehose"]
    assert 80 <= sum(frames) <= 5 * 20 + 4


async def test_frames_come_only_to_pages_that_asked_for_them(stage: Stage, autojump_clock: Clock) -> None:
    asked, other = await stage.open(), await stage.open()
    stage.backend.add_frames(1)
    stage.hub.subscribe(asked.client, ["firehose"])
    stage.backend.add_frames(6)
    await trio.sleep(0.5)
    assert asked.frames() == [1, 2, 3, 4]
    (delta,) = [message for message in asked.messages if message.get("topic") == "firehose"]
    assert msgspec.convert(delta, type=FramesDelta).data.skipped == 2
    assert other.frames() == []


async def test_frames_are_watched_while_somebody_listens(stage: Stage, autojump_clock: Clock) -> None:
    first, second = await stage.open(), await stage.open()
    stage.hub.subscribe(first.client, ["firehose"])
    stage.hub.subscribe(second.client, ["firehose"])
    stage.hub.subscribe(second.client, ["firehose"])
    stage.hub.unsubscribe(second.client, ["firehose"])
    somebody = stage.backend.watched
    assert somebody
    stage.hub.leave(first.client)
    nobody = stage.backend.watched
    assert not nobody
    stage.hub.unsubscribe(second.client, ["firehose"])
    stage.backend.frames = [live_frame(1)]
    await trio.sleep(0.5)
    assert second.frames() == []


async def test_a_page_that_asks_at_once_is_greeted_first(stage: Stage, autojump_clock: Clock) -> None:
    page = Page(stage.hub)
    stage.hub.subscribe(page.client, ["firehose"])
    stage.backend.add_frames(1)
    stage.nursery.start_soon(page.read)
    await trio.sleep(0.5)
    assert page.kinds()[:3] == ["hello", "snapshot", "firehose+"]


async def test_a_topic_is_built_once_for_all_pages(stage: Stage, autojump_clock: Clock) -> None:
    for _ in range(MAX_CLIENTS):
        await stage.open()
    stage.backend.built = 0
    stage.backend.touch("status")
    await trio.sleep(0.2)
    assert stage.backend.built == 1


async def test_a_beat_comes_each_second(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    await trio.sleep(10)
    beats = [time for time, message in zip(page.times, page.messages, strict=True) if message["type"] == "beat"]
    assert 9 <= len(beats) <= 11


async def test_a_page_that_does_not_read_is_shed_and_the_others_go_on(stage: Stage, autojump_clock: Clock) -> None:
    reader = await stage.open()
    stalled = stage.hub.join(None)
    rounds = 0
    while not stalled.scope.cancel_called:
        stage.backend.touch()
        await trio.sleep(0.1)
        rounds += 1
        assert rounds < QUEUE
    assert stalled.code == TOO_SLOW
    assert reader.client.scope.cancel_called is False
    assert len(reader.messages) >= QUEUE


async def test_the_first_reason_of_a_shed_counts() -> None:
    client = Client(None)
    client.shed(TOO_SLOW, "slow")
    client.shed(STOPPING, "stop")
    assert (client.code, client.reason) == (TOO_SLOW, "slow")


async def test_there_is_room_for_twenty_pages(stage: Stage, autojump_clock: Clock) -> None:
    for _ in range(MAX_CLIENTS):
        await stage.open()
    late = stage.hub.join(None)
    assert late.scope.cancel_called
    assert late.code == TOO_SLOW


async def test_a_page_that_leaves_is_forgotten(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    stage.hub.leave(page.client)
    stage.backend.touch()
    await trio.sleep(1)
    assert page.kinds() == ["hello", "snapshot"]


async def test_the_end_of_a_session_sheds_its_pages_only(stage: Stage, autojump_clock: Clock) -> None:
    mine, other = await stage.open("mine"), await stage.open("other")
    stage.hub.end_session("mine")
    assert mine.client.scope.cancel_called
    assert mine.client.code == NOT_LOGGED_IN
    assert not other.client.scope.cancel_called


async def test_closing_sheds_everybody_and_lets_nobody_in(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()
    stage.hub.close()
    assert page.client.code == STOPPING
    assert stage.hub.join(None).code == STOPPING


async def test_a_fault_of_the_daemon_cuts_the_pages_off_and_ends_nothing(
    stage: Stage, autojump_clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A page that went on beating would look alive with old data."""
    page = await stage.open()
    stage.backend.fault = RuntimeError("broken")
    await trio.sleep(0.2)
    assert page.client.code == FAULT
    assert "broken" in caplog.text
    stage.hub.leave(page.client)
    stage.backend.fault = None
    await trio.sleep(2)
    assert (await stage.open()).kinds() == ["hello", "snapshot"]


async def test_a_daemon_that_does_not_answer_cuts_the_pages_off(stage: Stage, autojump_clock: Clock) -> None:
    page = await stage.open()

    async def never(run: int | None = None) -> Any:
        await trio.sleep_forever()

    stage.backend.pnl = never  # type: ignore[method-assign]
    stage.backend.touch("pnl")
    await trio.sleep(3)
    assert page.client.code == FAULT


async def test_what_a_page_asks_for_comes_at_once_and_then_once_a_second_to_it_alone(
    stage: Stage, autojump_clock: Clock
) -> None:
    """Nothing is read while nobody looks."""
    watching, other = await stage.open(), await stage.open()
    await trio.sleep(2)
    assert stage.backend.calls == []
    stage.hub.subscribe(watching.client, ["relays", "risk", "transactions", "why_not"])
    await trio.sleep(2.95)
    assert [kind for kind in watching.kinds() if kind in ASKED] == ["relays", "risk", "why_not", "transactions"] * 3
    assert ASKED.isdisjoint(other.kinds())
    shapes = {"relays": Relays, "risk": Risk, "transactions": LatestTransactions, "why_not": WhyNot}
    for text, message in zip(watching.texts, watching.messages, strict=True):
        if message.get("topic") in shapes:
            msgspec.convert(json.loads(text), type=AskedDelta)
            msgspec.convert(message["data"], type=shapes[message["topic"]])
    stage.hub.unsubscribe(watching.client, ["risk", "transactions", "why_not"])
    await trio.sleep(2)
    assert [kind for kind in watching.kinds() if kind in ASKED][12:] == ["relays"] * 2

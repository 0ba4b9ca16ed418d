"""Replies that are kept: an action acts once, whatever is repeated and whoever dies."""

from __future__ import annotations

import random
import sqlite3
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from alphapulse_web.control_store import IN_MEMORY, ControlStore
from alphapulse_web.errors import ApiError, StoreError
from alphapulse_web.idempotency import MAX_REPLIES, SAVE_WAIT_S, Replies, Reply
from tests.fakes.inline_blocking import run_inline
from tests.web.web_client import Clock

DAY_S = 24 * 3600


class Bench:
    """Replies over a file, and how often each key has acted."""

    def __init__(self, path: Path = IN_MEMORY, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.store = ControlStore(path, run_inline)
        self.replies = Replies(self.store, self.clock.now_ns)
        self.acts: list[str] = []

    async def ask(
        self, key: str, body: bytes = b"", *, owner: str = "a", halt: bool = False, fails: Exception | None = None
    ) -> Reply:
        async def act() -> Reply:
            await trio.lowlevel.checkpoint()
            self.acts.append(key)
            if fails is not None:
                raise fails
            return Reply(200, f"{key} {len(self.acts)}".encode())

        return await self.replies.once(owner, key, body, act, halt=halt)

    async def refused(self, key: str, body: bytes = b"", *, halt: bool = False) -> str:
        """The code with which it is refused."""
        with pytest.raises(ApiError) as refusal:
            await self.ask(key, body, halt=halt)
        return refusal.value.code


@pytest.mark.parametrize("halt", [False, True])
async def test_the_same_key_and_body_give_the_same_reply_and_act_once(halt: bool) -> None:
    bench = Bench()
    replies = [await bench.ask("k", halt=halt) for _ in range(3)]
    assert set(replies) == {Reply(200, b"k 1")}
    assert bench.acts == ["k"]
    assert await bench.refused("k", b"another", halt=halt) == "key_reused"


async def test_two_callers_may_use_the_same_key() -> None:
    bench = Bench()
    assert await bench.ask("k", owner="a") != await bench.ask("k", b"another", owner="b")


async def test_a_reply_outlives_its_process(tmp_path: Path) -> None:
    reply = await Bench(tmp_path / "s").ask("k")
    again = Bench(tmp_path / "s")
    assert await again.ask("k") == reply
    assert again.acts == []


async def test_the_reply_to_a_halt_outlives_its_process_when_it_was_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "s")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.replies.run)
        await trio.testing.wait_all_tasks_blocked()
        reply = await bench.ask("k", halt=True)
        nursery.cancel_scope.cancel()
    again = Bench(tmp_path / "s")
    again.replies.restore((await again.store.load())[0])
    assert await again.ask("k", halt=True) == reply
    assert again.acts == []


async def test_what_was_begun_before_a_crash_is_never_acted_again(tmp_path: Path) -> None:
    """Whether it has acted nobody knows: it is on the disk before it acts, and its reply was never told."""
    bench = Bench(tmp_path / "s")
    with pytest.raises(RuntimeError):
        await bench.ask("k", fails=RuntimeError("the process died here"))
    again = Bench(tmp_path / "s")
    assert await again.refused("k") == "outcome_unknown"
    assert await again.refused("k", b"another") == "key_reused"
    assert again.acts == []


async def test_an_act_that_was_not_confirmed_is_not_acted_again() -> None:
    bench = Bench()
    with pytest.raises(ApiError):
        await bench.ask("k", fails=ApiError(503, "unconfirmed", "?"))
    assert await bench.refused("k") == "outcome_unknown"


async def test_a_halt_that_was_not_confirmed_is_tried_again() -> None:
    bench = Bench()
    with pytest.raises(ApiError):
        await bench.ask("k", halt=True, fails=ApiError(503, "unconfirmed", "?"))
    assert (await bench.ask("k", halt=True)).status == 200


async def test_a_refusal_is_judged_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "s")
    with pytest.raises(ApiError):
        await bench.ask("k", fails=ApiError(409, "not_allowed", "not yet"))
    assert (await bench.ask("k")).status == 200
    assert await Bench(tmp_path / "s").ask("k") == Reply(200, b"k 2")


async def test_what_is_on_the_disk_is_there_before_the_act(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "s")
    seen: list[int] = []

    async def act() -> Reply:
        await trio.lowlevel.checkpoint()
        with sqlite3.connect(tmp_path / "s") as other:
            seen.extend(count for (count,) in other.execute("SELECT count(*) FROM reply WHERE status IS NULL"))
        other.close()
        return Reply(200, b"")

    await bench.replies.once("a", "k", b"", act, halt=False)
    assert seen == [1]


class FullDisk(ControlStore):
    """A store that cannot be written."""

    async def _do(self, act: object) -> None:  # type: ignore[override]
        await trio.lowlevel.checkpoint()
        raise StoreError("the disk is full")


async def test_a_full_disk_stops_every_action_but_a_halt() -> None:
    bench = Bench()
    bench.replies = Replies(FullDisk(IN_MEMORY, run_inline), bench.clock.now_ns)
    assert await bench.refused("k") == "not_stored"
    assert bench.acts == []
    assert (await bench.ask("h", halt=True)).status == 200
    assert bench.acts == ["h"]


class HungDisk(ControlStore):
    """A store that never answers."""

    async def _do(self, act: object) -> None:  # type: ignore[override]
        await trio.sleep_forever()


async def test_a_disk_that_hangs_holds_a_halt_up_for_a_fiftieth_of_a_second(autojump_clock: MockClock) -> None:
    bench = Bench()
    bench.replies = Replies(HungDisk(IN_MEMORY, run_inline), bench.clock.now_ns)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.replies.run)
        await trio.testing.wait_all_tasks_blocked()
        for key in ("1", "2", "1"):
            assert (await bench.ask(key, halt=True)).status == 200
        assert trio.current_time() == 2 * SAVE_WAIT_S
        assert bench.acts == ["1", "2"]
        nursery.cancel_scope.cancel()


async def test_replies_are_kept_for_a_day(tmp_path: Path, autojump_clock: MockClock) -> None:
    bench = Bench(tmp_path / "s")
    await bench.ask("k")
    bench.clock.advance(DAY_S - 1)
    await bench.ask("k")
    assert bench.acts == ["k"]
    bench.clock.advance(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.replies.run)
        await trio.sleep(100)
        assert (await bench.store.load())[0] == []
        nursery.cancel_scope.cancel()
    await bench.ask("k")
    assert bench.acts == ["k", "k"]


async def test_replies_are_not_kept_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["alphapulse_web.idempotency"], "MAX_REPLIES", 5)
    assert MAX_REPLIES == 10_000
    bench = Bench()
    for number in range(7):
        await bench.ask(str(number))
    assert [one.key for one in (await bench.store.load())[0]] == ["2", "3", "4", "5", "6"]


async def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "control.sqlite"
    path.write_bytes(b"this is no database" * 100)
    bench = Bench(path)
    assert (await bench.ask("k")).status == 200
    assert (tmp_path / "control.broken").exists()
    assert "set aside" in caplog.text


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    await Bench(tmp_path / "control.sqlite").ask("k")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("key", [None, "", "k" * 129, "a\nb", "a\x00b"])
async def test_a_key_is_wanted(key: str | None) -> None:
    bench = Bench()
    with pytest.raises(ApiError) as refusal:
        await bench.replies.once("a", key, b"", lambda: bench.ask("never"), halt=True)
    assert (refusal.value.status, bench.acts) == (400, [])


async def test_keys_that_are_asked_at_once_and_again_after_deaths_act_at_most_once(tmp_path: Path) -> None:
    """Each round is a process: it dies with some acts begun, and the next one finds what the disk has."""
    chance = random.Random(7)
    acted: dict[str, int] = {}
    told: dict[str, bytes] = {}
    for _ in range(12):
        store = ControlStore(tmp_path / "s", run_inline)
        replies = Replies(store, Clock().now_ns)
        keys = [str(chance.randrange(60)) for _ in range(40)]
        doomed = set(chance.sample(keys, 3))

        async def one(key: str, replies: Replies = replies, doomed: set[str] = doomed) -> None:
            async def act() -> Reply:
                await trio.lowlevel.checkpoint()
                if key in doomed and chance.random() < 0.5:
                    raise RuntimeError("died before the effect")
                acted[key] = acted.get(key, 0) + 1
                if key in doomed:
                    raise RuntimeError("died after the effect")
                return Reply(200, f"{key}: {acted[key]}".encode())

            try:
                reply = await replies.once("a", key, key.encode(), act, halt=False)
            except (ApiError, RuntimeError):
                return
            assert told.setdefault(key, reply.body) == reply.body

        async with trio.open_nursery() as nursery:
            for key in keys:
                nursery.start_soon(one, key)
        await store.aclose()
    assert len(told) > 20
    assert set(acted.values()) == {1}

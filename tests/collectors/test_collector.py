"""The recorded collector: every log is handed over or counted, block by block, at the pace that was asked for."""

from __future__ import annotations

import gzip
from collections import Counter
from itertools import groupby, pairwise
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from alphapulse.collectors.recorded import recording
from alphapulse.collectors.recorded.collector import PAUSE_BEFORE_REPEAT_S
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.data.market import BlockCompleted, PoolEvent, StreamState, StreamStatus
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import RecordingError
from tests.collectors.recording_files import Log, position, text, whole_blocks, write
from tests.collectors.replay_bench import ReplayBench, terms
from tests.fakes.cancellation import cancel_at_step
from tests.fakes.open_files import open_files_in
from tests.rules.events.recorded_day import DAY, log_objects

DAY_LOGS = DAY / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"
RECORDINGS = Path(__file__).parents[1] / "vectors/recordings"
LOGS = whole_blocks(12)
TIMES_S = sorted({int(log["blockTimestamp"], 16) for log in LOGS})
FOREIGN = "0x" + "11" * 20
OVER = (StreamState.ENDED, "the recording is over")


async def replay(tmp_path: Path, logs: list[Log | bytes], **changes: object) -> ReplayBench:
    bench = ReplayBench([write(tmp_path / "logs", logs)], terms(**changes))
    await bench.run_to_end()
    return bench


def stamps(events: list[PoolEvent]) -> list[tuple[int, int]]:
    return [event.stamp.position for event in events]


async def test_the_half_day_gives_every_event_and_refuses_none(autojump_clock: MockClock) -> None:
    bench = ReplayBench([DAY_LOGS])
    await bench.run_to_end()
    counts = bench.collector.counts
    assert counts.logs == 3121
    assert counts.events == {"v3_swap": 3005, "v3_mint": 31, "v3_burn": 43, "v3_collect": 42}
    assert counts.refused == {}
    assert stamps(bench.events) == [position(log) for log in log_objects()]
    assert counts.blocks == len(bench.completed) == len({log["blockNumber"] for log in log_objects()})


async def test_a_day_of_another_chain_gives_its_events(autojump_clock: MockClock) -> None:
    pools = load_pools(RECORDINGS / "usdce_weth_005.pools.json")
    bench = ReplayBench([RECORDINGS / "usdce_weth_005_2021-12-22.logs.jsonl.gz"], pools=pools)
    await bench.run_to_end()
    assert bench.collector.counts.events == {"v3_swap": 199, "v3_mint": 7, "v3_burn": 2, "v3_collect": 2}
    assert bench.collector.counts.refused == {}
    assert {event.pool for event in bench.events} == {pools[0].id}
    assert {block.chain_id for block in bench.completed} == {137}


async def test_blocks_are_handed_over_whole_behind_reset_and_fresh(autojump_clock: MockClock, tmp_path: Path) -> None:
    bench = await replay(tmp_path, [*LOGS])
    shape = [type(message).__name__ for message in bench.messages]
    assert shape[:2] == ["StreamStatus", "StreamStatus"]
    assert [state for state, _ in bench.states[:3]] == [StreamState.RESET, StreamState.FRESH, StreamState.ENDED]
    handed = [message for message in bench.messages if not isinstance(message, StreamStatus)]
    for number, logs in groupby(LOGS, key=lambda log: int(log["blockNumber"], 16)):
        here = list(logs)
        events, handed = handed[: len(here)], handed[len(here) :]
        assert [event.stamp.position for event in events] == [position(log) for log in here]  # type: ignore[attr-defined]
        completed = handed.pop(0)
        time_ns = int(here[0]["blockTimestamp"], 16) * 10**9
        assert completed == BlockCompleted(1, number, position(here[-1])[1], time_ns, len(here), None, None)
    assert handed == []


async def test_a_block_waits_until_everybody_has_dealt_with_the_one_before(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """A consumer that takes its time is never handed two blocks at once."""
    bench = ReplayBench([write(tmp_path / "logs", LOGS)])
    batches: list[int] = []

    async def dawdle(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with bench.bus.market_data.subscribe("dawdler", types=(BlockCompleted,)) as subscription:
            task_status.started()
            while True:
                batches.append(len(await subscription.receive()))
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        await nursery.start(dawdle)
        await bench.run_to_end()
        nursery.cancel_scope.cancel()
    assert batches == [1] * 12
    assert trio.current_time() >= 12


WRONG: dict[str, tuple[str, Log]] = {
    "data too short": ("wrong_length", {"data": LOGS[3]["data"][:-2]}),
    "data too long": ("wrong_length", {"data": LOGS[3]["data"] + "00"}),
    "no data": ("wrong_length", {"data": "0x"}),
    "no hex": ("not_hex", {"data": LOGS[3]["data"][:-2] + "zz"}),
    "unknown topic": ("unknown_topic", {"topics": ["0x" + "ab" * 32]}),
    "no topic": ("unknown_topic", {"topics": []}),
    "topic missing": ("wrong_topics", {"topics": LOGS[3]["topics"][:2]}),
    "foreign emitter": ("not_admitted", {"address": FOREIGN}),
    "taken back": ("removed", {"removed": True}),
    "no time": ("no_time", {"blockTimestamp": None}),
    "no block": ("not_hex", {"blockNumber": ""}),
    "a field of another type": ("not_a_log", {"data": 5}),
    "a time beyond all times": ("out_of_range", {"blockTimestamp": "0x" + "f" * 60}),
}


@pytest.mark.parametrize("speed_ppm", [0, 1_000_000])
@pytest.mark.parametrize("name", WRONG)
async def test_a_log_that_is_not_believed_is_counted_and_costs_no_other(
    autojump_clock: MockClock, tmp_path: Path, name: str, speed_ppm: int
) -> None:
    reason, changes = WRONG[name]
    bench = await replay(tmp_path, [*LOGS[:3], LOGS[3] | changes, *LOGS[3:]], speed_ppm=speed_ppm)
    assert dict(bench.collector.counts.refused) == {reason: 1}
    assert stamps(bench.events) == [position(log) for log in LOGS]
    assert bench.ends == [None]
    assert trio.current_time() <= TIMES_S[-1] - TIMES_S[0]


async def test_duplicates_are_counted_and_handed_over_once(autojump_clock: MockClock, tmp_path: Path) -> None:
    bench = await replay(tmp_path, [log for log in LOGS for _ in range(3)])
    assert dict(bench.collector.counts.refused) == {"duplicate": 2 * len(LOGS)}
    assert stamps(bench.events) == [position(log) for log in LOGS]


async def test_a_log_that_contradicts_one_is_counted_and_the_first_stays(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    other = LOGS[3] | {"transactionHash": "0x" + "77" * 32}
    bench = await replay(tmp_path, [*LOGS[:4], other, *LOGS[4:]])
    clean = await replay(tmp_path, [*LOGS])
    assert dict(bench.collector.counts.refused) == {"conflict": 1}
    assert bench.events == clean.events


async def test_disorder_beyond_the_window_is_counted_log_by_log(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WINDOW", 1024)
    day = list(log_objects())
    bench = await replay(tmp_path, [*day[5:], *day[:5]])
    assert dict(bench.collector.counts.refused) == {"out_of_order": 5}
    assert stamps(bench.events) == [position(log) for log in day[5:]]


GARBAGE = st.binary(max_size=40).filter(lambda data: b"\n" not in data and data.strip() and data[:2] != b"\x1f\x8b")
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "address": st.sampled_from([FOREIGN, LOGS[0]["address"].upper(), "0x", ""]),
        "topics": st.lists(st.sampled_from([*LOGS[0]["topics"], "0x", "0x" + "ff" * 32]), max_size=5),
        "data": st.sampled_from(["0x", "", "0x" + "ff" * 160, "0x" + "00" * 160, "0x" + "00" * 128])
        | st.text(max_size=9),
        "blockNumber": st.sampled_from(["0x0", "0xffffffffffffffffff", "-0x1", "0x_1", "0x11f2a00"]),
        "logIndex": st.sampled_from(["0x0", "0xffffffff", "0x100000000", "1"]),
        "blockTimestamp": st.sampled_from(["0x0", "0xffffffffffffffff", "-0x1", None]),
        "removed": st.booleans(),
    },
)


@given(strange=st.lists(st.tuples(st.integers(0, len(LOGS)), GARBAGE | FIELDS), max_size=8))
def test_no_line_is_lost_and_no_line_ends_the_replay(
    tmp_path_factory: pytest.TempPathFactory, strange: list[tuple[int, bytes | Log]]
) -> None:
    """Whatever stands between real logs: each line is an event or is counted under a reason."""
    lines: list[Log | bytes] = [*LOGS]
    for at, what in sorted(strange, reverse=True, key=lambda item: item[0]):
        lines.insert(at, what if isinstance(what, bytes) else LOGS[min(at, len(LOGS) - 1)] | what)

    async def main() -> ReplayBench:
        return await replay(tmp_path_factory.getbasetemp(), lines)

    bench = trio.run(main, clock=MockClock(autojump_threshold=0))
    counts = bench.collector.counts
    assert sum(counts.events.values()) + sum(counts.refused.values()) == len(lines)
    assert len(bench.events) == sum(counts.events.values())
    assert bench.ends == [None]


async def test_a_truncated_recording_ends_with_its_problem_behind_all_that_was_read(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    path = tmp_path / "logs.gz"
    path.write_bytes(gzip.compress(text(LOGS))[:-8])
    bench = ReplayBench([path])
    await bench.run_to_end()
    assert stamps(bench.events) == [position(log) for log in LOGS]
    (problem,) = bench.ends
    assert isinstance(problem, RecordingError)
    assert bench.states[-1] == (StreamState.ENDED, str(problem))


async def test_a_missing_file_ends_the_stream_and_not_the_collector(autojump_clock: MockClock, tmp_path: Path) -> None:
    bench = ReplayBench([tmp_path / "/".join(["x" * 200] * 8)], terms(speed_ppm=60_000_000))
    await bench.run_to_end()
    assert isinstance(bench.ends[0], RecordingError)
    assert [state for state, _ in bench.states] == [StreamState.RESET, StreamState.ENDED]
    assert len(bench.states[-1][1].encode()) <= SENTENCE.limit


@pytest.mark.parametrize("speed_ppm", [0, 1_000_000])
async def test_an_empty_recording_is_over_at_once(autojump_clock: MockClock, tmp_path: Path, speed_ppm: int) -> None:
    bench = await replay(tmp_path, [], speed_ppm=speed_ppm)
    assert bench.ends == [None]
    assert bench.states == [(StreamState.RESET, "the daemon started"), OVER]
    assert bench.collector.counts.logs == 0
    assert bench.collector.span_ns is None


@pytest.mark.parametrize("speed", [1, 60, 1000])
async def test_blocks_are_handed_over_at_their_recorded_times(
    autojump_clock: MockClock, tmp_path: Path, speed: int
) -> None:
    bench = await replay(tmp_path, [*LOGS], speed_ppm=speed * 1_000_000)
    handed = [(at, message.venue_time_ns) for at, message in bench.heard if isinstance(message, BlockCompleted)]
    assert handed == [((time_s - TIMES_S[0]) / speed, time_s * 10**9) for time_s in TIMES_S]
    assert bench.collector.span_ns == (TIMES_S[0] * 10**9, TIMES_S[-1] * 10**9)


async def test_at_full_speed_no_time_passes(autojump_clock: MockClock, tmp_path: Path) -> None:
    await replay(tmp_path, [*LOGS])
    assert trio.current_time() == 0


async def test_start_and_end_set_where_the_pace_begins(autojump_clock: MockClock, tmp_path: Path) -> None:
    start_ns, end_ns = TIMES_S[4] * 10**9, TIMES_S[9] * 10**9
    bench = await replay(tmp_path, [*LOGS], speed_ppm=1_000_000, start_ns=start_ns, end_ns=end_ns)
    handed = [at for at, message in bench.heard if isinstance(message, BlockCompleted)]
    assert handed == [time_s - TIMES_S[4] for time_s in TIMES_S[4:9]]


@pytest.mark.parametrize("time", ["0x0", "0xffffffff", "0x" + "f" * 60])
async def test_logs_of_others_do_not_set_the_pace(autojump_clock: MockClock, tmp_path: Path, time: str) -> None:
    """A foreign log with a wild timestamp neither holds the replay for years nor moves its span."""
    alien = {"address": FOREIGN, "blockTimestamp": time}
    first = LOGS[0] | alien | {"logIndex": "0x0"}
    bench = await replay(tmp_path, [first, *LOGS, LOGS[-1] | alien], speed_ppm=1_000_000)
    assert trio.current_time() == TIMES_S[-1] - TIMES_S[0]
    assert bench.collector.span_ns == (TIMES_S[0] * 10**9, TIMES_S[-1] * 10**9)
    assert dict(bench.collector.counts.refused) == {"not_admitted": 2}


async def test_the_market_clock_runs_with_the_replay_and_stops_at_its_end(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    bench = ReplayBench([write(tmp_path / "logs", LOGS)], terms(speed_ppm=60_000_000, at_end="hold"))
    seen: list[int | None] = []

    async def look() -> None:
        for _ in range(3):
            await trio.sleep(0.1)
            seen.append(bench.clock.now_ns())
        await trio.sleep(10_000)
        seen.append(bench.clock.now_ns())

    await bench.run_until(look)
    start_ns = TIMES_S[0] * 10**9
    assert seen == [start_ns + n * 6 * 10**9 for n in (1, 2, 3)] + [TIMES_S[-1] * 10**9]


async def test_events_bear_the_wall_clock_of_their_receiving(autojump_clock: MockClock, tmp_path: Path) -> None:
    bench = await replay(tmp_path, [*LOGS])
    assert {event.stamp.received_ns for event in bench.events} == {7}


@pytest.mark.parametrize("at_end", ["stop", "hold"])
async def test_stop_and_hold_say_that_it_is_over_once_and_stay(
    autojump_clock: MockClock, tmp_path: Path, at_end: str
) -> None:
    bench = ReplayBench([write(tmp_path / "logs", LOGS)], terms(at_end=at_end))
    await bench.run_for(100_000)
    assert bench.ends == [None]
    assert bench.states[-1] == OVER, "a recording that was over is not stale when the daemon stops"
    assert bench.collector.finished


async def test_repeat_begins_a_new_run_in_which_everything_comes_again(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    bench = ReplayBench([write(tmp_path / "logs", [*LOGS, b"garbage"])], terms(at_end="repeat"))
    await bench.run_for(2.5 * PAUSE_BEFORE_REPEAT_S)
    again = "the recording began again"
    assert bench.runs == ["the daemon started", again, again]
    assert [at for at, message in bench.heard if _is(message, StreamState.RESET)] == [0, 5, 10]
    assert [reason for state, reason in bench.states if state is StreamState.RESET] == bench.runs
    third = len(bench.messages) // 3
    passes = [bench.messages[at : at + third] for at in (0, third, 2 * third)]
    assert passes[0][1:] == passes[1][1:] == passes[2][1:]
    assert bench.ends == [None] * 3
    assert bench.collector.counts.logs == len(LOGS), "counts are those of the pass"
    assert dict(bench.collector.counts.refused) == {"not_json": 1}


def _is(message: object, state: StreamState) -> bool:
    return isinstance(message, StreamStatus) and message.state is state


async def test_a_run_is_open_before_its_reset_is_published(autojump_clock: MockClock, tmp_path: Path) -> None:
    """`begin_run` is awaited: nobody hears of a new run that is not in the books yet."""
    bench = ReplayBench([write(tmp_path / "logs", LOGS)])
    heard_at_begin: list[int] = []

    async def begin(reason: str) -> None:
        await trio.sleep(3)
        heard_at_begin.append(len(bench.heard))

    bench.collector._begin_run = begin
    await bench.run_to_end()
    assert heard_at_begin == [0]
    assert bench.heard[0][0] == 3


async def test_a_repeat_makes_the_bus_forget_the_pools(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A consumer that comes after the reset starts from nothing, not from the old run's last state."""
    bench = ReplayBench([write(tmp_path / "logs", LOGS)], terms(at_end="repeat"))
    snapshots: list[int] = []

    async def look(reason: str) -> None:
        snapshots.append(len(list(bench.bus._book.snapshot())))

    async def look_behind_resets(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with bench.bus.market_data.subscribe("late", types=(StreamStatus,)) as subscription:
            task_status.started()
            while True:
                if any(_is(message, StreamState.RESET) for message in await subscription.receive()):
                    await look("")

    async with trio.open_nursery() as nursery:
        await nursery.start(look_behind_resets)
        bench.collector._begin_run = look
        await bench.run_for(7)
        nursery.cancel_scope.cancel()
    pools = len({log["address"] for log in LOGS})
    assert snapshots == [0, 0, pools, 0], "at the first begin and reset, at the second begin and reset"


@pytest.mark.parametrize("speed_ppm", [0, 3_600_000_000])
async def test_a_cancellation_at_any_checkpoint_closes_the_files_and_says_stale(
    autojump_clock: MockClock, tmp_path: Path, speed_ppm: int
) -> None:
    path = write(tmp_path / "logs", LOGS, packed=True)
    ends: Counter[StreamState] = Counter()
    step, reached = 0, True
    while reached:
        step += 1
        bench = ReplayBench([path, path], terms(speed_ppm=speed_ppm))
        async with trio.open_nursery() as nursery:
            await nursery.start(bench.listen)
            reached = await cancel_at_step(step, bench.collector.run)
            nursery.cancel_scope.cancel()
        assert open_files_in(tmp_path) == [], f"step {step}"
        status = bench.bus.streams["day"]
        assert status.state is (StreamState.ENDED if bench.collector.finished else StreamState.STALE), f"step {step}"
        ends[status.state] += 1
    assert ends[StreamState.STALE] > len(TIMES_S)
    assert ends[StreamState.ENDED] >= 1


async def test_a_cancelled_collector_closes_its_files_also_where_threads_read(tmp_path: Path) -> None:
    path = write(tmp_path / "logs", list(log_objects()), packed=True)
    for blocks in (1, 300, 700):
        bench = ReplayBench([path], run_blocking=trio.to_thread.run_sync)

        async def enough(blocks: int = blocks, bench: ReplayBench = bench) -> None:
            while bench.collector.counts.blocks < blocks:  # noqa: ASYNC110 - no event tells of it
                await trio.lowlevel.checkpoint()

        await bench.run_until(enough)
        assert open_files_in(tmp_path) == []
        assert bench.bus.streams["day"].reason == "the collector was stopped"


async def test_a_restarted_collector_begins_a_new_run_and_says_why(autojump_clock: MockClock, tmp_path: Path) -> None:
    bench = ReplayBench([write(tmp_path / "logs", LOGS)])
    async with trio.open_nursery() as nursery:
        await nursery.start(bench.listen)
        assert await cancel_at_step(8, bench.collector.run)
        nursery.cancel_scope.cancel()
    bench.heard.clear()
    await bench.run_to_end()
    assert bench.runs == ["the daemon started", "the collector was restarted"]
    assert stamps(bench.events) == [position(log) for log in LOGS]


async def test_blocks_come_in_ascending_order(autojump_clock: MockClock) -> None:
    bench = ReplayBench([DAY_LOGS, DAY_LOGS])
    await bench.run_to_end()
    assert all(first.block_number < second.block_number for first, second in pairwise(bench.completed))
    assert dict(bench.collector.counts.refused) == {"duplicate": 3121}

"""The journal keeps every record in order, through cancellations, crashes and failing disks."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.errors import JournalError, ProtocolError
from alphapulse.journal.journal import SYNC_INTERVAL_S, Journal, SystemCalls
from alphapulse.journal.journal_file import read_records, verify
from tests.journal.journal_samples import Clock, audit, fill, halt, intent, run_ended, run_started, signal


class Disk:
    """System calls that count, and fail, stop short or wait when told to."""

    def __init__(self) -> None:
        self.syncs = 0
        self.room = 1 << 20
        self.fail_sync = False
        self.write_limit = 1 << 20
        self.gate = threading.Event()
        self.gate.set()

    @property
    def calls(self) -> SystemCalls:
        return SystemCalls(write=self.write, fdatasync=self.sync)

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, data[: min(self.write_limit, self.room)])
        self.room -= written
        return written

    def sync(self, descriptor: int) -> None:
        self.syncs += 1
        self.gate.wait(timeout=30)
        if self.fail_sync:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(descriptor)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def disk() -> Disk:
    return Disk()


def opened(path: Path, disk: Disk | None = None) -> AbstractAsyncContextManager[Journal]:
    system = SystemCalls() if disk is None else disk.calls
    return Journal.open(path, now_ns=Clock(), run_blocking=trio.to_thread.run_sync, system=system)


def change_mode(path: Path) -> None:
    path.touch(mode=0o644)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def size_of(path: Path) -> int:
    return path.stat().st_size


def change_bytes(path: Path, change: Callable[[bytes], bytes]) -> bytes:
    """The file's new content."""
    path.write_bytes(change(path.read_bytes()))
    return path.read_bytes()


def flip_bit(content: bytes) -> bytes:
    return content[:200] + bytes((content[200] ^ 4,)) + content[201:]


def records_of(path: Path) -> list[object]:
    return [record for _, record in read_records(path)]


async def test_records_come_back_in_order_with_their_indices(path: Path) -> None:
    async with opened(path) as journal:
        assert await journal.append([run_started(), signal()], sync=False) == 2
        assert await journal.append([intent()], sync=True) == 3
        assert journal.append_now([fill(), audit()]) == 5
        assert journal.records == 5
        assert list(journal.recovered) == []
        head_hash = journal.head_hash
    async with opened(path) as journal:
        expected = enumerate([run_started(), signal(), intent(), fill(), audit()], 1)
        assert list(journal.recovered) == list(expected)
        assert (journal.records, journal.head_hash, journal.cut_bytes) == (5, head_hash, 0)
        journal.append_now([run_ended()])
        assert len(list(journal.recovered)) == 5
    verdict = verify(path)
    assert (verdict.records, verdict.problem) == (6, None)


async def test_amounts_of_256_bits_come_back_exactly(path: Path) -> None:
    record = fill(gross=2**255 - 1, gas_wei=2**256 - 1)
    async with opened(path) as journal:
        journal.append_now([record])
    assert records_of(path) == [record]


async def test_file_is_for_its_owner_only(path: Path) -> None:
    change_mode(path)
    async with opened(path):
        assert mode_of(path) == 0o600


async def test_second_opener_is_refused_and_the_first_goes_on(path: Path) -> None:
    async with opened(path) as journal:
        with pytest.raises(JournalError, match="two daemons must not share a data folder"):
            async with opened(path):
                pytest.fail("the lock did not hold")
        journal.append_now([audit()])
    async with opened(path) as journal:
        assert journal.records == 1


async def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="nowhere/journal, found: No such file or directory"):
        async with opened(tmp_path / "nowhere" / "journal"):
            pytest.fail("there is no folder")


async def test_torn_tail_is_cut_told_and_written_over(path: Path) -> None:
    async with opened(path) as journal:
        journal.append_now([run_started(), signal()])
        whole = journal.size_bytes
        journal.append_now([fill()])
    torn = change_bytes(path, lambda content: content[:-1])
    async with opened(path) as journal:
        assert journal.cut_bytes == len(torn) - whole
        assert size_of(path) == whole
        assert journal.append_now([audit()]) == 3
    assert records_of(path) == [run_started(), signal(), audit()]


async def test_rot_in_the_middle_is_refused_and_left_as_it_is(path: Path) -> None:
    async with opened(path) as journal:
        journal.append_now([run_started(), signal(), fill()])
    rotten = change_bytes(path, flip_bit)
    with pytest.raises(JournalError, match=r"damaged at byte \d+: .* nothing was changed"):
        async with opened(path):
            pytest.fail("the rot was not seen")
    assert change_bytes(path, bytes) == rotten


async def test_hook_sees_every_record_once_and_in_order(path: Path) -> None:
    seen: list[tuple[int, object]] = []
    async with opened(path) as journal:

        def hook(records: Sequence[tuple[int, object]]) -> None:
            assert journal.records == records[-1][0]
            seen.extend(records)

        journal.on_append = hook
        await journal.append([run_started(), signal()], sync=True)
        journal.append_now([fill()])
    assert seen == [(1, run_started()), (2, signal()), (3, fill())]


async def test_message_that_cannot_be_encoded_writes_nothing(path: Path) -> None:
    async with opened(path) as journal:
        with pytest.raises(ProtocolError):
            journal.append_now([audit(), object()])
        assert (journal.records, size_of(path)) == (0, 0)
        assert journal.append_now([audit()]) == 1
    assert verify(path).problem is None


async def test_synced_append_returns_after_the_sync(path: Path, disk: Disk) -> None:
    async with opened(path, disk) as journal:
        disk.gate.clear()
        async with trio.open_nursery() as nursery:
            done = False

            async def append() -> None:
                nonlocal done
                await journal.append([intent()], sync=True)
                done = True

            nursery.start_soon(append)
            await wait_all_tasks_blocked()
            assert not done
            assert records_of(path) == [intent()]
            disk.gate.set()
        assert done


async def test_waiters_share_syncs(path: Path, disk: Disk) -> None:
    """What is written while a sync is under way is covered by the next one, all of it."""
    async with opened(path, disk) as journal:
        disk.gate.clear()
        async with trio.open_nursery() as nursery:
            for i in range(10):
                nursery.start_soon(partial(journal.append, [signal(i)], sync=True))
            await wait_all_tasks_blocked()
            for i in range(10, 60):
                nursery.start_soon(partial(journal.append, [signal(i)], sync=True))
            await wait_all_tasks_blocked()
            disk.gate.set()
        assert disk.syncs == 2
        assert journal.records == 60


async def test_halt_is_written_while_a_sync_hangs(path: Path, disk: Disk) -> None:
    async with opened(path, disk) as journal:
        disk.gate.clear()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(journal.append, [intent()], sync=True))
            await wait_all_tasks_blocked()
            assert journal.append_now([halt()]) == 2
            assert records_of(path) == [intent(), halt()]
            disk.gate.set()


async def test_cancelled_append_is_in_the_file_and_others_are_synced(path: Path, disk: Disk) -> None:
    async with opened(path, disk) as journal:
        with trio.CancelScope() as scope:
            scope.cancel()
            await journal.append([intent()], sync=True)
        assert scope.cancelled_caught
        assert records_of(path) == [intent()]
        assert disk.syncs == 0
        await journal.append([audit()], sync=True)
        assert disk.syncs == 1
    assert verify(path).records == 2


@pytest.mark.parametrize("step", range(8))
async def test_cancellation_at_any_step_loses_and_tears_nothing(path: Path, step: int) -> None:
    """The one who syncs for the others is cancelled after so many steps of the scheduler; the others take over."""
    async with opened(path) as journal, trio.open_nursery() as nursery:
        scope = trio.CancelScope()

        async def cancelled() -> None:
            with scope:
                await journal.append([intent()], sync=True)

        async def cancel() -> None:
            for _ in range(step):
                await trio.lowlevel.checkpoint()
            scope.cancel()

        nursery.start_soon(cancelled)
        nursery.start_soon(cancel)
        for i in range(5):
            nursery.start_soon(partial(journal.append, [signal(i)], sync=True))
    verdict = verify(path)
    assert (verdict.records, verdict.problem) == (6, None)


async def test_failed_write_ends_the_journal_and_is_told_once(path: Path, disk: Disk) -> None:
    failures: list[JournalError] = []
    async with opened(path, disk) as journal:
        journal.on_failure(failures.append)
        journal.append_now([run_started()])
        disk.room = 0
        with pytest.raises(JournalError, match="could not write: No space left on device; it takes no more records"):
            journal.append_now([signal()])
        disk.room = 1 << 20
        with pytest.raises(JournalError, match="has failed before"):
            journal.append_now([halt()])
        with pytest.raises(JournalError, match="has failed before"):
            await journal.append([halt()], sync=True)
        assert [str(failure) for failure in failures] == [str(journal.failure)]
    assert records_of(path) == [run_started()]


async def test_disk_that_fills_up_within_a_frame_leaves_a_torn_tail(path: Path, disk: Disk) -> None:
    async with opened(path, disk) as journal:
        journal.append_now([run_started()])
        disk.room = 30
        with pytest.raises(JournalError, match="could not write: No space left on device"):
            journal.append_now([signal()])
    async with opened(path) as journal:
        assert (journal.cut_bytes, journal.records) == (30, 1)


async def test_short_writes_are_completed(path: Path, disk: Disk) -> None:
    disk.write_limit = 7
    async with opened(path, disk) as journal:
        journal.append_now([run_started(), signal()])
    assert records_of(path) == [run_started(), signal()]


async def test_failed_sync_is_never_tried_again(path: Path, disk: Disk) -> None:
    """After a failed sync the kernel may have dropped the pages: trying again would succeed and lie."""
    failures: list[JournalError] = []
    async with opened(path, disk) as journal:
        journal.on_failure(failures.append)
        disk.fail_sync = True
        with pytest.RaisesGroup(*[pytest.RaisesExc(JournalError)] * 3):
            async with trio.open_nursery() as nursery:
                for i in range(3):
                    nursery.start_soon(partial(journal.append, [signal(i)], sync=True))
        disk.fail_sync = False
        with pytest.raises(JournalError, match=r"has failed before: .* could not sync: Input/output error"):
            await journal.sync()
    assert (disk.syncs, len(failures)) == (1, 1)


async def test_late_listener_hears_of_an_earlier_failure(path: Path, disk: Disk) -> None:
    failures: list[JournalError] = []
    async with opened(path, disk) as journal:
        disk.room = 0
        with pytest.raises(JournalError):
            journal.append_now([audit()])
        journal.on_failure(failures.append)
    assert len(failures) == 1


async def test_append_in_the_midst_of_another_is_refused(path: Path) -> None:
    """A signal handler that wrote between two steps of a write would break the chain."""
    nested: list[JournalError] = []

    class Handler(Clock):
        def __call__(self) -> int:
            with pytest.raises(JournalError, match="in the midst of another") as caught:
                journal.append_now([halt()])
            nested.append(caught.value)
            return super().__call__()

    async with Journal.open(path, now_ns=Handler(), run_blocking=trio.to_thread.run_sync) as journal:
        journal.append_now([audit()])
    assert len(nested) == 1
    assert records_of(path) == [audit()]


async def inline(call: Callable[..., Any], /, *args: object, limiter: trio.CapacityLimiter | None = None) -> Any:
    """Runs what blocks at once: a mock clock would jump while a thread works."""
    del limiter
    await trio.lowlevel.checkpoint()
    return call(*args)


async def test_service_syncs_what_nobody_waits_for(path: Path, disk: Disk, autojump_clock: MockClock) -> None:
    journal_context = Journal.open(path, now_ns=Clock(), run_blocking=inline, system=disk.calls)
    async with journal_context as journal, trio.open_nursery() as nursery:
        await nursery.start(journal.run)
        await trio.sleep(10 * SYNC_INTERVAL_S)
        assert disk.syncs == 0
        journal.append_now([fill()])
        await trio.sleep(10 * SYNC_INTERVAL_S)
        assert disk.syncs == 1
        nursery.cancel_scope.cancel()


async def test_leaving_syncs_the_rest(path: Path, disk: Disk) -> None:
    with trio.CancelScope() as scope:
        async with opened(path, disk) as journal:
            journal.append_now([halt()])
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert disk.syncs == 1

"""Where every task stands, written down at SIGUSR2."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import trio
import trio.testing

from alphapulse.observe.stack_dump import serve_stack_dumps, task_stacks, write_stacks

pytestmark = pytest.mark.real_io


async def wait_for_the_moon() -> None:
    await trio.sleep_forever()


async def test_each_task_is_shown_with_the_call_in_which_it_waits(nursery: trio.Nursery) -> None:
    nursery.start_soon(wait_for_the_moon, name="decisions/moon")
    await trio.testing.wait_all_tasks_blocked()
    text = await task_stacks()
    assert "decisions/moon" in text
    assert "await trio.sleep_forever()" in text
    nursery.cancel_scope.cancel()


async def test_others_go_on_while_the_tasks_are_looked_at(nursery: trio.Nursery) -> None:
    """A dump of many tasks takes long enough for the watchdog to halt trading."""
    steps = 0

    async def walk() -> None:
        nonlocal steps
        while True:
            steps += 1
            await trio.lowlevel.checkpoint()

    for number in range(20):
        nursery.start_soon(wait_for_the_moon, name=f"moon {number}")
    nursery.start_soon(walk)
    await trio.lowlevel.checkpoint()
    before = steps
    text = await task_stacks()
    assert steps - before >= 20
    assert all(f"moon {number}" in text for number in range(20))
    nursery.cancel_scope.cancel()


def test_the_file_is_for_its_owner_and_holds_the_newest_dump(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tasks.txt"
    path.write_text("an older and longer dump")
    path.chmod(0o644)
    write_stacks(path, "where all stand")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("where all stand", 0o600)
    assert capfd.readouterr().err == "where all stand\n"


def test_a_file_that_cannot_be_written_still_leaves_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tasks.txt"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        write_stacks(path, "where all stand")
    assert capfd.readouterr().err == "where all stand\n"
    assert not (tmp_path / "elsewhere").exists()


async def test_a_dump_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    send_kept, kept = trio.open_memory_channel[str](10)
    fails = [True, False]

    async def keep(text: str) -> None:
        await send_kept.send(text)
        if fails.pop(0):
            raise OSError("the disk is full")

    async with trio.open_nursery() as nursery:
        await nursery.start(serve_stack_dumps, keep)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGUSR2)
            assert "serve_stack_dumps" in await kept.receive()
        nursery.cancel_scope.cancel("test over")
    assert [record.message for record in caplog.records] == ["the stacks of the tasks were not written down"]

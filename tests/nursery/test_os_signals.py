"""Signals of the operating system, with real signals sent to this process."""

from __future__ import annotations

import os
import signal

import pytest
import trio

from alphapulse.nursery.os_signals import install_kill_signal, serve_os_signals

pytestmark = pytest.mark.real_io


async def test_first_signal_stops_and_every_further_one_is_a_second() -> None:
    """SIGTERM, SIGINT, SIGTERM: one staged stop, then twice the hard end."""
    calls: list[str] = []
    send_called, called = trio.open_memory_channel[str](10)

    def answer(text: str) -> None:
        calls.append(text)
        send_called.send_nowait(text)

    async with trio.open_nursery() as nursery:
        await nursery.start(
            lambda task_status: serve_os_signals(
                lambda: answer("stop"), lambda: answer("second"), task_status=task_status
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
            await called.receive()
        nursery.cancel_scope.cancel("test over")
    assert calls == ["stop", "second", "second"]


async def test_kill_signal_closes_the_gate_before_any_task_runs() -> None:
    """The handler has done its part when `os.kill` returns; the rest comes once, on the loop."""
    told: list[str] = []
    done = trio.Event()

    def then() -> None:
        told.append("then")
        done.set()

    before = signal.getsignal(signal.SIGUSR1)
    with install_kill_signal(lambda: told.append("gate"), then):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert told == ["gate", "gate"]
        await done.wait()
        assert told == ["gate", "gate", "then"]
    assert signal.getsignal(signal.SIGUSR1) is before


def test_kill_signal_after_the_loop_has_ended_still_closes_the_gate() -> None:
    """A handler that outlives the loop does not raise."""
    told: list[str] = []

    async def leave_handler() -> object:
        with install_kill_signal(lambda: told.append("gate"), lambda: told.append("then")):
            return signal.getsignal(signal.SIGUSR1)

    handler = trio.run(leave_handler)
    assert callable(handler)
    handler(signal.SIGUSR1, None)
    assert told == ["gate"]

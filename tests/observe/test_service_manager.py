"""Notes to the service manager, received by a real datagram socket."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from alphapulse.errors import ConfigError
from alphapulse.observe.service_manager import ServiceManager, SignsOfLife
from tests.fakes.systemd import Systemd

pytestmark = pytest.mark.real_io

PID = 4711


@pytest.fixture(params=["a path", "an abstract name"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    one = Systemd(str(tmp_path / "notify") if request.param == "a path" else f"@alphapulse-{secrets.token_hex(8)}")
    yield one
    one.close()


def manager(**variables: str) -> ServiceManager | None:
    return ServiceManager.from_environment(variables, PID)


def test_notes_arrive_as_one_datagram_of_lines(systemd: Systemd) -> None:
    way = manager(NOTIFY_SOCKET=systemd.address)
    assert way is not None
    way.tell("READY=1", "STATUS=active")
    way.tell("STOPPING=1")
    assert systemd.notes() == ["READY=1\nSTATUS=active", "STOPPING=1"]


def test_a_status_cannot_smuggle_in_a_line(systemd: Systemd) -> None:
    way = ServiceManager(systemd.address)
    way.tell("STATUS=halted: x\nWATCHDOG=1\r\nREADY=1 \udcff", "STATUS=" + "é" * 900)
    (note,) = systemd.notes()
    assert note.split("\n") == ["STATUS=halted: x WATCHDOG=1 READY=1 ?", "STATUS=" + "é" * 243]


@pytest.mark.parametrize("variables", [{}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "1000"}])
def test_without_the_variable_there_is_no_manager(variables: dict[str, str]) -> None:
    assert manager(**variables) is None


@pytest.mark.parametrize(
    ("variables", "watchdog_us"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 10_000_000),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(PID)}, 10_000_000),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_signs_of_life_are_wanted_if_the_manager_says_so_of_this_process(
    variables: dict[str, str], watchdog_us: int | None
) -> None:
    way = manager(NOTIFY_SOCKET="/there", **variables)
    assert way is not None
    assert way.watchdog_us == watchdog_us


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({"NOTIFY_SOCKET": "there"}, "NOTIFY_SOCKET"),
        ({"NOTIFY_SOCKET": "@"}, "NOTIFY_SOCKET"),
        ({"NOTIFY_SOCKET": "/there", "WATCHDOG_USEC": "soon"}, "WATCHDOG_USEC"),
        ({"NOTIFY_SOCKET": "/there", "WATCHDOG_USEC": "0"}, "WATCHDOG_USEC"),
    ],
)
def test_a_variable_that_means_nothing_is_refused_by_name(variables: dict[str, str], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        manager(**variables)
    assert caught.value.path == path


def test_a_manager_that_is_gone_or_does_not_read_holds_nobody_up(
    systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once."""
    way = ServiceManager(systemd.address)
    with caplog.at_level(logging.WARNING):
        for _ in range(3000):
            way.tell("WATCHDOG=1")
        systemd.close()
        way.tell("WATCHDOG=1")
    assert len(caplog.records) == 1


class Life:
    """A vital task that the test lets hang, and what the manager hears."""

    def __init__(self, systemd: Systemd, watchdog_us: int | None) -> None:
        self.status = "active"
        self.free = trio.Event()
        self.free.set()
        way = ServiceManager(systemd.address, watchdog_us=watchdog_us)
        self.signs = SignsOfLife(way, turn=self.turn, status=lambda: self.status)

    async def turn(self) -> None:
        await self.free.wait()

    def hang(self) -> None:
        self.free = trio.Event()

    def go_on(self) -> None:
        self.free.set()


async def heard(life: Life, systemd: Systemd, *steps: Callable[[], None]) -> list[list[str]]:
    """What is heard in each five seconds, the first and those behind each step."""
    told = []
    async with trio.open_nursery() as nursery:
        await nursery.start(life.signs.run)
        for step in (lambda: None, *steps):
            step()
            await trio.sleep(5)
            told.append(systemd.notes())
        nursery.cancel_scope.cancel()
    return told


async def test_the_status_is_told_when_it_changes(systemd: Systemd, autojump_clock: MockClock) -> None:
    life = Life(systemd, None)
    told = await heard(life, systemd, lambda: setattr(life, "status", "halted"), lambda: None)
    assert told == [["STATUS=active"], ["STATUS=halted"], []]


@pytest.mark.parametrize(("patience_s", "signs"), [(20, 5), (2, 5), (1, 10)])
async def test_signs_of_life_come_twice_within_the_managers_patience(
    systemd: Systemd, autojump_clock: MockClock, patience_s: int, signs: int
) -> None:
    life = Life(systemd, patience_s * 1_000_000)
    (first,) = await heard(life, systemd)
    assert first[0] == "WATCHDOG=1\nSTATUS=active"
    assert first[1:] in (["WATCHDOG=1"] * (signs - 1), ["WATCHDOG=1"] * signs)


async def test_there_is_no_sign_of_life_while_the_vital_task_hangs(systemd: Systemd, autojump_clock: MockClock) -> None:
    life = Life(systemd, 10_000_000)
    alive, hanging, again = await heard(life, systemd, life.hang, life.go_on)
    assert len(alive) >= 5
    assert len(hanging) <= 1
    assert len(again) >= 5

"""Kill -9 in the midst of a halt, and of a flatten; each time the daemon is really started again."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import attrs
from click.testing import CliRunner

from alphapulse.cli.local_socket import ask_socket
from alphapulse.cli.main import main
from alphapulse.data.halts import GLOBAL, FlattenRecord, FlattenStage, HaltChange, KillReport
from alphapulse.errors import HaltError
from alphapulse.journal.journal_file import verify
from alphapulse.safety.latch import read_latch
from tests.daemon.books import records
from tests.daemon.day_config import Day
from tests.daemon.live_daemon import LiveDaemon, wait_for
from tests.prove.dying_daemon import STEPS
from tests.prove.outcome import Outcome
from tests.prove.trading_daemon import full_speed, grows, is_stopped, socket_answers, without_page

DYING = (sys.executable, "-c", "from tests.prove.dying_daemon import main; main()")
LANES = 2
LONGEST_MS = 25.0
"""A halt takes less on a quiet machine; the moments are drawn up to that."""
COPIES = 100
FLATTEN_EVERY = 3


@attrs.frozen
class Life:
    """One halt that was cut short: how it was asked for, when it ended, and what was found then."""

    path: str
    ended: str
    broken: tuple[str, ...]


def tried(count: int, folder: Path) -> Outcome:
    """So many lives, each in a folder of its own: half end at a step of the latch, half at a random moment."""
    day = full_speed(COPIES if count > LANES else 10)
    # Processes: the command line's runner in the tests takes standard output for itself.
    with ProcessPoolExecutor(LANES, mp_context=get_context("spawn")) as lanes:
        folders = [_folder(folder, number) for number in range(count)]
        lives = list(lanes.map(_life, range(count), folders, repeat(day)))
    ended = Counter(life.ended for life in lives)
    broken = tuple(f"life {n} ({life.path}): {text}" for n, life in enumerate(lives) for text in life.broken)
    notes = ", ".join(f"{number} {how}" for how, number in sorted(ended.items()))
    return Outcome(
        count,
        broken,
        notes=(notes, f"each was started again for real, every {FLATTEN_EVERY}th twice with a kill in a flatten"),
    )


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder


def _life(number: int, folder: Path, day: Day) -> Life:
    chance = random.Random(number)
    broken: list[str] = []
    if number % 2:
        step = number // 2 % STEPS + 1
        path = f"alphapulse kill, step {step} of the latch"
        journal, latch = _ends_at_step(folder, day, step)
        told = True
    else:
        path, ask, safe = PATHS[number // 2 % len(PATHS)]
        journal, latch, answered = _ends_at_random(folder, day, ask, chance, page=path.endswith("API"))
        # Somebody knows of it: who asked, by the answer, or whoever reads latch or journal.
        told = safe or answered
    latched = (found := read_latch(latch)) is not None and (of := found.of(GLOBAL)) is not None and of.level.stopped
    journalled = any(one.scope == GLOBAL and one.level.stopped for one in records(journal, HaltChange))
    if journalled and not latched:
        broken.append("the journal tells of the halt, the latch does not")
    if records(journal, KillReport):
        ended = "behind the report"
    elif latched:
        ended = "between latch and report"
    else:
        ended = "before the latch" if told else "before anybody was told"
    starts = 2 if number % FLATTEN_EVERY == 0 else 1
    broken += _start_again(folder, starts, must_be_stopped=told or latched or journalled, chance=chance)
    return Life(path, ended, tuple(broken))


def _ends_at_step(folder: Path, day: Day, step: int) -> tuple[Path, Path]:
    """The daemon dies within `alphapulse kill`, which is left with a connection that breaks."""
    config = without_page(day).write(folder)
    with LiveDaemon(config, program=DYING) as daemon:
        socket_answers(daemon)
        grows(daemon.paths.journal, 1_000)
        daemon.process.send_signal(signal.SIGRTMIN + step)
        with _reaped(daemon):
            _command(folder)
        wait_for(lambda: daemon.process.poll() == -signal.SIGKILL, "the end")
    return daemon.paths.journal, daemon.paths.latch


def _ends_at_random(
    folder: Path, day: Day, ask: Callable[[LiveDaemon], None], chance: random.Random, *, page: bool
) -> tuple[Path, Path, bool]:
    """It is killed at a moment between the wish and a quarter of a tenth of a second later."""
    answered = False

    def asking() -> None:
        nonlocal answered
        with suppress(OSError, HaltError):
            ask(daemon)
            answered = True

    with LiveDaemon((day if page else without_page(day)).write(folder)) as daemon:
        socket_answers(daemon)
        if page:
            daemon.wait_open()
        grows(daemon.paths.journal, 1_000)
        asker = threading.Thread(target=asking)
        asker.start()
        time.sleep(chance.uniform(0, LONGEST_MS / 1000))
        daemon.kill()
        asker.join()
    return daemon.paths.journal, daemon.paths.latch, answered and ask is not _by_signal


@contextmanager
def _reaped(daemon: LiveDaemon) -> Iterator[None]:
    """Somebody waits for the process, as a service manager does: it is no zombie for long."""
    waiter = threading.Thread(target=daemon.process.wait)
    waiter.start()
    try:
        yield
    finally:
        waiter.join()


def _command(folder: Path) -> None:
    result = CliRunner().invoke(main, ["kill", "--config", str(folder / "config.toml"), "--reason", "a proof"])
    assert result.exit_code == 0, result.output


def _by_command(daemon: LiveDaemon) -> None:
    _command(daemon.folder)


def _by_socket(daemon: LiveDaemon) -> None:
    ask_socket(daemon.paths.folder, "kill", reason="a proof")


def _by_api(daemon: LiveDaemon) -> None:
    with suppress(Exception):  # whatever the broken connection says
        daemon.kill_trading()
        return
    raise OSError("expected an answer, found that the daemon is gone")


def _by_signal(daemon: LiveDaemon) -> None:
    daemon.send(signal.SIGUSR1)


def _by_file(daemon: LiveDaemon) -> None:
    (daemon.paths.folder / "HALT").touch()


PATHS: tuple[tuple[str, Callable[[LiveDaemon], None], bool], ...] = (
    ("alphapulse kill", _by_command, True),
    ("socket", _by_socket, False),
    ("alphapulse kill with an API", _by_command, True),
    ("SIGUSR1", _by_signal, False),
    ("API", _by_api, False),
    ("halt file", _by_file, True),
)
"""By name: how a halt is asked for, and whether who asks sees to it that it holds even if nobody answers."""


def _start_again(folder: Path, starts: int, *, must_be_stopped: bool, chance: random.Random) -> list[str]:
    """Start it, look at its level, flatten; of two starts, the first is killed in its flatten."""
    broken: list[str] = []
    config = folder / "config.toml"
    for start in range(1, starts + 1):
        with LiveDaemon(config) as daemon:
            level = socket_answers(daemon)[GLOBAL]
            if must_be_stopped and not is_stopped(level):
                broken.append(f"start {start} came up {level.upper()} although somebody had been told of the halt")
            if not is_stopped(level):
                daemon.kill()
                return broken
            must_be_stopped = True
            asker = threading.Thread(target=_flatten, args=(daemon,))
            asker.start()
            if start < starts:
                time.sleep(chance.uniform(0, LONGEST_MS / 1000))
            else:
                asker.join()
            daemon.kill()
            asker.join()
    journal = folder / "data" / "paper.journal"
    begun = Counter(one.halt_id for one in records(journal, FlattenRecord) if one.stage is FlattenStage.BEGUN)
    broken += [f"halt {halt_id} had {number} flattens" for halt_id, number in begun.items() if number > 1]
    if (problem := verify(journal).problem) is not None:
        broken.append(f"the journal is not sound: {problem}")
    return broken


def _flatten(daemon: LiveDaemon) -> None:
    """Ask until it is begun, or refused for another reason than that the halt is still being carried out."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            ask_socket(daemon.paths.folder, "flatten", reason="a proof")
        except HaltError as error:
            if "still being carried out" not in str(error):
                return
            time.sleep(0.001)
        except OSError:
            return

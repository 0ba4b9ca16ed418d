"""What is tried with halts and with kill -9, at random moments of real trading."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from random import Random

import trio

from alphapulse.data.halts import GLOBAL, HaltChange
from alphapulse.data.transactions import Purpose, TransactionSigned
from tests.daemon.books import all_records
from tests.prove.outcome import Figure, Outcome
from tests.prove_execution.control_plane import ControlPlane
from tests.prove_execution.judge import judge_books
from tests.prove_execution.rig import SETTLE_S, Rig, open_rig

PATHS = ("api", "page", "socket", "signal", "file")
LATEST_S = 0.6
"""A halt or a kill comes so long after a block at the latest."""
SOON_S = 0.12
"""Every second one comes so soon: between intent, signature and sending."""
UNDERWAY_S = 0.25
"""What had left before the gate closed may take so long to be read by the node in front, on a busy machine."""
AFTER_BLOCKS = 2
BLOCKS = 3
"""So many blocks it trades at most before each."""


def halted(count: int, folder: Path) -> Outcome:
    """So many halts by API, page, socket, signal and file: nothing is signed or sent behind them."""
    return trio.run(_halted, count, folder)


def killed(count: int, folder: Path) -> Outcome:
    """So many kills (SIGKILL) between intent and settlement, each followed by a start."""
    return trio.run(_killed, count, folder)


async def _halted(count: int, folder: Path) -> Outcome:
    chance = Random(41)
    async with (
        open_rig(folder, seed=41, changed={"enabled": "true"}) as rig,
        aclosing(ControlPlane(rig.daemon)) as control,
    ):
        for number in range(count):
            for _ in range(chance.randint(1, BLOCKS)):
                await rig.block()
                await rig.answered()
            await rig.block()
            await trio.sleep(chance.uniform(0, LATEST_S if number % 2 else SOON_S))
            await _halt(rig, control, PATHS[number % len(PATHS)])
            for _ in range(AFTER_BLOCKS):
                await rig.block()
                await trio.sleep(LATEST_S / AFTER_BLOCKS)
            (rig.daemon.paths.halt_file).unlink(missing_ok=True)
            await rig.resume()
        await rig.settle()
        late = list(_late_ms(rig))
        rig.broken += [
            f"a trade came {late_ms:.0f} ms behind the halt" for late_ms in late if late_ms > UNDERWAY_S * 1e3
        ]
        rig.broken += _signed_while_closed(rig)
        rig.broken += await judge_books(rig)
        notes = (f"{len(rig.front.arrivals):,} transactions between the halts; {len(late)} were read behind one",)
        return Outcome(count, tuple(rig.broken), (), notes)


async def _halt(rig: Rig, control: ControlPlane, path: str) -> None:
    if path == "api":
        await control.kill_by_api()
    elif path == "page":
        await control.kill_by_page()
    elif path == "socket":
        await rig.daemon.ask("kill", reason="a proof")
    elif path == "signal":
        rig.daemon.send(signal.SIGUSR1)
    else:
        rig.daemon.paths.halt_file.touch()
    await rig.daemon.wait_stopped()


def _late_ms(rig: Rig) -> Iterator[float]:
    """How long behind a halt trades came to the node."""
    books = rig.books()
    closed = [
        (change.at_ns, next((one.at_ns for one in books.halts[at:] if not one.level.stopped), 1 << 63))
        for at, change in enumerate(books.halts)
        if change.scope == GLOBAL and change.level.stopped
    ]
    for one in rig.front.arrivals:
        signed = books.signed.get(one.signed.hash)
        if signed is not None and signed.purpose is Purpose.TRADE:
            yield from ((one.at_ns - begin) / 1e6 for begin, end in closed if begin < one.at_ns < end)


def _signed_while_closed(rig: Rig) -> Iterator[str]:
    """Trades whose signature is in the journal behind a halt and before its end, or under an epoch that was over."""
    closed, epoch = False, 0
    for record in all_records(rig.daemon.paths.journal):
        if isinstance(record, HaltChange) and record.scope == GLOBAL:
            closed, epoch = record.level.stopped, record.epoch
        elif isinstance(record, TransactionSigned) and record.purpose is Purpose.TRADE:
            if closed:
                yield f"intent {record.intent_id} was signed while halted"
            elif record.halt_epoch < epoch:
                yield f"intent {record.intent_id} was signed under epoch {record.halt_epoch} in epoch {epoch}"


async def _killed(count: int, folder: Path) -> Outcome:
    chance, underway = Random(51), 0
    recovered: list[float] = []
    async with open_rig(folder, seed=51) as rig:
        for number in range(count):
            for _ in range(chance.randint(1, BLOCKS)):
                await rig.block()
                await rig.answered()
            await rig.block()
            await trio.sleep(chance.uniform(0, LATEST_S if number % 2 else SOON_S))
            await rig.daemon.kill()
            books = rig.books()
            underway += bool(books.unended)
            for _ in range(chance.randrange(3)):
                await rig.block()
            began = trio.current_time()
            await rig.start()
            await rig.block()
            while (gaps := await rig.gaps()) and trio.current_time() < began + SETTLE_S:
                await rig.empty_block()
                await trio.sleep(0.2)
            if gaps:
                rig.broken.append(f"kill {number + 1}: the gaps {gaps} were not filled in {SETTLE_S:.0f} s")
            recovered.append((trio.current_time() - began) * 1000)
        await rig.settle()
        rig.broken += await judge_books(rig)
        figure = Figure("start to no gap", tuple(recovered), SETTLE_S * 1000, share=1)
        return Outcome(count, tuple(rig.broken), (figure,), (f"{underway:,} of them with intents under way",))

"""Publisher, relay and consumer as processes on a real Unix socket, ended by SIGKILL at random.

`python -m tests.relays.killed_processes COUNT [SEED]` prints one JSON object.

The publisher journals an intent before it publishes it, and notes what was acknowledged. The consumer notes what it
has applied before it comes back for more. In the end nothing that was acknowledged may be missing from what was
applied, and nothing may be there twice.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import attrs
import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.data.wire import Domain
from alphapulse.relays.lane_link import Connect
from alphapulse.rules.links.build import registry_hash
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.topics import NOTHING
from alphapulse.transport.address import UnixAddress
from alphapulse.transport.byte_link import ByteLink
from alphapulse.transport.endpoints import connect, listen
from tests.journal.journal_samples import intent
from tests.relays.linked_processes import Process

CONSUMER = "books"
MOST_UNACKNOWLEDGED = 400
SETTLES_WITHIN_S = 120


@attrs.frozen
class Files:
    """What outlives a process."""

    folder: Path

    @property
    def address(self) -> UnixAddress:
        return UnixAddress(self.folder / "execution.sock")

    def numbers(self, name: str) -> list[int]:
        """The whole lines of a file; one that was torn by the end of its writer does not count."""
        path = self.folder / name
        text = path.read_text() if path.exists() else ""
        return [int(line) for line in text[: text.rfind("\n") + 1].split()]

    def opened(self, name: str) -> int:
        """A file to append to, unbuffered: what was written outlives the process. A torn end is cut off."""
        path = self.folder / name
        if path.exists():
            os.truncate(path, path.read_text().rfind("\n") + 1)
        return os.open(self.folder / name, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)


def _process(name: str) -> Process:
    return Process(name, Random().getrandbits(62) + 1, clock=time.time_ns)


async def relay(files: Files) -> None:
    """Serves until it is killed."""
    server = _process("relay").serve(Domain.EXECUTION, durable=(CONSUMER,))
    await listen(files.address).serve(server.serve)


async def publisher(files: Files) -> None:
    """Publishes what was not acknowledged before, and then on and on until there is a file `stop`."""
    process = _process("engine")
    link = process.link(Domain.EXECUTION, _connector(files), topics=NOTHING)
    journal, acknowledged = files.opened("journal"), files.opened("acknowledged")
    known = set(files.numbers("acknowledged"))
    again = [number for number in files.numbers("journal") if number not in known]
    last = max(files.numbers("journal"), default=0)
    publish = process.bus.execution.publish
    publish([intent(number) for number in again])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        while True:
            if not (files.folder / "stop").exists() and len(again) < MOST_UNACKNOWLEDGED:
                fresh = list(range(last + 1, last + 1 + Random().randrange(1, 6)))
                last = fresh[-1]
                os.write(journal, "".join(f"{number}\n" for number in fresh).encode())
                publish([intent(number) for number in fresh])
                again += fresh
            with trio.move_on_after(0.005):
                await link.wait_acknowledged()
                os.write(acknowledged, "".join(f"{number}\n" for number in again).encode())
                again = []
                await trio.sleep(0.002)


async def consumer(files: Files) -> None:
    """Applies what comes."""
    process = _process(CONSUMER)
    applied = files.opened("applied")
    seen = SeenMessages(intent(number) for number in files.numbers("applied"))
    link = process.link(Domain.EXECUTION, _connector(files), durable=True, seen=seen)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        with process.bus.execution.subscribe("books") as subscription:
            while True:
                orders = [one for one in await subscription.receive() if isinstance(one, OrderRequest)]
                os.write(applied, "".join(f"{one.intent_id}\n" for one in orders).encode())


def _connector(files: Files) -> Connect:
    async def open_link() -> ByteLink:
        return await connect(files.address)

    return open_link


ROLES = {"relay": relay, "publisher": publisher, "consumer": consumer}


class Killing:
    """Starts the three, ends one of them after the other, and starts it anew."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._files = Files(folder)
        self._random = Random(seed)
        self._pids: dict[str, int] = {}

    def run(self, count: int) -> dict[str, object]:
        """`count` kills, and what came of them."""
        registry_hash()  # once for all, as children are copies of this process
        killed: Counter[str] = Counter()
        try:
            for role in ROLES:
                self._start(role)
            for _ in range(count):
                time.sleep(self._random.random() * 0.15)
                role = self._random.choice(list(ROLES))
                self._kill(role)
                killed[role] += 1
                self._start(role)
            self._settle()
        finally:
            for role in list(self._pids):
                self._kill(role)
        return {"kills": count, **killed, **self._result()}

    def _start(self, role: str) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                trio.run(ROLES[role], self._files)
            finally:
                os._exit(1)
        self._pids[role] = pid

    def _kill(self, role: str) -> None:
        pid = self._pids.pop(role)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def _settle(self) -> None:
        """Nothing new, and time for everything to be acknowledged."""
        (self._files.folder / "stop").touch()
        deadline = time.monotonic() + SETTLES_WITHIN_S
        while time.monotonic() < deadline:
            if set(self._files.numbers("journal")) == set(self._files.numbers("acknowledged")):
                return
            time.sleep(0.1)

    def _result(self) -> dict[str, object]:
        applied = Counter(self._files.numbers("applied"))
        acknowledged = set(self._files.numbers("acknowledged"))
        return {
            "published": len(self._files.numbers("journal")),
            "acknowledged": len(acknowledged),
            "applied": len(applied),
            "lost": sorted(acknowledged - set(applied))[:10],
            "twice": sorted(number for number, times in applied.items() if times > 1)[:10],
        }


def main() -> None:
    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(Killing(Path(folder), seed).run(count)))  # noqa: T201 - the result


if __name__ == "__main__":
    main()

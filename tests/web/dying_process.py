"""A process that acts once for each key, until it is killed: the act appends a line to a file.

`python -m tests.web.dying_process FOLDER FIRST`: keys FIRST, FIRST+1, … each asked twice at once and once more; what
was told is appended to `told`, what was done to `done`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import trio

from alphapulse_web.control_store import ControlStore
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Replies, Reply


def append(path: Path, line: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


async def ask(folder: Path, replies: Replies, key: str) -> None:
    async def act() -> Reply:
        append(folder / "done", key)
        await trio.sleep(0.001)
        return Reply(200, f"{key} {os.getpid()} {time.monotonic_ns()}".encode())

    try:
        reply = await replies.once("owner", key, key.encode(), act, halt=False)
    except ApiError:
        return
    append(folder / "told", reply.body.decode())


async def main(folder: Path, first: int) -> None:
    store = ControlStore(folder / "control.sqlite", trio.to_thread.run_sync)
    replies = Replies(store, time.time_ns)
    replies.restore((await store.load())[0])
    append(folder / "started", str(os.getpid()))
    # First what an earlier life may have left half done, then ever new ones.
    for number in [*range(max(0, first - 40), first), *range(first, first + 100_000)]:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(ask, folder, replies, str(number))
        await ask(folder, replies, str(number))


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))

"""A process that replays what it is told to, one configuration after the other, until nobody tells it more.

One JSON object a line comes in (`document`, `folder`), one goes out for each (`result` or `problem`). It is started by
`sweep_pool` and ends with its input.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import trio

from alphapulse.composition.environment import DataPaths
from alphapulse.config import parse_config
from alphapulse.data.execution import Mode
from alphapulse.errors import AlphaPulseError
from alphapulse.observe.logs import configure_logs
from alphapulse.studies.headless import headless, replay_recording, summary


class Order(msgspec.Struct):
    """A configuration to replay, and the folder that its relative names start at."""

    document: dict[str, Any]
    folder: str


class Answer(msgspec.Struct):
    """The summary of the replay, and why it is not that of the whole recording."""

    result: dict[str, Any] | None
    problem: str | None


def replayed(order: Order) -> Answer:
    """One replay, in a folder of its own that is gone behind it."""
    try:
        config = headless(parse_config(order.document, folder=Path(order.folder)))
        with tempfile.TemporaryDirectory() as folder:
            paths = DataPaths.in_folder(Path(folder), Mode.PAPER)
            result, problem = trio.run(replay_recording, config, paths, summary)
    except AlphaPulseError as error:
        return Answer(None, str(error))
    return Answer(result, str(problem) if problem is not None else None)


def main() -> None:
    """Until the input ends."""
    configure_logs(logging.ERROR)
    for line in sys.stdin.buffer:
        answer = replayed(msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""Who looks around asks no faster than allowed, however much there is to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio
from trio.testing import MockClock

from alphapulse.collectors.evm.paced_nodes import PacedNodes
from alphapulse.rules.nodes.rpc_call import RpcCall


class Answering:
    """Notes when it is asked for how much."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, int]] = []

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        self.asked.append((trio.current_time(), 1))
        return method

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        self.asked.append((trio.current_time(), len(calls)))
        return [call.method for call in calls]


async def test_what_was_asked_is_paid_for_by_the_next(autojump_clock: MockClock) -> None:
    """Two a second: eight calls at once are followed by four seconds of rest, and a pause is not saved up."""
    nodes = Answering()
    paced, begun = PacedNodes(nodes, 2), trio.current_time()
    assert await paced.batch([RpcCall("a")] * 8) == ["a"] * 8
    assert await paced.call("b") == "b"
    await paced.batch([])
    await trio.sleep(60)
    await paced.call("c")
    await paced.call("d")
    assert [(round(at - begun, 3), count) for at, count in nodes.asked] == [
        (0, 8),
        (4, 1),
        (4.5, 0),
        (64.5, 1),
        (65, 1),
    ]

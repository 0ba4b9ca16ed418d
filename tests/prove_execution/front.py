"""The node in front of the chain: it writes down when each raw transaction comes, and can do with it what nodes do."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import trio

from alphapulse.devnet.world import World
from alphapulse.rules.evm.transaction import SignedTransaction, read_signed
from tests.chain.chain_view import Announcement
from tests.chain.fault_plan import FaultPlan
from tests.chain.fault_proxy import FaultProxy
from tests.chain.faulty_node import Client
from tests.chain.upstream import RealUpstream

SEND = "eth_sendRawTransaction"


@attrs.frozen
class Arrival:
    """Bytes that came. `at_ns` is the wall clock, `head` the newest block that the node had told of."""

    at_ns: int
    head: int
    signed: SignedTransaction
    sender: bytes


async def _nothing(arrival: Arrival) -> None:
    del arrival


class FrontNode(FaultProxy):
    """A node of which all transactions are known. It keeps what it is sent, as real nodes do."""

    def __init__(self, world: World, *, seed: int = 0) -> None:
        super().__init__(RealUpstream(world.http_url), seed=seed)
        self.keeps = True
        self.arrivals: list[Arrival] = []
        self.announced_ns: dict[int, int] = {}
        """When a block's head first went out, by its number: the wall clock."""
        self._came = trio.Event()
        self.loses: Callable[[Arrival], bool] = lambda _: False
        """Whether a transaction is taken, answered for, and forgotten."""
        self.before: Callable[[Arrival], Awaitable[None]] = _nothing
        """What somebody does who sees a transaction come, before it is passed on."""

    async def _announce(self, client: Client, block: list[Announcement]) -> None:
        for one in block:
            self.announced_ns.setdefault(one.block_number, time.time_ns())
        await super()._announce(client, block)

    async def wait_arrival(self) -> None:
        """Return at the next transaction that comes."""
        await self._came.wait()

    async def answers(self, asked: Any, plan: FaultPlan) -> Any:
        """The answer to a request, or to each of a batch."""
        requests = asked if isinstance(asked, list) else [asked]
        found = []
        for one in requests:
            if one["method"] == SEND and (lost := await self._arrived(one)):
                found.append({"jsonrpc": "2.0", "id": one["id"], "result": lost})
            else:
                found.append(await super().answers(one, plan))
        return found if isinstance(asked, list) else found[0]

    async def _arrived(self, one: dict[str, Any]) -> str | None:
        """A transaction comes: its hash if it is lost here."""
        at_ns = time.time_ns()
        signed, sender = read_signed(bytes.fromhex(one["params"][0][2:]))
        arrival = Arrival(at_ns, self.head, signed, sender)
        self.arrivals.append(arrival)
        self._came.set()
        self._came = trio.Event()
        if self.loses(arrival):
            self.counts["lost transaction"] += 1
            return "0x" + signed.hash.hex()
        await self.before(arrival)
        return None

"""A way by which a signed transaction reaches those who make blocks, and the one that everybody sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from alphapulse.connections.node_pool import NodePool
from alphapulse.rules.nodes.send_verdict import SendReport


@attrs.frozen
class Parcel:
    """What is sent. `permit` is asked directly before its bytes leave for anybody; where it says no, they do not.

    `target_block` is the block that it should come into, the next one; None if no head is known.
    """

    raw: bytes
    hash: bytes
    target_block: int | None
    permit: Callable[[], bool]
    last_block: int | None = None
    """The last block in which it does anything, if it has one."""


class Route(Protocol):
    """A way to the proposers."""

    @property
    def name(self) -> str:
        """How the configuration calls it."""

    @property
    def each_block(self) -> bool:
        """Whether what was sent holds for its target block alone, and is sent again for the next one."""

    async def check(self) -> None:
        """Make sure that the route serves the chain and knows its method; at start.

        Raises:
            RelayRefused: it does not.
            NodeError: it cannot be reached.
        """

    async def send(self, parcel: Parcel) -> SendReport:
        """Send a transaction, and say what became of it.

        Raises:
            NodeError: nobody could be asked; nothing has left.
        """


class PublicRoute:
    """To all nodes of the chain, and so to everybody."""

    name = "public"
    each_block = False

    def __init__(self, nodes: NodePool) -> None:
        self._nodes = nodes

    async def check(self) -> None:
        """Nodes are looked at by their pool, which asks none of another chain."""

    async def send(self, parcel: Parcel) -> SendReport:
        """Send it to all nodes. Raises NoNode."""
        return await self._nodes.send_raw(parcel.raw, parcel.hash, parcel.permit)

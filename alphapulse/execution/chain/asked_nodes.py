"""What those who only ask questions need of the nodes of a chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from alphapulse.rules.nodes.rpc_call import RpcCall


class AskedNodes(Protocol):
    """What is asked of a `NodePool`. A test answers from a table."""

    async def batch(self, calls: Sequence[RpcCall], /) -> list[Any]:
        """The answers, an RpcError where one failed. Raises NodeError: nobody could be asked."""

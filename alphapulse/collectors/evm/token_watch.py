"""Watches the tokens of pools that are followed: transfers are tried once, balances are looked at again and again.

What nobody could find out speaks for nothing here: the operator, or an admission, has named the pools.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import trio

from alphapulse.collectors.evm.contract_reader import ContractReader, Nodes
from alphapulse.collectors.evm.pool_claims import read_blocks
from alphapulse.collectors.evm.tokens import TokenInspector
from alphapulse.data.pools import Pool
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.rules.discovery.token_rules import evidence_against

logger = logging.getLogger(__name__)

PAUSE_S = 60.0
"""Between looks."""

AT_ONCE = 25
"""Tokens whose balances are looked at together."""


class TokenWatch:
    """Tries each token's transfers once, and compares a pool's balance with its transfers over the last `age` blocks.

    `on_unsound` is told of a token, why, and the block; of a balance once two looks in a row have found the same.
    """

    def __init__(
        self,
        age: int,
        multicall: bytes,
        pools: Callable[[], Iterable[Pool]],
        on_unsound: Callable[[bytes, str, int], None],
    ) -> None:
        self._age = age
        self._multicall = multicall
        self._pools = pools
        self._on_unsound = on_unsound
        self._tried: set[bytes] = set()
        self._doubted: set[bytes] = set()

    async def begin(self, nodes: Nodes) -> None:
        """Try the tokens that are followed from the start. What cannot be tried now is tried later."""
        try:
            await self._try_new(nodes, self._inspector(nodes))
        except (NodeError, RpcError, AnswerRefused) as problem:
            logger.warning("tokens could not be tried before they are followed: %s", problem)

    async def run(self, nodes: Nodes) -> None:
        """Runs until cancelled."""
        inspector = self._inspector(nodes)
        while True:
            try:
                await self.look(nodes, inspector)
            except (NodeError, RpcError, AnswerRefused) as problem:
                logger.warning("tokens could not be looked at: %s", problem)
            await trio.sleep(PAUSE_S)

    async def look(self, nodes: Nodes, inspector: TokenInspector) -> None:
        """Look at each token once.

        Raises:
            NodeError, RpcError, AnswerRefused: the chain cannot be read.
        """
        await self._try_new(nodes, inspector)
        holders = self._holders()
        for at in range(0, len(holders), AT_ONCE):
            blocks = await read_blocks(nodes, self._age)
            for token, unmoved in (await inspector.unmoved(dict(holders[at : at + AT_ONCE]), blocks)).items():
                if not unmoved:
                    self._doubted.discard(token)
                elif token not in self._doubted:
                    # A node that lacks a log would say the same once; a balance that moved says it again.
                    self._doubted.add(token)
                else:
                    reason = f"a balance changed by {unmoved} without a transfer within {self._age} blocks"
                    self._on_unsound(token, reason, blocks.number)

    async def _try_new(self, nodes: Nodes, inspector: TokenInspector) -> None:
        for token, holder in self._holders():
            if token not in self._tried:
                blocks = await read_blocks(nodes, self._age)
                (reading,) = await inspector.read({token: holder}, blocks)
                self._tried.add(token)
                if problem := evidence_against(reading):
                    self._on_unsound(token, problem, blocks.number)

    def _inspector(self, nodes: Nodes) -> TokenInspector:
        return TokenInspector(nodes, ContractReader(nodes, self._multicall), self._multicall)

    def _holders(self) -> list[tuple[bytes, bytes]]:
        """Each token that is followed, with a pool that holds it."""
        return list({token.address: pool.id.body for pool in self._pools() for token in pool.tokens}.items())

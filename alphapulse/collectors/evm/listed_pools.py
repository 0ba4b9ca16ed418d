"""Compares the pools of the pool file with their contracts before they are followed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import trio

from alphapulse.collectors.evm.contract_reader import ContractReader, Nodes
from alphapulse.collectors.evm.pool_claims import QUESTIONS, read_blocks, reading_of
from alphapulse.collectors.evm.tokens import DECIMALS
from alphapulse.data.factories import Factory
from alphapulse.data.pools import Pool
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.rules.discovery.contract_answers import number_in
from alphapulse.rules.discovery.listed_rules import READABLE, listed_problem

logger = logging.getLogger(__name__)

RETRY_S = 1.0
"""Between attempts while the nodes do not answer."""

AGE = 1
"""Decimals are read at the newest block and at the one so far before it."""


class ListedPools:
    """The pools of the file. `leave_out` is told of each that is not what the file says, and why."""

    def __init__(
        self,
        pools: Sequence[Pool],
        factories: Mapping[bytes, Factory],
        multicall: bytes,
        leave_out: Callable[[Pool, str], None],
    ) -> None:
        self._pools = [pool for pool in pools if pool.kind in READABLE]
        self._factories = factories
        self._multicall = multicall
        self._leave_out = leave_out

    async def check(self, nodes: Nodes) -> None:
        """Compare all. Does not give up while the nodes do not answer."""
        reader = ContractReader(nodes, self._multicall)
        while True:
            try:
                problems = await self._problems(nodes, reader)
            except (NodeError, RpcError, AnswerRefused) as problem:
                logger.warning("the listed pools could not be compared with their contracts: %s", problem)
                await trio.sleep(RETRY_S)
                continue
            for pool, reason in problems:
                logger.error("%s (%s) is not followed: %s", pool.name, pool.id.name, reason)
                self._leave_out(pool, reason)
            return

    async def _problems(self, nodes: Nodes, reader: ContractReader) -> list[tuple[Pool, str]]:
        blocks = await read_blocks(nodes, AGE)
        told = await reader.read([(pool.id.body, data) for pool in self._pools for data in QUESTIONS], blocks.hash)
        tokens = list({token.address: token for pool in self._pools for token in pool.tokens})
        asked = [(token, DECIMALS) for token in tokens]
        now, before = await reader.read(asked, blocks.hash), await reader.read(asked, blocks.older_hash)
        decimals = {token: (number_in(now[at]), number_in(before[at])) for at, token in enumerate(tokens)}
        found = []
        for place, pool in enumerate(self._pools):
            answers = told[place * len(QUESTIONS) : (place + 1) * len(QUESTIONS)]
            problem = listed_problem(pool, reading_of(pool.id.body, answers), decimals, self._factories)
            if problem:
                found.append((pool, problem))
        return found

"""Looks at emitters that nobody knows yet, and admits those that are pools of known factories with sound tokens.

Nothing waits for it: emitters are put into a bounded queue, and what it finds out is told when it is found out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import trio

from alphapulse.collectors.evm.contract_reader import ContractReader, Nodes
from alphapulse.collectors.evm.discovery_terms import DiscoveryTerms
from alphapulse.collectors.evm.paced_nodes import PacedNodes
from alphapulse.collectors.evm.pool_cache import PoolCache
from alphapulse.collectors.evm.pool_claims import claims, read_blocks, too_young
from alphapulse.collectors.evm.tokens import Blocks, TokenInspector
from alphapulse.data.chains import CHAINS
from alphapulse.data.factories import Factory
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pools import Pool, Token
from alphapulse.data.verdicts import PoolVerdict, TokenVerdict
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import AnswerRefused, NodeError, PoolCacheError, RpcError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.chain.header import Header
from alphapulse.rules.discovery.cached_pools import proved_pools
from alphapulse.rules.discovery.contract_answers import MAX_DECIMALS, call_data, number_in
from alphapulse.rules.discovery.emitter_queue import EmitterQueue
from alphapulse.rules.discovery.liquidity import value_of
from alphapulse.rules.discovery.pool_info import info_of, pool_name
from alphapulse.rules.discovery.pool_rules import NO_POOL, ClaimedPool, kinds_of, liquidity_problem, list_problem
from alphapulse.rules.discovery.token_book import TokenBook
from alphapulse.rules.discovery.token_rules import TokenReading, problem_of
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.safety.clipped import clipped

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Emitters that are looked at together."""

RETRY_S = 5.0
"""Between attempts while the nodes do not answer."""

SOON_BLOCKS = 256
"""After so many blocks an emitter may be looked at again that was too young or too small, or has a refused token."""

AGAIN_BLOCKS = 10_000
"""The same where nothing can change but by a mistake of a node."""


class Discovery:
    """Finds the pools of one chain. Runs beside its collector, and holds it up nowhere.

    `markets` are the pools that are followed, with their states: prices and symbols come from them. `admit` is told of
    pools to follow from now on, `publish` of verdicts. `cache` keeps what was found.
    """

    def __init__(
        self,
        terms: DiscoveryTerms,
        *,
        markets: Callable[[], Iterable[tuple[Pool, AmmState | None]]],
        admit: Callable[[Sequence[Pool]], None],
        publish: Callable[[Sequence[object]], None],
        cache: PoolCache,
        run_blocking: RunBlocking,
        now_ns: Callable[[], int],
    ) -> None:
        self.queue = EmitterQueue()
        self.tokens = TokenBook()
        self.found: dict[InstrumentId, PoolInfo] = {}
        """Pools that were admitted here, in this life or one before."""
        self._terms = terms
        self._venue = CHAINS[terms.chain_id].venue
        self._factories = terms.known_factories
        self._markets = markets
        self._admit = admit
        self._publish = publish
        self._cache = cache
        self._run_blocking = run_blocking
        self._now_ns = now_ns
        self._seen = trio.Event()
        self._changed = False

    @property
    def factories(self) -> Sequence[Factory]:
        """Whose word about a new pool is believed."""
        return tuple(self._factories.values())

    def on_foreign(self, header: Header, logs: Sequence[RpcLog]) -> None:
        """Logs of emitters that are not admitted, of one block. Quick, and never raises."""
        for log in logs:
            try:
                emitter = bytes.fromhex(log.address.removeprefix("0x"))
            except ValueError:
                continue
            if len(emitter) == 20 and log.topics:
                self.queue.offer(emitter, log.topics[0], header.number)
        if len(self.queue):
            self._seen.set()

    async def run(self, nodes: Nodes, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Ready when the pools of the cache have been admitted."""
        await self._remember()
        task_status.started()
        paced = PacedNodes(nodes, self._terms.requests_per_s)
        reader = ContractReader(paced, self._terms.multicall)
        inspector = TokenInspector(paced, reader, self._terms.multicall)
        while True:
            await self._seen.wait()
            self._seen = trio.Event()
            if self._changed:
                await self._keep()
            while len(self.queue):
                try:
                    await self._look_at_some(paced, reader, inspector)
                except (NodeError, RpcError, AnswerRefused) as problem:
                    logger.warning("%d unknown emitters wait, the chain cannot be read: %s", len(self.queue), problem)
                    await trio.sleep(RETRY_S)

    def forget(self, token: bytes, reason: str, block_number: int, pools: Iterable[InstrumentId]) -> None:
        """A token was quarantined, and these pools with it: they are not taken in again for a while."""
        self.tokens.quarantine(token, reason, block_number + AGAIN_BLOCKS)
        for pool in pools:
            self.found.pop(pool, None)
            self.queue.settle(pool.body, block_number + AGAIN_BLOCKS)
        self._changed = True
        self._seen.set()

    async def _look_at_some(self, nodes: Nodes, reader: ContractReader, inspector: TokenInspector) -> None:
        """The next emitters together, or one by one: some contract may be made to let every call fail."""
        blocks = await read_blocks(nodes, self._terms.least_age_blocks)
        batch = self.queue.first(AT_ONCE)
        try:
            await self._look(dict(batch), reader, inspector, blocks)
        except (RpcError, AnswerRefused):
            for one in batch:
                try:
                    await self._look(dict([one]), reader, inspector, blocks)
                except (RpcError, AnswerRefused) as problem:
                    self._tell({one[0]: (f"it cannot be read: {problem}", AGAIN_BLOCKS)}, (), blocks)
                except NodeError:
                    self.queue.postpone(one[0])
                    raise

    async def _remember(self) -> None:
        """Admit what the cache holds and CREATE2 proves; look at the rest anew."""
        self.tokens.learn(pool for pool, _ in self._markets())
        try:
            cached = await self._run_blocking(self._cache.load)
        except PoolCacheError as problem:
            logger.error("%s", problem)  # noqa: TRY400 - the problem says all
            return
        if cached.problem:
            logger.error("%s", cached.problem)
        terms = self._terms
        proved = [
            pool
            for pool in proved_pools(cached.pools, self._factories.values(), terms.allowed_tokens, terms.refused_pools)
            if not any(self.tokens.problem(token, 0) for token in pool.pair)
        ]
        addresses = {pool.id.body for pool in proved}
        for info in cached.pools:
            if info.pool.body in addresses:
                self.found[info.pool] = info
                self.queue.settle(info.pool.body, None)
            else:
                self.queue.offer(info.pool.body, "", 0)
        known = {pool.id for pool, _ in self._markets()}
        self._take([pool for pool in proved if pool.id not in known], "kept from before, and proved by CREATE2")
        if len(self.queue):
            self._seen.set()

    def _take(self, pools: Sequence[Pool], reason: str) -> None:
        """Follow these from now on."""
        if not pools:
            return
        self.tokens.learn(pools)
        told = (
            message for pool in pools for message in (self.found[pool.id], self._pool_verdict(pool.id, True, reason))
        )
        self._publish(list(told))
        self._admit(pools)

    async def _look(
        self, batch: Mapping[bytes, frozenset[str]], reader: ContractReader, inspector: TokenInspector, blocks: Blocks
    ) -> None:
        """Judge a batch of emitters, and tell what was found."""
        refused: dict[bytes, tuple[str, int]] = {}
        pools: list[ClaimedPool] = []
        for emitter, claim in zip(batch, await claims(reader, list(batch), self._factories, blocks), strict=True):
            problem = claim if isinstance(claim, str) else self._first_problem(claim, batch[emitter])
            if isinstance(claim, str) or problem:
                refused[emitter] = problem, AGAIN_BLOCKS
            else:
                pools.append(claim)
        for pool, problem in zip(pools, await too_young(reader, pools, blocks), strict=True):
            if problem:
                refused[pool.address] = problem, SOON_BLOCKS
        pools = [pool for pool in pools if pool.address not in refused]
        await self._judge_tokens(pools, inspector, blocks)
        for pool, problem in zip(pools, await self._later_problems(pools, reader, blocks), strict=True):
            if problem:
                refused[pool.address] = problem, SOON_BLOCKS
        self._tell(refused, [pool for pool in pools if pool.address not in refused], blocks)
        await self._keep()

    def _first_problem(self, pool: ClaimedPool, topics: frozenset[str]) -> str:
        """What speaks against a pool before anything else is read. A cached emitter was seen with no topic."""
        if topics != {""} and pool.kind not in kinds_of(topics):
            return f"its events are none of a pool of kind {pool.kind.name.lower()}"
        return list_problem(pool, self._terms.allowed_tokens, self._terms.refused_pools)

    async def _judge_tokens(self, pools: Sequence[ClaimedPool], inspector: TokenInspector, blocks: Blocks) -> None:
        holders = {token: pool.address for pool in pools for token in (pool.token0, pool.token1)}
        for token, holder in holders.items():
            if self.tokens.believed(token) is not None or self.tokens.problem(token, blocks.number):
                continue
            # One by one: what a hostile token does to a call must not fall on another.
            (reading,) = await inspector.read({token: holder}, blocks)
            problem = problem_of(reading, self.tokens.taken, trusted=token in self._terms.allowed_tokens)
            decimals = reading.decimals[0]
            if problem or decimals is None:
                self.tokens.quarantine(token, problem, blocks.number + SOON_BLOCKS)
                logger.warning("token 0x%s is quarantined: %s", token.hex(), problem)
            else:
                self.tokens.believe(Token(token, reading.symbols[0], decimals))
            self._publish([self._token_verdict(reading, problem)])

    async def _later_problems(self, pools: Sequence[ClaimedPool], reader: ContractReader, blocks: Blocks) -> list[str]:
        """What speaks against each pool by its tokens, or by how little it holds."""
        asked = [
            (token, call_data("balanceOf(address)", pool.address))
            for pool in pools
            for token in (pool.token0, pool.token1)
        ]
        numeraire = self._terms.numeraire
        held = await reader.read(asked, blocks.hash) if numeraire is not None and self._terms.least_liquidity else []
        markets = list(self._markets())
        problems = []
        for place, pool in enumerate(pools):
            problem = ""
            for token in (pool.token0, pool.token1):
                if self.tokens.believed(token) is None:
                    reason = self.tokens.problem(token, blocks.number) or "it was not judged"
                    problem = problem or f"its token 0x{token.hex()} is quarantined: {reason}"
            if not problem and held and numeraire is not None:
                amounts = (number_in(answer) for answer in held[2 * place : 2 * place + 2])
                values = [
                    None if amount is None else value_of(token, amount, numeraire, markets)
                    for token, amount in zip((pool.token0, pool.token1), amounts, strict=True)
                ]
                problem = liquidity_problem(values, self._terms.least_liquidity)
            problems.append(problem)
        return problems

    def _tell(self, refused: Mapping[bytes, tuple[str, int]], claimed: Sequence[ClaimedPool], blocks: Blocks) -> None:
        verdicts = []
        for emitter, (problem, wait) in refused.items():
            self.queue.settle(emitter, blocks.number + wait)
            if problem == NO_POOL:
                continue  # nobody has to be told of every contract on a chain
            logger.info("0x%s is no pool to follow: %s", emitter.hex(), problem)
            verdicts.append(self._pool_verdict(InstrumentId.from_pool_address(emitter, self._venue), False, problem))
        self._publish(verdicts)
        for claim in claimed:
            pool = self._pool(claim)
            if pool is None:
                continue
            now_ns = self._now_ns()
            self.found[pool.id] = info_of(pool, now_ns, now_ns)
            self.queue.settle(claim.address, None)
            logger.info("%s was found at %s", pool.name, pool.id.name)
            proof = "proved by CREATE2" if claim.proven else f"confirmed by {claim.factory.name}"
            self._take([pool], f"{proof} at block {blocks.number}")

    def _pool(self, claim: ClaimedPool) -> Pool | None:
        token0, token1 = self.tokens.believed(claim.token0), self.tokens.believed(claim.token1)
        if token0 is None or token1 is None or claim.factory.venue is None:
            return None
        id_ = InstrumentId.from_pool_address(claim.address, claim.factory.venue)
        name = pool_name(token0.symbol, token1.symbol, claim.fee_ppm)
        return Pool(id_, claim.kind, name, token0, token1, claim.fee_ppm, claim.tick_spacing)

    async def _keep(self) -> None:
        self._changed = False
        try:
            await self._run_blocking(self._cache.save, tuple(self.found.values()), self._now_ns())
        except PoolCacheError as problem:
            logger.error("%s", problem)  # noqa: TRY400 - the problem says all

    def _pool_verdict(self, pool: InstrumentId, admitted: bool, reason: str) -> PoolVerdict:
        return PoolVerdict(pool, admitted, clipped(reason, SENTENCE.limit))

    def _token_verdict(self, reading: TokenReading, problem: str) -> TokenVerdict:
        decimals = reading.decimals[0]
        return TokenVerdict(
            InstrumentId.from_token_address(reading.address, self._venue),
            reading.symbols[0],
            None if decimals is None or decimals > MAX_DECIMALS else decimals,
            not problem,
            clipped(problem or f"read at {len(reading.decimals)} blocks, and its transfers were tried", SENTENCE.limit),
        )

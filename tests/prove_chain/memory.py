"""The collector and its node pool on nodes in memory, in simulated time: thousands of faults, timed exactly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import attrs
import trio

from alphapulse.connections.endpoint import HTTP, WEBSOCKET, read_endpoint
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.data.market import StreamState
from tests.chain.faulty_node import FaultyNode
from tests.chain.live import pool_of
from tests.prove.outcome import Figure, Outcome
from tests.prove_chain.collecting import collecting
from tests.prove_chain.faults_of_blocks import chosen_faults
from tests.prove_chain.judge import Judge
from tests.prove_chain.memory_transport import MemoryTransport
from tests.prove_chain.tape import Step, Tape, TapedNode, record
from tests.prove_chain.unnoticed import Unnoticed
from tests.prove_chain.verdict import SILENT_BLOCKS, Verdict
from tests.simulation.scheduler import run_seeded

BLOCK_MS = 2_000
BLOCK_S = BLOCK_MS / 1_000
MARGIN_S = 0.5
SILENT_LIMIT_S = SILENT_BLOCKS * BLOCK_S + MARGIN_S
"""Three block times, and what a watch that looks around four times a second may add, and a frame's way."""
BEGUN_NS = 1_700_000_000 * 10**9
NS_PER_S = 10**9
STEPS = 120
"""Steps of the tape; each life of the collector hears all of it."""
SETTLE_STEPS = 30
"""Of these the last, without faults: as long as a node may be left alone for what it did."""
KINDS_AT_ONCE = 6
"""Kinds of faults that a node commits in the same block, at most."""
SILENCE_EVERY = 20
"""Steps between silences of all nodes."""
MUTE_EVERY = 12
"""In one step of so many a node brings heads and no logs."""
FAST = {"requests_per_s": 10_000, "batch_size": 100, "max_block_range": 500, "max_in_flight": 16}


@attrs.define
class Life:
    """One life of the collector on a tape, and what was found."""

    tape: Tape
    honest: TapedNode
    nodes: tuple[FaultyNode, ...]
    judge: Judge
    verdict: Verdict
    chance: Random
    silences_s: list[float] = attrs.field(factory=list)
    """How long it took until a silence of all nodes was noticed."""

    async def live(self) -> None:
        """The tape under faults, its end without; a silence of all nodes now and then."""
        unnoticed = Unnoticed(self.judge, SILENT_LIMIT_S)
        for at, step in enumerate(self.tape.steps):
            faulty = at < len(self.tape.steps) - SETTLE_STEPS
            for number, node in enumerate(self.nodes):
                node.behave()
                if faulty:
                    node.faults = chosen_faults(self.chance, KINDS_AT_ONCE)
                    node.lag = self.chance.choice((0, 0, 0, 1, 3)) if number else 0
                    node.silent = {"logs"} if self.chance.randrange(MUTE_EVERY) == 0 else set()
            if faulty and at % SILENCE_EVERY == SILENCE_EVERY - 1:
                await self._fall_silent()
            unnoticed.told([block.hash for block in step.blocks])
            await self._tell(step)
            await trio.sleep(BLOCK_S)
            self.verdict.broken += [f"step {at}: {problem}" for problem in unnoticed.overdue(self.honest.known)]
            self.verdict.judge_solves()
            if self.verdict.broken:
                return
        self.verdict.judge_end(self.honest.head.hash)

    async def _tell(self, step: Step) -> None:
        self.honest.advance(step)
        for block in step.blocks:
            self.verdict.truths[block.hash] = block.truth
            self.verdict.followed_at.setdefault(block.header["parentHash"], trio.current_time())
        for node in self.nodes:
            await node.sync()

    async def _fall_silent(self) -> None:
        """Nobody says anything any more, in one of three ways."""
        kind, began = self.chance.choice(("no heads", "nothing", "deaf")), trio.current_time()
        for node in self.nodes:
            node.silent = {"newHeads"} if kind == "no heads" else {"newHeads", "logs"}
            node.deaf = kind == "deaf"
        with trio.move_on_after(SILENT_LIMIT_S):
            while self.judge.state is StreamState.FRESH:
                await self.judge.wait_told()
        noticed_s = trio.current_time() - began
        if self.judge.state is StreamState.FRESH:
            self.verdict.broken.append(f"{kind} for {noticed_s:.2f} s, and the stream is fresh")
        self.silences_s.append(noticed_s)
        for node in self.nodes:
            node.behave()


def faults_in_memory(count: int, folder: Path) -> Outcome:
    """As many faults as asked for, in lives of the collector on the same tape."""
    del folder
    tape = trio.run(record, STEPS, 21)
    committed: Counter[str] = Counter()
    silences: list[float] = []
    judged = compared = lives = 0
    broken: list[str] = []
    while committed.total() < count and not broken:
        life = run_seeded(lives, _lived, tape, lives)
        committed += sum((node.counts for node in life.nodes), Counter[str]())
        silences += life.silences_s
        judged, compared, lives = judged + life.verdict.judged, compared + life.verdict.compared, lives + 1
        broken = [f"life {lives - 1}: {problem}" for problem in life.verdict.broken]
    notes = (
        f"{lives} lives of {len(tape.steps)} steps, {judged:,} solves, {compared:,} states compared with the chain",
        "faults: " + ", ".join(f"{name} {number:,}" for name, number in sorted(committed.items())),
    )
    figure = Figure(
        "silence of all nodes to not fresh, simulated",
        tuple(one * 1000 for one in silences),
        SILENT_LIMIT_S * 1000,
        1.0,
    )
    return Outcome(committed.total(), tuple(broken), (figure,), notes)


async def _lived(tape: Tape, seed: int) -> Life:
    def now_ns() -> int:
        return BEGUN_NS + round(trio.current_time() * NS_PER_S)

    honest = TapedNode(tape)
    nodes = {f"node-{at}": FaultyNode(honest, seed=100 * seed + at, takes_back=bool(at)) for at in range(2)}
    for node in nodes.values():
        await node.view.advance()
    pool = NodePool(
        ChainTerms(name="devnet", chain_id=137, block_time_ms=BLOCK_MS),
        [
            NodeTerms(
                label=label,
                http=read_endpoint(f"http://{label}", "http", HTTP),
                ws=read_endpoint(f"ws://{label}", "ws", WEBSOCKET),
                **FAST,
            )
            for label in nodes
        ],
        transport=MemoryTransport(nodes, now_ns),
        now_ns=now_ns,
        monotonic_ns=now_ns,
        random=Random(seed),
    )
    made = collecting(
        [pool_of(one) for one in tape.pools],
        pool,
        multicall3=tape.multicall3,
        block_ms=BLOCK_MS,
        margin_s=MARGIN_S,
        now_ns=now_ns,
        seed=seed,
    )
    life = Life(tape, honest, tuple(nodes.values()), made.judge, made.verdict, Random(seed))
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)
        nursery.start_soon(made.judge.run, made.relay)
        await nursery.start(made.collector.run)
        await trio.sleep(BLOCK_S)
        await life.live()
        nursery.cancel_scope.cancel()
    return life

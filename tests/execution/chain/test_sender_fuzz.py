"""Whatever nodes, chain, gate and kills do to the sender, what it promises holds, and in the end all has an end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock

from alphapulse.connections.endpoint import Endpoint
from alphapulse.data.transactions import Purpose, TransactionSigned
from alphapulse.errors import NodeFault, SendRefused
from alphapulse.rules.evm.keccak import keccak256
from tests.connections.model_nodes import ModelTransport, refusal
from tests.execution.chain.wallet_chain import BASE_FEE, GWEI, WalletChain, WalletNode
from tests.execution.chain.wallet_rig import KEY, Gate, WalletRig, open_wallet

SEEDS = 8
LIVES, ACTS = 4, 25
CALM_BLOCKS = 40
WAYS_S = (0, 0, 0, 0.1, 1, 6)
UNKNOWN_TEXT = "the moon is in the wrong house"


class SlowTransport(ModelTransport):
    """Requests and answers take their time on the way; now and then too much of it."""

    def __init__(self, chance: Random, *nodes: WalletNode) -> None:
        super().__init__(*nodes)
        self._chance = chance

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        await trio.sleep(self._chance.choice(WAYS_S))
        answer = await super().post(endpoint, body, node=node, limit_s=limit_s)
        await trio.sleep(self._chance.choice(WAYS_S))
        return answer


class Storm:
    """Acts drawn from a seed, over several lives of one wallet."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.written: list[object] = []
        self.intents = 0
        self.gate = Gate()
        self.chain = WalletChain(KEY.address)
        for label in ("one", "two", "three"):
            WalletNode(label, self.chain).keeps = self.chance.random() < 0.5

    async def life(self, folder: Path) -> None:
        """Until it is killed: what had not been written is lost, what had left stays with the nodes."""
        folder.mkdir()
        transport = SlowTransport(Random(self.chance.random()), *self.chain.nodes)
        async with open_wallet(
            folder, chain=self.chain, found=self.written, gate=self.gate, transport=transport
        ) as rig:
            for _ in range(ACTS):
                await self.act(rig)
                assert rig.foreign == []
            killed_at = rig.journalled()
            self.chain = self.chain.copy()
        self.written += killed_at

    async def act(self, rig: WalletRig) -> None:
        chance, chain = self.chance, self.chain
        node = chance.choice(chain.nodes)
        match chance.randrange(12):
            case 0 | 1 | 2:
                await self.send(rig)
            case 3 | 4:
                await rig.block()
            case 5:
                chain.base_fee = chance.choice((BASE_FEE, BASE_FEE, 4 * BASE_FEE, 10 * BASE_FEE))
            case 6:
                node.evict()
            case 7:
                node.lag = chance.randrange(3)
            case 8:
                node.answer_to_send = chance.choice(
                    (None, refusal(-32000, UNKNOWN_TEXT), refusal(-32000, "txpool is full"))
                )
            case 9:
                node.fault = chance.choice((None, NodeFault(node.label, "busy")))
            case 10:
                depth = chance.randrange(1, 4)
                if len(chain.blocks) > depth:
                    event = chain.take_back(depth, f"fork {self.intents} {chance.random()}")
                    rig.bus.market_data.publish([event])
                    await rig.hear()
            case _:
                self.gate.is_open = not self.gate.is_open
                self.gate.epoch += 1
        if chance.random() < 0.5:
            await rig.settle()
        else:
            await trio.sleep(chance.choice((0, 0.5, 7)))

    async def send(self, rig: WalletRig) -> None:
        self.intents += 1
        deadline = self.chain.head.number + self.chance.choice((1, 3, 500))
        cap = self.chance.choice((100, 200, 300)) * GWEI
        plan = rig.plan(self.intents, deadline_block=deadline, cap_wei=cap, halt_epoch=self.gate.epoch)
        with suppress(SendRefused), trio.move_on_after(self.chance.choice((0, 5))):
            await rig.sender.send(plan)

    async def calm(self, folder: Path) -> None:
        """Everybody behaves for a while: all that was signed comes to its end."""
        folder.mkdir()
        self.chain.base_fee = BASE_FEE
        self.gate.is_open = True
        async with open_wallet(folder, chain=self.chain, found=self.written, gate=self.gate) as rig:
            for _ in range(CALM_BLOCKS):
                await rig.block(settled=self.chain.head.number)
            await rig.hear(settled=self.chain.head.number)
            self.written += rig.journalled()
            assert rig.foreign == []
            assert [(one.nonce, one.state.name, one.text) for one in rig.sender.open] == []
            assert rig.sender.next_nonce == self.chain.mined()

    def judge(self) -> None:
        signed = {one.hash: one for one in self.written if isinstance(one, TransactionSigned)}
        arrived = {keccak256(raw) for node in self.chain.nodes for raw in node.received}
        assert arrived <= set(signed), "something is at a node that the journal does not know"
        mined = [one.hash for block in self.chain.blocks for one in block.transactions]
        trades = [signed[known].intent_id for known in mined if signed[known].purpose is Purpose.TRADE]
        assert len(trades) == len(set(trades)), "a trade was made twice"
        assert sorted(signed[known].nonce for known in mined) == list(range(len(mined)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whatever_happens_everything_ends_once(autojump_clock: MockClock, tmp_path: Path, seed: int) -> None:
    storm = Storm(seed)
    for number in range(LIVES):
        await storm.life(tmp_path / str(number))
    await storm.calm(tmp_path / "calm")
    storm.judge()

"""Trades that go by a relay: nobody sees them before they are mined, and what moves nothing goes to everybody."""

from __future__ import annotations

from pathlib import Path

import trio
from trio.testing import MockClock

from alphapulse.connections.routes.route import Parcel
from alphapulse.rules.evm.transaction import read_signed
from alphapulse.rules.nodes.send_verdict import NodeSend, SendReport, Sent, send_report
from tests.execution.chain.wallet_chain import WalletChain
from tests.execution.chain.wallet_rig import KEY, open_wallet


class RelayRoute:
    """A relay that keeps what it is sent to itself. `offers` what it would have mined."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.each_block = name == "bundle"
        self.parcels: list[Parcel] = []

    async def check(self) -> None:
        """It serves everything."""

    async def send(self, parcel: Parcel) -> SendReport:
        if not parcel.permit():
            return send_report({"relay": NodeSend(Sent.WITHHELD)})
        self.parcels.append(parcel)
        return send_report({"relay": NodeSend(Sent.ACCEPTED)})


async def test_a_bundle_is_offered_for_each_block_until_the_last_one(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The identical bytes for one block after the other; then its number is used up in public."""
    route = RelayRoute("bundle")
    async with open_wallet(tmp_path, route=route) as rig:
        signed = await rig.sender.send(rig.plan(1, deadline_block=103))
        await rig.settle()
        for _ in range(4):
            for node in rig.nodes:
                node.delay_s = 3  # the relay does not wait for what nodes say
            rig.chain.mine()
            await rig.hear()
            for node in rig.nodes:
                node.delay_s = 0
            await trio.sleep(8)
        assert [(one.raw, one.target_block) for one in route.parcels] == [
            (signed.raw, 101), (signed.raw, 102), (signed.raw, 103)
        ]  # fmt: skip
        assert rig.states() == [(0, "TRADE", "SENT"), (0, "CANCEL", "MINED")]
        assert [read_signed(raw)[0].transaction.is_cancel(KEY.address) for raw in rig.sent] == [True]


async def test_a_private_trade_is_followed_by_its_receipt(autojump_clock: MockClock, tmp_path: Path) -> None:
    """No node has it, so the relay is sent it again now and then; nobody else is. Mined, it is mined."""
    route, chain = RelayRoute("private"), WalletChain(KEY.address)
    async with open_wallet(tmp_path, chain=chain, route=route) as rig:
        await rig.sender.send(rig.plan(1, deadline_block=900))
        for _ in range(4):
            await rig.block(empty=True)
        assert rig.states() == [(0, "TRADE", "SENT")]
        assert len(route.parcels) == 1
        rig.chain.use(read_signed(route.parcels[0].raw)[0])
        await rig.hear()
        assert rig.states() == [(0, "TRADE", "MINED")]
        assert rig.sent == []
        assert rig.foreign == []

"""The sender is cut off, or its gate closed, at each single step of its tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from alphapulse.connections.endpoint import Endpoint
from alphapulse.data.transactions import TransactionSigned, TransactionState, TransactionStatus
from alphapulse.errors import SendRefused
from alphapulse.rules.evm.keccak import keccak256
from tests.connections.model_nodes import ModelTransport
from tests.execution.chain.wallet_chain import WalletChain, WalletNode
from tests.execution.chain.wallet_rig import KEY, Gate, WalletRig, open_wallet

S = TransactionState
LEAVE = "eth_sendRawTransaction"


class WatchedTransport(ModelTransport):
    """Notes the bytes of transactions as they leave, and whether the gate was open in that moment."""

    def __init__(self, gate: Gate, *nodes: WalletNode) -> None:
        super().__init__(*nodes)
        self._gate = gate
        self.left: list[bytes] = []
        self.left_closed = 0

    async def post(self, endpoint: Endpoint, body: bytes, *, node: str, limit_s: float) -> bytes:
        request = msgspec.json.decode(body)
        if isinstance(request, dict) and request["method"] == LEAVE:
            self.left.append(bytes.fromhex(request["params"][0][2:]))
            self.left_closed += not self._gate.is_open
        return await super().post(endpoint, body, node=node, limit_s=limit_s)


class AtStep(trio.abc.Instrument):
    """Does something before a chosen step of any task."""

    def __init__(self, step: int, act: Callable[[], None]) -> None:
        self.left = step
        self._act = act

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0:
            self._act()


async def one_life(
    folder: Path, step: int, act: Callable[[WalletRig, trio.CancelScope], None]
) -> tuple[bool, WalletRig, WatchedTransport]:
    """Two trades and a block; at a step behind the start something is done. Whether the step was reached."""
    folder.mkdir()
    gate, chain = Gate(), WalletChain(KEY.address)
    nodes = [WalletNode(label, chain) for label in ("one", "two")]
    transport = WatchedTransport(gate, *nodes)
    async with open_wallet(folder, chain=chain, gate=gate, transport=transport, start=False) as rig:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(rig.sender.run)
                instrument = AtStep(step, lambda: act(rig, scope))
                trio.lowlevel.add_instrument(instrument)
                try:
                    for intent in (1, 2):
                        nursery.start_soon(send, rig, intent)
                    await trio.sleep(1)
                finally:
                    trio.lowlevel.remove_instrument(instrument)
                await rig.block()
                nursery.cancel_scope.cancel("the life is over")
    return instrument.left <= 0, rig, transport


async def send(rig: WalletRig, intent: int) -> None:
    try:
        await rig.sender.send(rig.plan(intent))
    except SendRefused:
        return


@pytest.mark.slow
async def test_nothing_is_signed_or_leaves_behind_a_gate_that_closed_at_any_step(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """What had not left by then is DROPPED or was never signed; the next block finds nothing more."""

    def close(rig: WalletRig, _: trio.CancelScope) -> None:
        rig.gate.is_open = False
        rig.closed_at = len(rig.signer.signed)

    reached, step, outcomes = True, 0, set()
    while reached:
        step += 1
        reached, rig, transport = await one_life(tmp_path / str(step), step, close)
        assert transport.left_closed == 0
        if reached:
            # A signature that was begun when the gate closed may still come: it goes nowhere.
            assert len(rig.signer.signed) - rig.closed_at <= 1
            left = {keccak256(raw) for raw in transport.left}
            ended = {one.hash for one in rig.told if one.state is S.DROPPED}
            assert not left & ended
            assert left | ended == {one.hash for one in rig.written() if isinstance(one, TransactionSigned)}
            outcomes.add((len(left), len(ended)))
    assert step > 30
    assert {(0, 0), (2, 0)} < outcomes
    assert any(ended for _, ended in outcomes)


@pytest.mark.slow
async def test_cut_off_at_any_step_nothing_has_left_that_the_journal_does_not_know(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Each is in the journal before it leaves, and what says DROPPED has not left."""
    reached, step, states = True, 0, set()
    while reached:
        step += 1
        reached, rig, transport = await one_life(
            tmp_path / str(step), step, lambda _, scope: scope.cancel("cut off by the test")
        )
        written = rig.written()
        signed = {one.hash for one in written if isinstance(one, TransactionSigned)}
        last = {one.hash: one.state for one in written if isinstance(one, TransactionStatus)}
        left = {keccak256(raw) for raw in transport.left}
        assert left <= signed
        assert not left & {known for known, state in last.items() if state is S.DROPPED}
        assert signed - left <= {known for known, state in last.items() if state is S.DROPPED}
        states |= set(last.values())
    assert step > 30
    assert {S.DROPPED, S.UNKNOWN, S.SENT} <= states

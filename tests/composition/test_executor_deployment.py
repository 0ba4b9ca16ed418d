"""The executor's deployment where the nodes, the chain or the wallet do not do as they should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
import pytest
import trio

from alphapulse.composition.executor_deployment import WAIT_S, Deployment, plan_deployment, send_deployment
from alphapulse.errors import DeploymentError, NoNode
from alphapulse.rules.evm.create2 import create_address
from alphapulse.rules.evm.executor_code import creation_code, runtime_code
from alphapulse.rules.evm.transaction import SignedTransaction
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.send_verdict import NodeSend, SendReport, Sent
from alphapulse.signing.signing_key import SigningKey
from tests.fakes.signers import SCALAR

KEY = SigningKey(SCALAR)
GAS, BASE_FEE, TIP = 2_000_000, 100, 7
HASH = "0x" + "11" * 32


@attrs.define
class Nodes:
    """A node pool that says what it is told to say."""

    balance_wei: int = 10**18
    base_fee: str | None = hex(BASE_FEE)
    sent: Sent = Sent.ACCEPTED
    status: str | None = "0x1"
    code: bytes = runtime_code(KEY.address)
    silent: int = 0
    """How often nobody can be asked for the receipt."""
    raw: bytes = b""

    async def call(
        self, method: str, params: Sequence[Any], *, type: Any, quorum: int = 1, block_hash: bytes | None = None
    ) -> Any:
        await trio.lowlevel.checkpoint()
        head = {"number": "0x9", "hash": HASH, "parentHash": HASH, "timestamp": "0x1", "logsBloom": "0x" + "00" * 256}
        answers: dict[str, Any] = {
            "eth_getBlockByNumber": {**head, "baseFeePerGas": self.base_fee},
            "eth_getTransactionCount": "0x3",
            "eth_getBalance": hex(self.balance_wei),
            "eth_maxPriorityFeePerGas": hex(TIP),
            "eth_estimateGas": hex(GAS),
            "eth_getCode": "0x" + self.code.hex(),
        }
        return msgspec.convert(answers[method], type)

    async def send_raw(self, raw: bytes, transaction_hash: bytes) -> SendReport:
        await trio.lowlevel.checkpoint()
        self.raw = raw
        return SendReport(self.sent, {"one": NodeSend(self.sent, None, "too poor")}, "")

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        await trio.lowlevel.checkpoint()
        if self.silent:
            self.silent -= 1
            raise NoNode("devnet", "nobody")
        (call,) = calls
        if self.status is None:
            return [None]
        told = {
            "transactionHash": call.params[0],
            "transactionIndex": "0x0",
            "blockHash": HASH,
            "blockNumber": "0xa",
            "status": self.status,
            "gasUsed": "0x1",
            "effectiveGasPrice": "0x1",
            "logs": [],
        }
        return [msgspec.convert(told, call.type)]


async def planned(nodes: Nodes) -> Deployment:
    return await plan_deployment(nodes, 137, KEY.address)  # type: ignore[arg-type]


async def sent(nodes: Nodes) -> tuple[SignedTransaction, int]:
    signed = KEY.sign((await planned(nodes)).transaction)
    receipt = await send_deployment(nodes, signed, KEY.address)  # type: ignore[arg-type]
    return signed, receipt.block_number


async def test_fees_gas_and_address_follow_from_what_the_nodes_say() -> None:
    made = await planned(Nodes())
    transaction = made.transaction
    assert (transaction.chain_id, transaction.nonce, transaction.to) == (137, 3, b"")
    assert (transaction.tip_wei, transaction.cap_wei) == (TIP, 2 * BASE_FEE + TIP)
    assert (transaction.gas_limit, transaction.data) == (2_400_000, creation_code())
    assert (made.contract, made.balance_wei) == (create_address(KEY.address, 3), 10**18)


async def test_what_cannot_be_paid_or_has_no_base_fee_is_refused() -> None:
    cost = (await planned(Nodes())).transaction.most_wei
    assert (await planned(Nodes(balance_wei=cost))).balance_wei == cost
    with pytest.raises(DeploymentError, match=f"to have {cost} wei for gas, found {cost - 1}"):
        await planned(Nodes(balance_wei=cost - 1))
    with pytest.raises(DeploymentError, match="expected a chain with base fees"):
        await planned(Nodes(base_fee=None))


async def test_it_is_waited_for_over_nodes_that_are_away(autojump_clock: trio.testing.MockClock) -> None:
    nodes = Nodes(silent=3)
    signed, block_number = await sent(nodes)
    assert (nodes.raw, block_number) == (signed.raw, 10)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (Nodes(sent=Sent.REFUSED), "no node has taken the transaction: one: too poor"),
        (Nodes(status="0x0"), "was undone in block 10"),
        (Nodes(code=b""), "expected the executor's code at 0x"),
        (Nodes(code=runtime_code(bytes(20))), "found other code"),
    ],
)
async def test_what_does_not_stand_as_it_must_is_said(nodes: Nodes, words: str) -> None:
    with pytest.raises(DeploymentError, match=words):
        await sent(nodes)


async def test_a_transaction_that_is_not_mined_is_named_after_five_minutes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One of which nobody knows whether it was taken is waited for as well."""
    began = trio.current_time()
    with pytest.raises(DeploymentError, match=r"the transaction 0x[0-9a-f]{64} was sent and is not mined after 300 s"):
        await sent(Nodes(sent=Sent.UNKNOWN, status=None))
    assert trio.current_time() - began == WAIT_S

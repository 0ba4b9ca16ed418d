"""Deploys the executor contract from a wallet, which owns it from then on."""

from __future__ import annotations

from contextlib import suppress

import attrs
import trio

from alphapulse.composition.wallet_reading import data_in, quantity
from alphapulse.connections.node_pool import NodePool
from alphapulse.errors import DeploymentError, NodeError
from alphapulse.rules.chain.header import Header, RpcHeader, header_of
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.create2 import create_address
from alphapulse.rules.evm.executor_code import creation_code, runtime_code
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.send_verdict import Sent
from alphapulse.rules.transactions.receipt import Receipt, RpcReceipt, read_receipt

GAS_MARGIN_PERCENT = 120
"""Of what a node estimates."""
BASE_FEE_FACTOR = 2
"""The most per gas leaves room for six full blocks."""
WAIT_S = 300.0
LOOK_S = 1.0


@attrs.frozen
class Deployment:
    """What is to be signed, and where the contract will stand."""

    transaction: DynamicFeeTransaction
    contract: bytes
    balance_wei: int


async def plan_deployment(nodes: NodePool, chain_id: int, owner: bytes) -> Deployment:
    """The transaction, with fees and gas as the nodes say.

    Raises:
        NodeError, RpcError, AnswerRefused: they do not answer, or say what cannot be.
        DeploymentError: the wallet cannot pay for it, or the chain has no fees of EIP-1559.
    """
    account, code = f"0x{owner.hex()}", creation_code()
    head: Header = header_of(await nodes.call("eth_getBlockByNumber", ("latest", False), type=RpcHeader))
    if head.base_fee_wei is None:
        raise DeploymentError(f"expected a chain with base fees (EIP-1559), found none in block {head.number}")
    nonce = quantity(await nodes.call("eth_getTransactionCount", (account, "latest"), type=str), "a count")
    balance_wei = quantity(await nodes.call("eth_getBalance", (account, "latest"), type=str), "a balance")
    tip_wei = quantity(await nodes.call("eth_maxPriorityFeePerGas", (), type=str), "a tip")
    call = {"from": account, "data": f"0x{code.hex()}"}
    gas = quantity(await nodes.call("eth_estimateGas", (call,), type=str), "an estimate")
    transaction = DynamicFeeTransaction(
        chain_id=chain_id,
        nonce=nonce,
        tip_wei=tip_wei,
        cap_wei=BASE_FEE_FACTOR * head.base_fee_wei + tip_wei,
        gas_limit=gas * GAS_MARGIN_PERCENT // 100,
        to=b"",
        value_wei=0,
        data=code,
    )
    if balance_wei < transaction.most_wei:
        raise DeploymentError(
            f"expected {checksum_address(owner)} to have {transaction.most_wei} wei for gas, found {balance_wei}; "
            "send it some of the chain's coin"
        )
    return Deployment(transaction, create_address(owner, nonce), balance_wei)


async def send_deployment(nodes: NodePool, signed: SignedTransaction, owner: bytes) -> Receipt:
    """Send it, and wait until the contract stands with the code that it must have.

    Raises:
        NodeError, RpcError, AnswerRefused: the nodes do not answer, or say what cannot be.
        DeploymentError: they do not take it, it is not mined in time, it reverted, or other code stands there.
    """
    report = await nodes.send_raw(signed.raw, signed.hash)
    name = f"0x{signed.hash.hex()}"
    if report.sent is Sent.REFUSED:
        why = "; ".join(f"{label}: {node.text}" for label, node in report.nodes.items())
        raise DeploymentError(f"no node has taken the transaction: {why}")
    with trio.move_on_after(WAIT_S):
        receipt = await _receipt(nodes, signed)
        if not receipt.succeeded:
            raise DeploymentError(f"the transaction {name} was undone in block {receipt.block_number}")
        contract = create_address(owner, signed.transaction.nonce)
        code = data_in(
            await nodes.call("eth_getCode", (f"0x{contract.hex()}",), type=str, block_hash=receipt.block_hash)
        )
        if code != runtime_code(owner):
            raise DeploymentError(f"expected the executor's code at {checksum_address(contract)}, found other code")
        return receipt
    raise DeploymentError(
        f"the transaction {name} was sent and is not mined after {WAIT_S:g} s; look for it before you deploy again"
    )


async def _receipt(nodes: NodePool, signed: SignedTransaction) -> Receipt:
    ask = RpcCall("eth_getTransactionReceipt", (f"0x{signed.hash.hex()}",), RpcReceipt | None)
    while True:
        with suppress(NodeError):  # it was sent: whether a node can be asked just now changes nothing
            (raw,) = await nodes.batch([ask])
            if isinstance(raw, RpcReceipt):
                return read_receipt(raw, signed.hash)
        await trio.sleep(LOOK_S)

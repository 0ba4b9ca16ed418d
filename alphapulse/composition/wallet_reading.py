"""What a wallet has on its chain: coins, tokens, and what its executor may take; all at one block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.connections.node_pool import NodePool
from alphapulse.data.pools import Token
from alphapulse.errors import AnswerRefused, LogRefused, RpcError
from alphapulse.rules.chain.header import Header, RpcHeader, header_of
from alphapulse.rules.discovery.contract_answers import call_data, number_in
from alphapulse.rules.events.hex_text import read_quantity
from alphapulse.rules.nodes.rpc_call import RpcCall

MOST_AGREEING = 2
"""Nodes that must say the same, where there are so many."""
MOST_WEI = 2**256 - 1


@attrs.frozen
class TokenHolding:
    """Raw units of a token; None where its contract does not answer as it must."""

    token: Token
    wallet: int | None
    executor: int | None
    """It holds nothing between trades: what is there was left by somebody."""
    allowance: int | None
    """What the executor may take from the wallet."""


@attrs.frozen
class WalletHoldings:
    """A wallet and its executor at the end of a block."""

    block: Header
    coins_wei: int
    transactions: int
    """How many of the wallet's are in the chain: the number of its next one."""
    executor_code: bytes
    tokens: tuple[TokenHolding, ...]


async def read_holdings(
    nodes: NodePool, wallet: bytes, executor: bytes, tokens: Sequence[Token], multicall: bytes
) -> WalletHoldings:
    """What the nodes agree on, at the block before the newest one, which each of them should know.

    Raises:
        NodeError, RpcError: they do not answer, or do not agree.
        AnswerRefused: an answer is none.
    """
    agreeing = min(MOST_AGREEING, nodes.health().usable) or 1
    block = await settled_block(nodes)
    reader = ContractReader(_Agreeing(nodes, agreeing, block.hash), multicall)
    calls = [
        call
        for token in tokens
        for call in (
            (token.address, call_data("balanceOf(address)", wallet)),
            (token.address, call_data("balanceOf(address)", executor)),
            (token.address, call_data("allowance(address,address)", wallet, executor)),
        )
    ]
    numbers = [number_in(answer) for answer in await reader.read(calls, block.hash)]
    told = [numbers[at : at + 3] for at in range(0, len(numbers), 3)]
    ask = _Agreeing(nodes, agreeing, block.hash)
    code = await ask.state("eth_getCode", executor)
    return WalletHoldings(
        block,
        quantity(await ask.state("eth_getBalance", wallet), "a balance"),
        quantity(await ask.state("eth_getTransactionCount", wallet), "a count"),
        data_in(code),
        tuple(TokenHolding(token, *amounts) for token, amounts in zip(tokens, told, strict=True)),
    )


async def settled_block(nodes: NodePool) -> Header:
    """The block before the newest one. Raises as `read_holdings`."""
    newest = header_of(await nodes.call("eth_getBlockByNumber", ("latest", False), type=RpcHeader))
    found: RpcHeader | None = await nodes.call(
        "eth_getBlockByHash", (f"0x{newest.parent_hash.hex()}", False), type=RpcHeader | None
    )
    return newest if found is None else header_of(found)


def quantity(text: str, what: str) -> int:
    """A number that a node has told. Raises AnswerRefused."""
    try:
        return read_quantity(text, MOST_WEI, what)
    except LogRefused as refusal:
        raise AnswerRefused("quantity", str(refusal)) from refusal


def data_in(text: str) -> bytes:
    """Bytes that a node has told. Raises AnswerRefused."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise AnswerRefused("hex", f"expected 0x and hex digits, found {text[:60]!r}") from error


class _Agreeing:
    """Reads of state at one block on which several nodes must agree."""

    def __init__(self, nodes: NodePool, agreeing: int, block_hash: bytes) -> None:
        self._nodes = nodes
        self._agreeing = agreeing
        self._block_hash = block_hash

    async def state(self, method: str, address: bytes) -> str:
        """What is asked of an account."""
        text: str = await self.call(method, (f"0x{address.hex()}",), type=str)
        return text

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        """As `NodePool.call`, at the block, by as many nodes as must agree."""
        return await self._nodes.call(
            method, params, type=type, quorum=max(quorum, self._agreeing), block_hash=block_hash or self._block_hash
        )

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        """As `NodePool.batch`, of calls that are pinned to the block already."""
        return [await self._one(call) for call in calls]

    async def _one(self, call: RpcCall) -> Any:
        try:
            return await self.call(call.method, call.params[:-1], type=call.type)
        except RpcError as error:
            return error

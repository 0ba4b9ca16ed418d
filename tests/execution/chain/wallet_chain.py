"""A chain with one wallet, as several nodes see it: each has a pool of its own, and can lose, lag, refuse or lie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import attrs

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.rules.evm.transaction import SignedTransaction, read_signed
from tests.connections.model_nodes import CHAIN_ID, ModelNode, Refusal, refusal

GWEI = 10**9
BASE_FEE = 50 * GWEI
FIRST_BLOCK = 100


@attrs.define
class Block:
    """A block, and the wallet's transactions in it."""

    number: int
    hash: bytes
    parent: bytes
    transactions: list[SignedTransaction] = attrs.field(factory=list)


def hash_named(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


class WalletChain:
    """Blocks, and nodes that tell of them. Whatever a node has in its pool can be mined; the dearest of a number is."""

    def __init__(self, wallet: bytes, count: int = 0) -> None:
        self.wallet = wallet
        self.count = count
        """Transactions of the wallet before the first block here."""
        self.base_fee = BASE_FEE
        self.data_fee_wei = 0
        """What a rollup asks for a transaction's data; 0 if the chain is none."""
        self.failing: set[bytes] = set()
        """Transactions that are undone when they are mined."""
        self.blocks = [Block(FIRST_BLOCK, hash_named("main 100"), hash_named("main 99"))]
        self.nodes: list[WalletNode] = []
        self.on_receive: Callable[[], None] = lambda: None
        """Called when a node has received a transaction, whatever it does with it."""

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def copy(self) -> WalletChain:
        """The chain and the pools as they stand, for another life; nodes behave well again."""
        again = WalletChain(self.wallet, self.count)
        again.base_fee = self.base_fee
        again.blocks = [attrs.evolve(block, transactions=list(block.transactions)) for block in self.blocks]
        for node in self.nodes:
            other = WalletNode(node.label, again)
            other.pool, other.received, other.keeps = dict(node.pool), list(node.received), node.keeps
        return again

    def mined(self, upto: int | None = None) -> int:
        """How many transactions of the wallet the chain has at a block."""
        blocks = [block for block in self.blocks if upto is None or block.number <= upto]
        return self.count + sum(len(block.transactions) for block in blocks)

    def mine(self, *, empty: bool = False, branch: str = "main") -> Block:
        """The next block, with all that can be in it."""
        number = self.head.number + 1
        block = Block(number, hash_named(f"{branch} {number}"), self.head.hash)
        self.blocks.append(block)
        while not empty:
            nonce = self.mined()
            ready = [
                one
                for node in self.nodes
                for one in node.pool.values()
                if one.transaction.nonce == nonce and one.transaction.cap_wei >= self.base_fee
            ]
            if not ready:
                break
            block.transactions.append(max(ready, key=lambda one: one.transaction.cap_wei))
        for node in self.nodes:
            node.pool = {known: one for known, one in node.pool.items() if one.transaction.nonce >= self.mined()}
        return block

    def use(self, *others: SignedTransaction) -> Block:
        """A block with transactions that nobody here has sent."""
        block = self.mine(empty=True)
        block.transactions.extend(others)
        return block

    def take_back(self, depth: int, branch: str) -> ChainReorganised:
        """The newest blocks are orphaned, and one empty block stands in their place. Pools get nothing back."""
        old = self.head
        del self.blocks[-depth:]
        ancestor = self.head
        new = self.mine(empty=True, branch=branch)
        return ChainReorganised(
            stream="polygon",
            chain_id=CHAIN_ID,
            ancestor_number=ancestor.number,
            ancestor_hash=ancestor.hash,
            old_head_number=old.number,
            old_head_hash=old.hash,
            new_head_number=new.number,
            new_head_hash=new.hash,
            venue_time_ns=new.number,
        )

    def head_event(self, settled: int | None = None) -> ChainHead:
        """What a collector tells of the newest block."""
        return ChainHead(
            stream="polygon",
            chain_id=CHAIN_ID,
            number=self.head.number,
            hash=self.head.hash,
            parent_hash=self.head.parent,
            venue_time_ns=self.head.number,
            received_ns=1,
            base_fee_wei=self.base_fee,
            safe_number=None,
            settled_number=settled,
            provider="one",
        )

    def find(self, known: bytes, upto: int) -> tuple[Block, SignedTransaction] | None:
        """The block of a transaction, if it is in one that is known."""
        for block in self.blocks:
            for one in block.transactions:
                if one.hash == known and block.number <= upto:
                    return block, one
        return None


class WalletNode(ModelNode):
    """A node of the chain. `pool` is what it has that is not mined."""

    def __init__(self, label: str, chain: WalletChain) -> None:
        super().__init__(label)
        self.pool: dict[bytes, SignedTransaction] = {}
        self.lag = 0
        """It is so many blocks behind."""
        self.answer_to_send: Refusal | None = None
        """How it refuses what is sent to it."""
        self.keeps = False
        """It takes what pays less than the base fee, too, and keeps it."""
        self.received: list[bytes] = []
        """Raw bytes that were sent to it, each time."""
        self._chain = chain
        chain.nodes.append(self)
        self.answers.update(
            eth_sendRawTransaction=self._take,
            eth_getTransactionCount=self._count,
            eth_blockNumber=lambda params: hex(self._upto),
            eth_getTransactionReceipt=self._receipt,
            eth_getTransactionByHash=self._by_hash,
        )

    def evict(self) -> None:
        self.pool.clear()

    @property
    def _upto(self) -> int:
        return self._chain.head.number - self.lag

    def _take(self, params: list[Any]) -> Any:
        raw = bytes.fromhex(params[0][2:])
        answer = self._judge(raw)
        self._chain.on_receive()
        return answer

    def _judge(self, raw: bytes) -> Any:
        self.received.append(raw)
        if self.answer_to_send is not None:
            return self.answer_to_send
        signed, sender = read_signed(raw)
        assert sender == self._chain.wallet
        if signed.hash in self.pool:
            return refusal(-32000, "already known")
        if signed.transaction.nonce < self._chain.mined():
            return refusal(-32000, "nonce too low")
        if signed.transaction.cap_wei < self._chain.base_fee and not self.keeps:
            return refusal(-32000, "max fee per gas less than block base fee")
        for other in tuple(self.pool.values()):
            if other.transaction.nonce == signed.transaction.nonce:
                if signed.transaction.cap_wei * 10 < other.transaction.cap_wei * 11:
                    return refusal(-32000, "replacement transaction underpriced")
                del self.pool[other.hash]
        self.pool[signed.hash] = signed
        return "0x" + signed.hash.hex()

    def _count(self, params: list[Any]) -> str:
        assert params[1] == "latest", "what is pending is nobody's business"
        return hex(self._chain.mined(self._upto))

    def _receipt(self, params: list[Any]) -> Any:
        found = self._chain.find(bytes.fromhex(params[0][2:]), self._upto)
        if found is None:
            return None
        block, one = found
        told = {"l1Fee": hex(self._chain.data_fee_wei)} if self._chain.data_fee_wei else {}
        return told | {
            "transactionHash": params[0],
            "transactionIndex": hex(block.transactions.index(one)),
            "blockHash": "0x" + block.hash.hex(),
            "blockNumber": hex(block.number),
            "status": hex(one.hash not in self._chain.failing),
            "gasUsed": hex(21_000),
            "effectiveGasPrice": hex(min(one.transaction.cap_wei, self._chain.base_fee + one.transaction.tip_wei)),
            "logs": [],
        }

    def _by_hash(self, params: list[Any]) -> Any:
        known = bytes.fromhex(params[0][2:])
        return {"hash": params[0]} if known in self.pool or self._chain.find(known, self._upto) else None

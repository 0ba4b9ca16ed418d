"""A pool of transactions as real nodes have it: what the base fee has left behind stays, waits, and can be replaced.

anvil refuses a transaction whose cap is below the base fee and drops one that falls below it. A real node keeps both,
counts them as pending, and takes another of the same sender and nonce only if it pays a tenth more on both fields.
"""

from __future__ import annotations

from typing import Any

import attrs

from alphapulse.devnet.rpc import hex_of
from alphapulse.errors import DevnetError
from alphapulse.rules.evm.keccak import keccak256
from tests.chain.upstream import Upstream

DYNAMIC_FEE = 2
"""The type of a transaction of EIP-1559, the only one that is kept."""
TOO_CHEAP = "max fee per gas less than block base fee"
ECRECOVER = "0x0000000000000000000000000000000000000001"
BUMP_NUMERATOR, BUMP_DENOMINATOR = 11, 10
Rlp = bytes | list["Rlp"]


class Refused(ValueError):
    """The node does not take a transaction."""


@attrs.frozen
class KeptTransaction:
    """A signed transaction, and what of it matters here."""

    raw: bytes
    hash: str
    sender: str
    nonce: int
    tip_wei: int
    cap_wei: int
    to: str

    def pays_more_than(self, other: KeptTransaction) -> bool:
        """Whether it may replace another."""
        return all(
            mine * BUMP_DENOMINATOR >= theirs * BUMP_NUMERATOR
            for mine, theirs in ((self.tip_wei, other.tip_wei), (self.cap_wei, other.cap_wei))
        )


class TransactionPool:
    """Transactions that were sent and are not mined, by sender and nonce."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._waiting: dict[tuple[str, int], KeptTransaction] = {}

    @property
    def waiting(self) -> list[KeptTransaction]:
        """All of them, in order of their nonces."""
        return [self._waiting[key] for key in sorted(self._waiting)]

    async def take(self, raw: bytes) -> str:
        """A transaction is sent: its hash.

        Raises:
            Refused: in the words of geth and bor.
        """
        sent = await self._read(raw)
        before = self._waiting.get((sent.sender, sent.nonce))
        if before is not None and before.hash == sent.hash:
            raise Refused("already known")
        if before is not None and not sent.pays_more_than(before):
            raise Refused("replacement transaction underpriced")
        try:
            await self._upstream.ask("eth_sendRawTransaction", hex_of(raw))
        except DevnetError as error:
            if TOO_CHEAP not in str(error):
                raise Refused(str(error).rpartition("found: ")[2]) from error
        self._waiting[sent.sender, sent.nonce] = sent
        return sent.hash

    async def look(self) -> None:
        """A block was mined: what is in it is done, what the node has dropped is given to it again."""
        for key, one in sorted(self._waiting.items()):
            mined = int(await self._upstream.ask("eth_getTransactionCount", one.sender, "latest"), 16)
            if one.nonce < mined:
                del self._waiting[key]
            elif await self._upstream.ask("eth_getTransactionByHash", one.hash) is None:
                try:
                    await self._upstream.ask("eth_sendRawTransaction", hex_of(one.raw))
                except DevnetError:
                    continue  # still too cheap: it waits

    def evict(self, sender: str) -> int:
        """Forget a sender's transactions, as a full node does. How many there were."""
        gone = [key for key in self._waiting if key[0] == sender.lower()]
        for key in gone:
            del self._waiting[key]
        return len(gone)

    def by_hash(self, tx_hash: str) -> dict[str, Any] | None:
        """A waiting transaction as `eth_getTransactionByHash` tells it; None if it does not wait."""
        for one in self._waiting.values():
            if one.hash == tx_hash:
                return {
                    "hash": one.hash,
                    "from": one.sender,
                    "to": one.to,
                    "nonce": hex(one.nonce),
                    "type": hex(DYNAMIC_FEE),
                    "maxFeePerGas": hex(one.cap_wei),
                    "maxPriorityFeePerGas": hex(one.tip_wei),
                    "blockHash": None,
                    "blockNumber": None,
                    "transactionIndex": None,
                }
        return None

    def pending_count(self, sender: str, mined: int) -> int:
        """The next nonce of a sender behind those that wait without a gap."""
        while (sender.lower(), mined) in self._waiting:
            mined += 1
        return mined

    async def _read(self, raw: bytes) -> KeptTransaction:
        if not raw or raw[0] != DYNAMIC_FEE:
            raise Refused("transaction type not supported")
        fields, _ = _decoded(raw[1:])
        if not isinstance(fields, list) or len(fields) != 12:
            raise Refused("rlp: expected the twelve fields of a transaction")
        flat = [field for field in fields if isinstance(field, bytes)]
        _, nonce, tip, cap, _, to, _, _, parity, r, s = flat  # the access list is the field between
        digest = keccak256(bytes([DYNAMIC_FEE]) + _encoded(fields[:9]))
        words = (27 + int.from_bytes(parity, "big"), int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        data = digest + b"".join(word.to_bytes(32, "big") for word in words)
        answer = await self._upstream.ask("eth_call", {"to": ECRECOVER, "data": hex_of(data)}, "latest")
        return KeptTransaction(
            raw,
            hex_of(keccak256(raw)),
            "0x" + answer[-40:].lower(),
            int.from_bytes(nonce, "big"),
            int.from_bytes(tip, "big"),
            int.from_bytes(cap, "big"),
            hex_of(to),
        )


def _decoded(data: bytes) -> tuple[Rlp, bytes]:
    """The first item, and what follows it."""
    first = data[0]
    if first < 0x80:
        return data[:1], data[1:]
    short, base = (first < 0xB8, 0x80) if first < 0xC0 else (first < 0xF8, 0xC0)
    size_bytes = 0 if short else first - base - 55
    size = first - base if short else int.from_bytes(data[1 : 1 + size_bytes], "big")
    begin = 1 + size_bytes
    body, rest = data[begin : begin + size], data[begin + size :]
    if base == 0x80:
        return body, rest
    items: list[Rlp] = []
    while body:
        item, body = _decoded(body)
        items.append(item)
    return items, rest


def _encoded(item: Rlp) -> bytes:
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _headed(item, 0x80)
    return _headed(b"".join(map(_encoded, item)), 0xC0)


def _headed(body: bytes, base: int) -> bytes:
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body

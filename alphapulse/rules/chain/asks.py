"""What the tracker wants to know of a node. Whoever carries an ask out gives the answer back with it."""

from __future__ import annotations

import attrs

from alphapulse.rules.chain.header import Header


@attrs.frozen
class AskLatest:
    """The newest header: `eth_getBlockByNumber("latest")`."""


@attrs.frozen
class AskFinalized:
    """The newest header that the chain calls final: `eth_getBlockByNumber` with the tag of the finality rule."""

    tag: str


@attrs.frozen
class AskHeader:
    """One header by its hash."""

    hash: bytes


@attrs.frozen
class AskHeaders:
    """The headers of the numbers `first` to `last`, both included: hints, as only hashes prove that they belong."""

    first: int
    last: int


@attrs.frozen
class AskLogs:
    """All logs that the filter lets through of the block with this hash: `eth_getLogs` with `blockHash`.

    `receipts_root` is what its header says of all of them; empty where that is not known.
    """

    number: int
    hash: bytes
    receipts_root: bytes = b""


@attrs.frozen
class AskLogRange:
    """The same of the blocks `first` to `last`, both included: `eth_getLogs` with `fromBlock` and `toBlock`."""

    first: int
    last: int

    @property
    def blocks(self) -> int:
        """How many blocks it spans."""
        return self.last - self.first + 1


HeaderAsk = AskLatest | AskHeader | AskHeaders
LogAsk = AskLogs | AskLogRange
Ask = HeaderAsk | LogAsk | AskFinalized


def answers(ask: HeaderAsk, header: Header) -> bool:
    """True if a header is what was asked for."""
    match ask:
        case AskHeader(block_hash):
            return header.hash == block_hash
        case AskHeaders(first, last):
            return first <= header.number <= last
        case AskLatest():
            return True

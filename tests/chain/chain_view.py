"""What a node knows of the chain, and what it tells those who have subscribed: heads, logs, logs taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from alphapulse.errors import DevnetError
from tests.chain.upstream import Upstream

HEADS, LOGS = "newHeads", "logs"
NOT_IN_A_HEADER = frozenset({"transactions", "uncles", "withdrawals", "size", "totalDifficulty"})
DEEPEST = 3_000
"""Blocks further below the head are forgotten."""


@attrs.frozen
class Announcement:
    """Something for the subscribers of a topic. `removed` logs are those of blocks that are gone."""

    topic: str
    payload: dict[str, Any]
    block_number: int


@attrs.frozen
class KnownBlock:
    """A block as the node has it."""

    number: int
    hash: str
    parent: str
    header: dict[str, Any]
    logs: tuple[dict[str, Any], ...]


@attrs.define
class ChainView:
    """The chain up to a head.

    With `takes_back` a reorganisation is announced as geth and bor do it: first the logs of the blocks that are gone,
    as removed, then the logs of the new ones, and a head only for the last. Else as anvil does: block by block, and
    nothing is taken back.
    """

    upstream: Upstream
    takes_back: bool = False
    blocks: dict[int, KnownBlock] = attrs.field(factory=dict)
    orphans: dict[str, KnownBlock] = attrs.field(factory=dict)
    reorganisations: int = 0

    @property
    def head(self) -> int:
        """The newest block's number; -1 before the first look."""
        return max(self.blocks, default=-1)

    async def advance(self) -> list[list[Announcement]]:
        """Look at the chain again: for each new block (or for the reorganisation as a whole) what is announced."""
        try:
            new = await self._new_blocks()
        except DevnetError:  # the chain was reorganised under our eyes: the next look finds it
            return []
        if not new:
            return []
        gone = [self.blocks.pop(number) for number in sorted(self.blocks) if number >= new[0].number]
        self.reorganisations += bool(gone)
        self.orphans.update((block.hash, block) for block in gone)
        self.blocks.update((block.number, block) for block in new)
        for number in [number for number in self.blocks if number < self.head - DEEPEST]:
            del self.blocks[number]
        if gone and self.takes_back:
            return [_taken_back(gone, new)]
        return [announced(block) for block in new]

    async def _new_blocks(self) -> list[KnownBlock]:
        """Blocks that are not known yet, oldest first: from the head down to one that is known."""
        header = await self.upstream.ask("eth_getBlockByNumber", "latest", False)
        found: list[KnownBlock] = []
        while True:
            number = int(header["number"], 16)
            known = self.blocks.get(number)
            if (known is not None and known.hash == header["hash"]) or (not self.blocks and found):
                break
            logs = await self.upstream.ask("eth_getLogs", {"blockHash": header["hash"]})
            slim = {key: value for key, value in header.items() if key not in NOT_IN_A_HEADER}
            found.append(KnownBlock(number, header["hash"], header["parentHash"], slim, tuple(logs)))
            if number == 0:
                break
            header = await self.upstream.ask("eth_getBlockByHash", header["parentHash"], False)
            if header is None:
                return []
        return found[::-1]


def announced(block: KnownBlock) -> list[Announcement]:
    """A block's head, then its logs."""
    return [
        Announcement(HEADS, block.header, block.number),
        *(Announcement(LOGS, log, block.number) for log in block.logs),
    ]


def _taken_back(gone: Sequence[KnownBlock], new: Sequence[KnownBlock]) -> list[Announcement]:
    found = [Announcement(LOGS, {**log, "removed": True}, block.number) for block in gone for log in block.logs]
    found += [Announcement(LOGS, log, block.number) for block in new for log in block.logs]
    return [*found, Announcement(HEADS, new[-1].header, new[-1].number)]


def is_wanted(log: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a log passes a filter of `eth_subscribe`: addresses, and topics by their places."""
    addresses = wanted.get("address")
    if addresses is not None:
        among = [addresses] if isinstance(addresses, str) else addresses
        if log["address"].lower() not in {one.lower() for one in among}:
            return False
    for at, choice in enumerate(wanted.get("topics") or []):
        if choice is None:
            continue
        if at >= len(log["topics"]):
            return False
        choices = [choice] if isinstance(choice, str) else choice
        if choices and log["topics"][at].lower() not in {one.lower() for one in choices}:
            return False
    return True

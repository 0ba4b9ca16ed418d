"""Puts market data that comes over several roads back into one order: whole blocks, by position. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from alphapulse.data.market import BlockCompleted, PoolState, StreamState, StreamStatus
from alphapulse.data.pool_reserves import PoolLiquidity, PoolTick

LIVE = (StreamState.FRESH, StreamState.QUIET)
STATES = (PoolState, PoolLiquidity, PoolTick)
"""What stands in a snapshot: states, which belong to no block that is to come."""

MAX_BLOCKS = 1_024
"""Whole blocks held of one shard while another is waited for; then what is there goes on."""


REMEMBERED = 64
"""Newest statuses, with the shards by which they have come."""


@attrs.frozen
class _Block:
    """The events of one block as one shard has them, in order."""

    completed: BlockCompleted
    events: tuple[Any, ...]


@attrs.define
class _Shard:
    """One road: what waits on it, in order; the block that is not complete yet; and whether others wait for it."""

    chains: frozenset[int]
    waiting: deque[_Block | Sequence[object]] = attrs.field(factory=deque)
    blocks: int = 0
    open: list[Any] = attrs.field(factory=list)
    live: bool = True


class BlockMerge:
    """Merges shards of one domain that are split by venue.

    A block is handed on when every live shard of its chain has told a whole block of that number or a later one; the
    parts of one block become one list, its events in the order of their logs. A status that comes by several shards
    is handed on once. What belongs to no block keeps its place among its own shard's blocks.

    A shard is live until a status says that it has ended or is not heard. `shards` gives the chains (ids) of each.
    """

    def __init__(self, shards: Mapping[str, Iterable[int]]) -> None:
        self._shards = {name: _Shard(frozenset(chains)) for name, chains in shards.items()}
        self._told: deque[tuple[StreamStatus, set[str]]] = deque(maxlen=REMEMBERED)
        self.hurried = 0
        """Blocks that were handed on although a live shard had not told how far it is."""

    @property
    def holds(self) -> bool:
        """True if something whole waits for another shard."""
        return any(shard.waiting for shard in self._shards.values())

    def take(self, name: str, messages: Sequence[object]) -> list[Sequence[object]]:
        """Messages have come by a shard. Returns the lists that are due, in order."""
        shard = self._shards[name]
        loose: list[object] = []
        for message in messages:
            if isinstance(message, BlockCompleted):
                self._close_loose(shard, loose)
                loose = []
                self._complete(shard, message)
            elif hasattr(message, "stamp") and not isinstance(message, STATES):
                shard.open.append(message)
            else:
                if isinstance(message, StreamStatus):
                    if message.state is StreamState.RESET:
                        shard.open.clear()
                    if self._is_repeated(name, message):
                        continue
                loose.append(message)
        self._close_loose(shard, loose)
        return self._due(hurry=shard.blocks > MAX_BLOCKS)

    def hurry(self) -> list[Sequence[object]]:
        """Everything whole that waits, in order: what the other shards have not told by now is not waited for."""
        return self._due(hurry=True)

    def _complete(self, shard: _Shard, completed: BlockCompleted) -> None:
        number = completed.block_number
        events = tuple(event for event in shard.open if event.stamp.block_number <= number)
        shard.open = shard.open[len(events) :]
        shard.waiting.append(_Block(completed, events))
        shard.blocks += 1
        shard.live = True

    def _close_loose(self, shard: _Shard, loose: list[object]) -> None:
        if loose:
            shard.waiting.append(tuple(loose))

    def _is_repeated(self, name: str, status: StreamStatus) -> bool:
        """True if the same status has come by another shard, and not by this one yet."""
        for told, names in self._told:
            if told == status and name not in names:
                names.add(name)
                self._follow(self._shards[name], status)
                return True
        self._told.append((status, {name}))
        return False

    def _follow(self, shard: _Shard, status: StreamStatus) -> None:
        if status.state is not StreamState.RESET:
            shard.live = status.state in LIVE

    def _due(self, *, hurry: bool) -> list[Sequence[object]]:
        due: list[Sequence[object]] = []
        while True:
            due += self._loose_heads()
            heads = {name: shard.waiting[0] for name, shard in self._shards.items() if shard.waiting}
            if not heads:
                return due
            blocks = [head.completed for head in heads.values() if isinstance(head, _Block)]
            chains = sorted({block.chain_id for block in blocks})
            ready = [chain_id for chain_id in chains if not self._awaited(chain_id)]
            if not ready and not hurry:
                return due
            if not ready:
                self.hurried += 1
            chain_id = (ready or chains)[0]
            due.append(self._joined(chain_id, min(one.block_number for one in blocks if one.chain_id == chain_id)))

    def _awaited(self, chain_id: int) -> bool:
        """True if a live shard of the chain has not told how far it is."""
        return any(chain_id in one.chains and one.live and not one.waiting for one in self._shards.values())

    def _loose_heads(self) -> list[Sequence[object]]:
        found: list[Sequence[object]] = []
        for shard in self._shards.values():
            while shard.waiting and not isinstance(loose := shard.waiting[0], _Block):
                shard.waiting.popleft()
                for message in loose:
                    if isinstance(message, StreamStatus):
                        self._follow(shard, message)
                found.append(loose)
        return found

    def _joined(self, chain_id: int, number: int) -> Sequence[object]:
        """The parts of one block as one list: its events by log, then its completion."""
        parts: list[_Block] = []
        for shard in self._shards.values():
            head = shard.waiting[0] if shard.waiting else None
            if (
                isinstance(head, _Block)
                and head.completed.chain_id == chain_id
                and head.completed.block_number == number
            ):
                parts.append(head)
                shard.waiting.popleft()
                shard.blocks -= 1
        events = sorted((event for part in parts for event in part.events), key=lambda event: event.stamp.position)
        return (*events, _completed([part.completed for part in parts]))


def _completed(told: Sequence[BlockCompleted]) -> BlockCompleted:
    """The completion of the whole block. Equal ones are one that went to all shards; else each counts its own logs."""
    first = told[0]
    if all(one == first for one in told):
        return first
    return BlockCompleted(
        chain_id=first.chain_id,
        block_number=first.block_number,
        last_log_index=max(one.last_log_index for one in told),
        venue_time_ns=first.venue_time_ns,
        logs=sum(one.logs for one in told),
        block_hash=first.block_hash,
        parent_hash=first.parent_hash,
    )

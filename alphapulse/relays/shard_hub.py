"""The local end of one of several market-data relays: what it brings is put in order with what the others bring."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import trio

from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.wire import Domain
from alphapulse.relays.engagement import Unit
from alphapulse.relays.link_events import LINK_STREAM, is_link_stream
from alphapulse.relays.relay import Relay
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.books.block_merge import BlockMerge

PATIENCE_S = 2
"""How long a whole block waits for a live shard that says nothing; after that it goes on, and is counted."""


class ShardMerge:
    """Merges shards into one hub by blocks; a service, as its patience is limited.

    `merge` tells how many blocks went on without a shard (`hurried`). A link that was reset has lost the state of its
    own venues; what consumers forget of the others at that word is told to them again.
    """

    def __init__(self, hub: Relay, shards: Mapping[str, Collection[int]]) -> None:
        self.merge = BlockMerge(shards)
        self._hub = hub
        self._venues: dict[str, Collection[int]] = {}
        self._held = Unit(hub.flow)
        self._moved_at = 0.0

    def hub_of(self, shard: str, venues: Collection[int]) -> ShardHub:
        """The hub into which the link of a shard puts what it brings of its venues."""
        self._venues[shard] = venues
        return ShardHub(self._hub, lambda messages: self._publish(self.merge.take(shard, messages)))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        while True:
            await trio.sleep(PATIENCE_S / 4)
            if self.merge.holds and trio.current_time() - self._moved_at > PATIENCE_S:
                self._publish(self.merge.hurry())

    def _publish(self, lists: Sequence[Sequence[object]]) -> None:
        for messages in lists:
            self._hub.publish(list(self._with_other_shards(messages)))
        if lists or not self._held.is_open:
            self._moved_at = trio.current_time()
        # What is held is still on its way: nobody may take this process for idle.
        self._held.set(self.merge.holds)

    def _with_other_shards(self, messages: Sequence[object]) -> Iterator[object]:
        for message in messages:
            yield message
            if isinstance(message, StreamStatus) and message.state is StreamState.RESET and is_link_stream(message):
                relay, _, _ = message.stream.removeprefix(LINK_STREAM).partition("/")  # over NATS: RELAY/PUBLISHER
                lost = self._venues[relay]
                for state in self._hub.snapshot():
                    if state.pool.venue not in lost:  # type: ignore[attr-defined]  # a snapshot tells of pools
                        yield state


class ShardHub(Relay):
    """Looks like a hub to a link. What is published in it goes to the merge; who listens, listens to the real hub."""

    def __init__(self, hub: Relay, take: Callable[[Sequence[object]], None]) -> None:
        super().__init__(Domain.MARKET_DATA, hub.flow)
        self._hub = hub
        self._take = take

    @property
    def subscriptions(self) -> Collection[AnySubscription]:
        """Those who listen to the real hub."""
        return self._hub.subscriptions

    def publish(self, messages: Sequence[object], frames: bytes | None = None) -> None:
        """Hand a list to the merge."""
        self._take(messages)

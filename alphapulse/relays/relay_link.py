"""The link to a relay in another process: all of its lanes, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import trio

from alphapulse.data.links import Lane, LinkCondition, RelayReport
from alphapulse.relays.lane_link import Connect, LaneLink, LinkTerms
from alphapulse.relays.relay import Relay
from alphapulse.rules.links.delivery import lane_of, lanes_of
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.receiver import ReceiverCounts

__all__ = ["LinkTerms", "RelayLink"]


class RelayLane(Protocol):
    """One lane of a link, whatever carries it."""

    @property
    def report(self) -> RelayReport | None:
        """The relay's statistics, as far as they are known."""

    @property
    def condition(self) -> LinkCondition:
        """How it is."""

    @property
    def counts(self) -> ReceiverCounts:
        """What was met in what came."""

    @property
    def connected(self) -> bool:
        """True while it has its connection."""

    @property
    def unacknowledged(self) -> int:
        """Messages published here that have not been acknowledged."""

    @property
    def expired(self) -> int:
        """Messages that were not sent, or not handed on, because their time to live was over."""

    def publish(self, messages: Sequence[object]) -> None:
        """Send messages up."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""

    async def wait_connected(self) -> None:
        """Return as soon as it has its connection."""

    async def wait_acknowledged(self) -> None:
        """Return as soon as all that was published so far has been acknowledged."""


class AnyLink:
    """The lanes of a relay that is elsewhere, whatever carries them."""

    def __init__(self, hub: Relay, lanes: Mapping[Lane, RelayLane], terms: LinkTerms, seen: SeenMessages) -> None:
        self.terms = terms
        self.seen = seen
        self._hub = hub
        self._lanes = lanes

    @property
    def report(self) -> RelayReport | None:
        """The relay's own statistics, as it told them last; None until it has."""
        return self._lanes[Lane.DATA].report

    @property
    def condition(self) -> LinkCondition:
        """How the data lane is."""
        return self._lanes[Lane.DATA].condition

    @property
    def counts(self) -> ReceiverCounts:
        """What was met in what came on the data lane: gaps, duplicates, resets."""
        return self._lanes[Lane.DATA].counts

    @property
    def connected(self) -> bool:
        """True while every lane has its connection."""
        return all(lane.connected for lane in self._lanes.values())

    @property
    def unacknowledged(self) -> int:
        """Messages published here that the relay has not acknowledged."""
        return sum(lane.unacknowledged for lane in self._lanes.values())

    @property
    def expired(self) -> int:
        """Signals that were neither sent up nor handed on, as their time to live was over."""
        return sum(lane.expired for lane in self._lanes.values())

    def lane(self, lane: Lane) -> RelayLane:
        """One of the lanes."""
        return self._lanes[lane]

    def publish(self, messages: Sequence[object]) -> None:
        """Send messages up; those of the control lane first.

        Raises:
            RelayError: too much has not been acknowledged.
        """
        topics = self.terms.topics
        if not topics.everything:
            self._hub.remember([message for message in messages if not topics.wants(message)])
        if len(self._lanes) == 1:
            self._lanes[Lane.DATA].publish(messages)
            return
        for lane in (Lane.CONTROL, Lane.DATA):
            if chosen := [message for message in messages if lane_of(message) is lane]:
                self._lanes[lane].publish(chosen)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; ready once the relay has welcomed every lane. A relay that goes away is no failure."""
        async with trio.open_nursery() as nursery:
            for lane in self._lanes.values():
                nursery.start_soon(lane.run)
            await self.wait_connected()
            task_status.started()

    async def wait_connected(self) -> None:
        """Return as soon as the relay has welcomed every lane and given it what it lacks."""
        for lane in self._lanes.values():
            await lane.wait_connected()

    async def wait_acknowledged(self) -> None:
        """Return as soon as everything published so far has been acknowledged (execution and control only)."""
        for lane in self._lanes.values():
            await lane.wait_acknowledged()


class RelayLink(AnyLink):
    """Brings what a relay of another process carries into the local hub, and what is published here to the relay.

    `connect` opens one connection; it is called again whenever one is lost. `seen` are the messages that durable
    consumers here have applied already, as their own books say.
    """

    def __init__(self, hub: Relay, connect: Connect, terms: LinkTerms, *, seen: SeenMessages | None = None) -> None:
        known = seen or SeenMessages()
        lanes = {lane: LaneLink(hub, connect, lane, terms, known) for lane in lanes_of(hub.domain)}
        super().__init__(hub, lanes, terms, known)

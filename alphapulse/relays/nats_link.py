"""The link to a relay that a NATS server carries."""

from __future__ import annotations

from alphapulse.relays.lane_link import LinkTerms
from alphapulse.relays.nats_lane import ConnectNats, NatsLane, NatsTerms
from alphapulse.relays.relay import Relay
from alphapulse.relays.relay_link import AnyLink
from alphapulse.rules.links.delivery import lanes_of
from alphapulse.rules.links.identity import SeenMessages

__all__ = ["LinkTerms", "NatsLink", "NatsTerms"]


class NatsLink(AnyLink):
    """What `RelayLink` is for a relay in another process, for one that needs no process: all who use it are alike.

    `connect` opens one connection to the server; it is called again whenever one is lost.
    """

    def __init__(
        self, hub: Relay, connect: ConnectNats, terms: LinkTerms, nats: NatsTerms, *, seen: SeenMessages | None = None
    ) -> None:
        known = seen or SeenMessages()
        lanes = {lane: NatsLane(hub, connect, lane, terms, nats, known) for lane in lanes_of(hub.domain)}
        super().__init__(hub, lanes, terms, known)

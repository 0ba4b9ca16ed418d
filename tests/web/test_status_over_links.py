"""What the status says of streams that come from other processes: they are as good as their links."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import pytest

from alphapulse.data.links import LinkCondition
from alphapulse.data.wire import Domain
from alphapulse_web.views.status_view import link_trouble


@attrs.frozen
class Place:
    name: str


@attrs.frozen
class Link:
    connected: bool
    condition: LinkCondition


class Roads:
    """Two relays of market data, one of which runs here."""

    def __init__(self, link: Link) -> None:
        self.servers: dict[str, object] = {"here": object()}
        self.links = {"there": link}

    def places(self, domain: Domain) -> Iterable[Place]:
        return (Place("here"), Place("there"))


@pytest.mark.parametrize(
    ("link", "trouble"),
    [
        (Link(True, LinkCondition.OK), ""),
        (Link(True, LinkCondition.STALE), "the link to the relay there is stale"),
        (Link(True, LinkCondition.GAP), "the link to the relay there is gap"),
        (Link(False, LinkCondition.OK), "the link to the relay there is lost"),
    ],
)
def test_a_stream_is_no_better_than_the_link_by_which_it_comes(link: Link, trouble: str) -> None:
    assert link_trouble(Roads(link), Domain.MARKET_DATA) == trouble  # type: ignore[arg-type]  # no real links


def test_in_one_process_there_is_no_link() -> None:
    assert link_trouble(None, Domain.SIGNAL) == ""

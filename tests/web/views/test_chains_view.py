"""The view of chains: how far their data have come, by whom they are told, and what is not known."""

from __future__ import annotations

from alphapulse.connections.node_pool import PoolReport
from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.verdicts import PoolVerdict, TokenVerdict
from alphapulse.relays.bus import Bus
from alphapulse.rules.nodes.node_health import NodeReport, NodeState
from alphapulse_web.api.chain_shapes import ChainView
from alphapulse_web.views.chains_view import ChainsView
from alphapulse_web.views.nodes_shape import nodes_shape
from alphapulse_web.views.quarantine_view import MOST_KEPT, MOST_SHOWN, QuarantineView
from tests.web.views.market_samples import DAY_NS, FIRST, SECOND, swap
from tests.web.views.pool_market import PoolMarket

HEAD = ChainHead("live", 1, 9, b"\1" * 32, bytes(32), DAY_NS + 9, DAY_NS + 2_000_000_009, 7, 5, None, "one")


class Desk:
    """The view over a bus, fed by what is published."""

    def __init__(self) -> None:
        self._market = PoolMarket()
        self._bus = Bus()
        self._view = ChainsView(self._bus, (FIRST, SECOND), self._market.view)

    def publish(self, *messages: object) -> None:
        self._bus.market_data.publish(messages)
        for message in messages:
            self._market.apply(message)
            self._view.apply(message)

    @property
    def chain(self) -> ChainView:
        (chain,) = self._view.chains(limit_ns=60, nodes={}).chains
        return chain


def status_of(state: StreamState, *, recorded: bool = False) -> StreamStatus:
    return StreamStatus("live", Venue.ETHEREUM, state, "a test", 0, 0, recorded)


def completed(block: int) -> BlockCompleted:
    return BlockCompleted(1, block, 0, DAY_NS + block, 1, None, None)


def test_before_anything_came_nothing_is_known() -> None:
    """Every figure is null and the state says so."""
    chain = Desk().chain
    assert (chain.state, chain.name) == ("unknown", "Ethereum")
    figures = (chain.block, chain.block_time, chain.last_event, chain.head, chain.safe, chain.settled, chain.nodes)
    assert figures == (None,) * 7
    assert chain.trust.unknown == 2


def test_a_live_chain_tells_its_head_its_lag_and_who_said_so() -> None:
    """What a node does not tell is null; a recording has no lag, as its wall clock is another day's."""
    desk = Desk()
    desk.publish(status_of(StreamState.FRESH), swap(FIRST.id, 2000, 7), completed(8), HEAD)
    chain = desk.chain
    assert chain.head is not None
    assert (chain.head.number, chain.head.provider, chain.head.lag_ns) == (9, "one", "2000000000")
    assert (chain.state, chain.block, chain.last_event_block, chain.safe, chain.settled) == ("fresh", 8, 7, 5, None)
    assert (chain.trust.in_range, chain.trust.unknown) == (1, 1)
    desk.publish(status_of(StreamState.FRESH, recorded=True))
    assert desk.chain.head is not None
    assert (desk.chain.recorded, desk.chain.head.lag_ns) == (True, None)


def test_trouble_is_told_in_the_words_in_which_the_gate_refuses() -> None:
    """Stale and gap keep what was known last."""
    desk = Desk()
    desk.publish(status_of(StreamState.FRESH), completed(8), status_of(StreamState.GAP))
    assert (desk.chain.state, desk.chain.note, desk.chain.block) == ("gap", "the stream live is gap: a test", 8)


def test_a_reorganisation_takes_the_newest_block_back_and_a_reset_all() -> None:
    """What stays is the newest reorganisation with its depth."""
    desk = Desk()
    desk.publish(status_of(StreamState.FRESH), swap(FIRST.id, 2000, 8), completed(8))
    desk.publish(ChainReorganised("live", 1, 6, bytes(32), 8, bytes(32), 9, bytes(32), DAY_NS))
    chain = desk.chain
    assert chain.reorganisation is not None
    assert (chain.block, chain.last_event, chain.reorganisation.depth) == (None, None, 2)
    desk.publish(status_of(StreamState.RESET))
    assert desk.chain.reorganisation is None


def test_nodes_are_named_by_their_labels() -> None:
    """With what is wrong; what is not known of one is null."""
    why = "3 blocks behind"
    node = NodeReport("one", NodeState.LAGGING, why, False, None, 5, None, None, 3, None, 12, "timeout")
    shown = nodes_shape(PoolReport("polygon", 137, (node,), 1, False, ""))
    (one,) = shown.nodes
    assert (one.label, one.state, one.head, one.head_age_ns, one.lag_blocks, one.latency_ns) == (
        "one", "lagging", 5, None, 3, None
    )  # fmt: skip


def test_what_is_not_believed_is_told_with_the_reason() -> None:
    """The newest first, tokens before pools, of this chain only; a reset changes nothing, a better verdict does."""
    desk = Desk()
    token, other = (InstrumentId.from_token_address(bytes([number]) * 20, Venue.ETHEREUM) for number in (1, 2))
    elsewhere = InstrumentId.from_token_address(b"\3" * 20, Venue.POLYGON)
    desk.publish(
        TokenVerdict(token, "TAX", 18, False, "a fee"),
        PoolVerdict(FIRST.id, False, "its token"),
        TokenVerdict(other, "", None, False, "no decimals"),
        TokenVerdict(elsewhere, "FAR", 6, False, "another chain"),
        PoolVerdict(SECOND.id, True, "proved by CREATE2"),
        status_of(StreamState.RESET),
    )
    shown = [(one.kind, one.address, one.symbol, one.reason) for one in desk.chain.quarantined]
    assert shown == [
        ("token", other.name, "", "no decimals"),
        ("token", token.name, "TAX", "a fee"),
        ("pool", FIRST.id.name, "", "its token"),
    ]
    desk.publish(TokenVerdict(token, "TAX", 18, True, "read again"))
    assert [one.address for one in desk.chain.quarantined] == [other.name, FIRST.id.name]


def test_quarantine_is_bounded() -> None:
    view = QuarantineView()
    for number in range(1, MOST_KEPT + 50):
        id_ = InstrumentId.from_pool_address(number.to_bytes(20, "big"), Venue.ETHEREUM)
        view.apply(PoolVerdict(id_, False, str(number)))
    assert [one.reason for one in view.of_chain(1)] == [str(MOST_KEPT + 49 - at) for at in range(MOST_SHOWN)]
    assert len(view._refused) == MOST_KEPT

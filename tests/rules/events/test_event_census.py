"""Whatever stands among a block's logs is counted once, and nothing of it is a crash."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.pools import PoolKind
from alphapulse.rules.events.event_census import FACTORY_EVENTS, KINDS, POOL_EVENTS, EventCensus
from tests.rules.events.other_events import FACTORIES, POOLS
from tests.rules.events.test_other_events import BY_NAME, usual

ADMITTED = {pool.id.name: pool.kind for pool in POOLS.values()}
MAKERS = {"0x" + (factory.address or b"").hex(): factory for factory in FACTORIES.values()}
COUNTED = {
    name: event for name, event in BY_NAME.items() if event.topic in POOL_EVENTS or event.topic in FACTORY_EVENTS
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["topics", "address", "data"]), inner),
    max_leaves=8,
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A right log of some emitter with something else in the place of a field, or without it."""
    log = usual(COUNTED[draw(st.sampled_from(sorted(COUNTED)))])
    for field in draw(st.lists(st.sampled_from(sorted(log)), max_size=2)):
        if draw(st.booleans()):
            log[field] = draw(ANYTHING | st.sampled_from([*ADMITTED, *MAKERS, "0x", True]))
        else:
            log.pop(field, None)
    return log


@given(st.lists(ANYTHING | spoilt(), max_size=6))
def test_each_log_is_counted_once_or_is_of_no_kind(logs: list[Any]) -> None:
    census = EventCensus(ADMITTED, MAKERS)
    of_a_kind = 0
    for log in logs:
        census.count(log)
        topics = log.get("topics") if isinstance(log, dict) else None
        topic = topics[0] if isinstance(topics, list) and topics and isinstance(topics[0], str) else ""
        of_a_kind += topic.lower() in POOL_EVENTS or topic.lower() in FACTORY_EVENTS
    assert census.logs == len(logs)
    assert tuple(census.kinds) == KINDS
    counted = sum(one.admitted + one.other + one.refused.total() for one in census.kinds.values())
    assert counted == of_a_kind <= census.logs - census.unreadable


def test_only_the_kind_of_the_emitter_counts() -> None:
    """Every usual log is admitted from its own emitter, save Algebra's, which has no kinds of its own."""
    for name, event in COUNTED.items():
        census = EventCensus(ADMITTED, MAKERS)
        census.count(usual(event))
        (one,) = (count for count in census.kinds.values() if count.admitted or count.other or count.refused)
        own = event.emitter is not PoolKind.ALGEBRA
        assert (one.admitted, one.other, one.refused) == (int(own), int(not own), {}), name

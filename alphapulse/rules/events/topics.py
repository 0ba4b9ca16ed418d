"""Which events each kind of pool emits that change or tell its state: what a subscription asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alphapulse.data.factories import FactoryKind
from alphapulse.data.pools import PoolKind
from alphapulse.rules.events import algebra, pancake_v3, solidly, uniswap_v2, uniswap_v3

_CONCENTRATED = (
    uniswap_v3.SWAP_TOPIC,
    uniswap_v3.MINT_TOPIC,
    uniswap_v3.BURN_TOPIC,
    uniswap_v3.COLLECT_TOPIC,
    uniswap_v3.FLASH_TOPIC,
    uniswap_v3.INITIALIZE_TOPIC,
)
_SOLIDLY = (
    solidly.SYNC_TOPIC,
    solidly.SWAP_TOPIC,
    solidly.BURN_TOPIC,
    uniswap_v2.SWAP_TOPIC,
    uniswap_v2.MINT_TOPIC,
    uniswap_v2.BURN_TOPIC,
)
POOL_TOPICS: Mapping[PoolKind, tuple[str, ...]] = {
    PoolKind.V2: (uniswap_v2.SWAP_TOPIC, uniswap_v2.SYNC_TOPIC, uniswap_v2.MINT_TOPIC, uniswap_v2.BURN_TOPIC),
    PoolKind.V3: (
        *_CONCENTRATED,
        uniswap_v3.SET_FEE_PROTOCOL_TOPIC,
        uniswap_v3.COLLECT_PROTOCOL_TOPIC,
        pancake_v3.SWAP_TOPIC,
        pancake_v3.SET_FEE_PROTOCOL_TOPIC,
    ),
    PoolKind.ALGEBRA: (*_CONCENTRATED, algebra.FEE_TOPIC, algebra.COMMUNITY_FEE_TOPIC),
    PoolKind.SOLIDLY_VOLATILE: _SOLIDLY,
    PoolKind.SOLIDLY_STABLE: _SOLIDLY,
}
"""First topics by kind of pool; kinds share some, so only the emitter says whose event it is."""

FACTORY_TOPICS: Mapping[FactoryKind, str] = {
    FactoryKind.V2: uniswap_v2.PAIR_CREATED_TOPIC,
    FactoryKind.V3: uniswap_v3.POOL_CREATED_TOPIC,
    FactoryKind.ALGEBRA: algebra.POOL_TOPIC,
}
"""The event by which a factory tells of a new pool."""


def topics_of(kinds: Iterable[PoolKind], factories: Iterable[FactoryKind] = ()) -> tuple[bytes, ...]:
    """The first topics to subscribe to for these kinds of pools and factories, each once."""
    wanted = {topic for kind in kinds for topic in POOL_TOPICS.get(kind, ())}
    wanted |= {FACTORY_TOPICS[kind] for kind in factories if kind in FACTORY_TOPICS}
    return tuple(sorted(bytes.fromhex(topic[2:]) for topic in wanted))

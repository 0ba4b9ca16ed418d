"""What a block's logs are: of which kind, of an admitted emitter or of somebody else, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import PoolKind
from alphapulse.errors import LogRefused
from alphapulse.rules.events import uniswap_v2, uniswap_v3
from alphapulse.rules.events.log_decoder import FACTORY_DECODERS
from alphapulse.rules.events.rpc_log import RpcLog

POOL_EVENTS: dict[str, tuple[str, PoolKind]] = {
    uniswap_v2.SWAP_TOPIC: ("v2_swap", PoolKind.V2),
    uniswap_v2.SYNC_TOPIC: ("v2_sync", PoolKind.V2),
    uniswap_v2.MINT_TOPIC: ("v2_mint", PoolKind.V2),
    uniswap_v2.BURN_TOPIC: ("v2_burn", PoolKind.V2),
    uniswap_v3.SWAP_TOPIC: ("v3_swap", PoolKind.V3),
    uniswap_v3.MINT_TOPIC: ("v3_mint", PoolKind.V3),
    uniswap_v3.BURN_TOPIC: ("v3_burn", PoolKind.V3),
    uniswap_v3.COLLECT_TOPIC: ("v3_collect", PoolKind.V3),
    uniswap_v3.FLASH_TOPIC: ("v3_flash", PoolKind.V3),
    uniswap_v3.INITIALIZE_TOPIC: ("v3_initialize", PoolKind.V3),
}
FACTORY_EVENTS: dict[str, tuple[str, FactoryKind]] = {
    uniswap_v2.PAIR_CREATED_TOPIC: ("v2_pair_created", FactoryKind.V2),
    uniswap_v3.POOL_CREATED_TOPIC: ("v3_pool_created", FactoryKind.V3),
}
KINDS = (
    *("v2_swap", "v2_sync", "v2_mint", "v2_burn", "v2_pair_created"),
    *("v3_swap", "v3_mint", "v3_burn", "v3_collect", "v3_flash", "v3_initialize", "v3_pool_created"),
)
"""All kinds, in the order in which they are told."""

NOT_A_LOG = "not_a_log"
"""Why what stands among the logs is refused if fields are missing or are no text."""

_UNTOLD = {"blockTimestamp": "0x0", "transactionHash": "0x" + "00" * 32}
"""What stands for fields that a source of whole blocks may leave out: what a log says does not depend on them."""

Decode = Callable[[RpcLog], object]


@attrs.frozen
class _Somebody:
    id: InstrumentId


_ANYBODY = _Somebody(InstrumentId.from_pool_address(bytes(19) + b"\1", Venue.ETHEREUM))
"""Stands for every emitter, on every chain: the events are counted and forgotten."""


@attrs.define
class KindCount:
    """How many logs of a kind came from admitted emitters, from others, and from admitted ones but malformed."""

    admitted: int = 0
    other: int = 0
    refused: Counter[str] = attrs.field(factory=Counter)


class EventCensus:
    """Counts the logs of one block. `pools` and `factories` are those that are believed on its chain, by address.

    Each log is judged by itself. It counts for the kind that its first topic names: as `other` if the emitter is not
    admitted or is of a family that has no such event (an Algebra pool's Swap is no `v3_swap`), as `refused` with the
    decoder's reason if the emitter is admitted and cannot have written it, as `admitted` otherwise. A log whose source
    left out its time or its transaction is judged by the rest.

    `logs` counts all, `unreadable` those among them that are no log objects with topics, and so of no kind.
    """

    def __init__(self, pools: Mapping[str, PoolKind], factories: Mapping[str, Factory]) -> None:
        self._pools = pools
        self._factories = factories
        self.logs = 0
        self.unreadable = 0
        self.kinds = {kind: KindCount() for kind in KINDS}

    def count(self, log: Any) -> None:
        """Take in one log as a JSON value."""
        self.logs += 1
        topics = log.get("topics") if isinstance(log, dict) else None
        if not isinstance(topics, list) or not all(isinstance(one, str) for one in topics[:1]):
            self.unreadable += 1
            return
        emitter, topic = str(log.get("address")).lower(), "".join(topics[:1]).lower()
        if topic in POOL_EVENTS:
            kind, family = POOL_EVENTS[topic]
            decode = _DECODERS[family] if self._pools.get(emitter) is family else None
        elif topic in FACTORY_EVENTS:
            kind, maker = FACTORY_EVENTS[topic]
            factory = self._factories.get(emitter)
            decode = None if factory is None or factory.kind is not maker else _created_by(factory)
        else:
            return
        _judge(self.kinds[kind], log, topic, decode)


def _judge(count: KindCount, log: dict[str, Any], topic: str, decode: Decode | None) -> None:
    if decode is None:
        count.other += 1
        return
    told = {**_UNTOLD, **{field: value for field, value in log.items() if value is not None}}
    try:
        decode(msgspec.convert({**told, "topics": [topic, *log["topics"][1:]]}, RpcLog))
    except LogRefused as refusal:
        count.refused[refusal.reason] += 1
    except msgspec.ValidationError:
        count.refused[NOT_A_LOG] += 1
    else:
        count.admitted += 1


def _created_by(factory: Factory) -> Decode:
    anywhere = attrs.evolve(factory, venue=_ANYBODY.id.venue)
    return lambda log: FACTORY_DECODERS[factory.kind](log, anywhere, 0)


_DECODERS: dict[PoolKind, Decode] = {
    PoolKind.V2: lambda log: uniswap_v2.decode_log(log, _ANYBODY, 0),
    PoolKind.V3: lambda log: uniswap_v3.decode_log(log, _ANYBODY, 0),
}

"""From a subscription's frame to the typed event of an admitted pool or a known factory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolEvent
from alphapulse.data.pool_events import PoolCreated
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.errors import LogRefused
from alphapulse.rules.events import algebra, solidly, uniswap_v2, uniswap_v3
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.hex_text import shown
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame

POOL_DECODERS: dict[PoolKind, Callable[[RpcLog, Emitter, int], PoolEvent]] = {
    PoolKind.V3: uniswap_v3.decode_log,
    PoolKind.V2: uniswap_v2.decode_log,
    PoolKind.ALGEBRA: algebra.decode_log,
    PoolKind.SOLIDLY_VOLATILE: solidly.decode_log,
    PoolKind.SOLIDLY_STABLE: solidly.decode_log,
}
"""Who reads the logs of a kind of pool: a topic alone does not say whose event it is."""

FACTORY_DECODERS: dict[FactoryKind, Callable[[RpcLog, Factory, int], PoolCreated]] = {
    FactoryKind.V2: uniswap_v2.decode_created,
    FactoryKind.V3: uniswap_v3.decode_created,
    FactoryKind.ALGEBRA: algebra.decode_created,
}


class LogDecoder:
    """Decodes logs of the pools and factories it was given and refuses all others: an event's signature proves nothing.

    Pools of a kind without a decoder, and factories without an address, are left out.
    """

    def __init__(self, pools: Iterable[Pool], factories: Iterable[Factory] = ()) -> None:
        self._pools: dict[str, tuple[Callable[[RpcLog, Emitter, int], PoolEvent], Pool]] = {}
        for pool in pools:
            self.admit(pool)
        self._factories = {
            "0x" + factory.address.hex(): (FACTORY_DECODERS[factory.kind], factory)
            for factory in factories
            if factory.address is not None and factory.kind in FACTORY_DECODERS
        }

    def admit(self, pool: Pool) -> None:
        """Believe this pool's logs from now on."""
        if (decode := POOL_DECODERS.get(pool.kind)) is not None:
            self._pools[pool.id.name] = decode, pool

    def expel(self, pool: InstrumentId) -> None:
        """Refuse this pool's logs from now on; one that was never admitted is refused already."""
        self._pools.pop(pool.name, None)

    def decode(self, frame: bytes | str, received_ns: int) -> PoolEvent:
        """The event in an `eth_subscription` frame that was received at `received_ns`, wall clock.

        Raises:
            LogRefused: `not_json`, `not_a_log`, or a reason of `decode_log`.
        """
        return self.decode_log(decode_frame(frame), received_ns)

    def decode_log(self, log: RpcLog, received_ns: int) -> PoolEvent:
        """The event in a log. The emitter's address may be written in lower case or with its checksum.

        Raises:
            LogRefused: `not_admitted` if the emitter is none of the pools and factories, or a reason of
                `uniswap_v3.decode_log` or `uniswap_v3.decode_created`.
        """
        admitted = self._pools.get(log.address) or self._pools.get(log.address.lower())
        if admitted is not None:
            return admitted[0](log, admitted[1], received_ns)
        known = self._factories.get(log.address.lower())
        if known is not None:
            decode_created, factory = known
            return decode_created(log, factory, received_ns)
        raise LogRefused("not_admitted", f"expected a log of an admitted pool, found emitter {shown(log.address)}")

"""Parcels of market data for the tests of the links' state machines."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.links import Lane
from alphapulse.data.wire import Source
from alphapulse.rules.links.batch import Batch
from alphapulse.rules.links.delivery import MARKET, Delivery
from alphapulse.rules.links.parcel import Parcel
from alphapulse.rules.links.ring import Ring
from alphapulse.rules.wire.frame import encode_messages
from tests.rules.arbitrage.market_samples import pool, swap

BOOT = 77


def frames(messages: Sequence[object]) -> bytes:
    return encode_messages(messages, source=Source.EVM, first_sequence=1, timestamp_ns=1)


def swaps(*pools: int, price: int = 1 << 96) -> list[object]:
    return [swap(pool(number), (1, place), price) for place, number in enumerate(pools)]


def filled(ring: Ring, *lists: Sequence[object], taken_ns: int = 0, counted: bool = False) -> list[Parcel]:
    return [ring.add(messages, frames(messages), taken_ns=taken_ns, counted=counted) for messages in lists]


def ring(delivery: Delivery = MARKET) -> Ring:
    return Ring(BOOT, Lane.DATA, delivery)


def batch(first: int, span: int = 1, *, flags: int = 0, boot_id: int = BOOT) -> Batch:
    return Batch(Lane.DATA, flags, boot_id, first, span, span, b"")

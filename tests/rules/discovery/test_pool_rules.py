"""Which contracts are pools of a known factory, what the operator's lists and floors leave out, and who waits."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.log_stamp import BLOCK_END, LogStamp
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.discovery.emitter_queue import MOST_REMEMBERED, MOST_WAITING, EmitterQueue
from alphapulse.rules.discovery.liquidity import value_of
from alphapulse.rules.discovery.pool_rules import (
    ClaimedPool,
    PoolReading,
    claim_of,
    kinds_of,
    liquidity_problem,
    list_problem,
)
from alphapulse.rules.events import algebra, uniswap_v2, uniswap_v3
from alphapulse.rules.evm.create2 import pool_address

LOW, HIGH, MAKER, ELSE = (bytes([number]) * 20 for number in (1, 2, 3, 4))
TERMS = {FactoryKind.V2: (3000, None), FactoryKind.V3: (500, 10), FactoryKind.ALGEBRA: (None, 60)}


def factory(kind: FactoryKind, *, code: bytes | None = b"\5" * 32) -> Factory:
    fee_ppm = 3000 if kind is FactoryKind.V2 else None
    return Factory(f"{kind.name} of test", 137, Venue.POLYGON, kind, MAKER, MAKER, code, fee_ppm)


def reading(of: Factory, **changes: Any) -> PoolReading:
    fee_ppm, spacing = TERMS[of.kind]
    address = pool_address(of, LOW, HIGH, fee_ppm) or ELSE
    return attrs.evolve(PoolReading(address, MAKER, LOW, HIGH, fee_ppm, spacing), **changes)


@pytest.mark.parametrize("kind", TERMS)
def test_a_pool_of_a_known_factory_is_claimed_with_its_terms(kind: FactoryKind) -> None:
    """A pair may tell whatever fee and spacing it likes: it has no such functions."""
    of = factory(kind)
    told = reading(of) if kind is not FactoryKind.V2 else reading(of, fee_ppm=1, tick_spacing=7)
    claim = claim_of(told, {MAKER: of})
    assert isinstance(claim, ClaimedPool)
    assert (claim.fee_ppm, claim.tick_spacing, claim.proven) == (*TERMS[kind], True)
    unknown = factory(kind, code=None)
    claim = claim_of(reading(unknown), {MAKER: unknown})
    assert isinstance(claim, ClaimedPool)
    assert not claim.proven


@pytest.mark.parametrize("kind", TERMS)
def test_whoever_lies_is_none(kind: FactoryKind) -> None:
    of = factory(kind)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"address": ELSE}, "gives the pool of these tokens the address 0x"),
        ({"factory": ELSE}, "its factory 0x0404"),
        ({"factory": None}, "no contract that tells a factory"),
        ({"token1": None}, "no contract that tells a factory"),
        ({"token0": HIGH, "token1": LOW}, "not below"),
        ({"token0": HIGH}, "not below"),
        ({"token1": ELSE}, "the address 0x"),
    ]
    if kind is FactoryKind.V3:
        wrong += [
            ({"fee_ppm": None}, "its fee is not known"),
            ({"fee_ppm": 1_000_000}, "fee"),
            ({"fee_ppm": 100}, "0x"),
        ]
    if kind is not FactoryKind.V2:
        wrong += [({"tick_spacing": spacing}, "a tick spacing of") for spacing in (None, 0, 16_384)]
    for changes, reason in wrong:
        found = claim_of(reading(of, **changes), {MAKER: of})
        assert isinstance(found, str)
        assert reason in found, changes


def test_a_factory_of_another_kind_or_without_a_fee_makes_no_pools_here() -> None:
    of = attrs.evolve(factory(FactoryKind.V2), kind=FactoryKind.SOLIDLY)
    assert "is not known" in str(claim_of(reading(factory(FactoryKind.V2)), {MAKER: of}))
    of = attrs.evolve(factory(FactoryKind.V2), fee_ppm=None)
    assert "has none for all its pools" in str(claim_of(reading(of), {MAKER: of}))


def test_topics_say_which_kinds_a_pool_can_be_of() -> None:
    assert kinds_of([uniswap_v3.SWAP_TOPIC]) == {PoolKind.V3, PoolKind.ALGEBRA}
    assert kinds_of([uniswap_v2.SYNC_TOPIC, "0x00"]) == {PoolKind.V2}
    assert kinds_of([algebra.FEE_TOPIC]) == {PoolKind.ALGEBRA}
    assert kinds_of(["", "0x00"]) == set()


def test_lists_and_floors() -> None:
    claim = claim_of(reading(factory(FactoryKind.V2)), {MAKER: factory(FactoryKind.V2)})
    assert isinstance(claim, ClaimedPool)
    assert list_problem(claim, frozenset(), frozenset()) == ""
    assert list_problem(claim, frozenset((LOW, HIGH)), frozenset()) == ""
    assert "0x0202" in list_problem(claim, frozenset((LOW,)), frozenset())
    assert "operator" in list_problem(claim, frozenset(), frozenset((claim.address,)))
    assert liquidity_problem([None, None], 0) == ""
    assert "no price" in liquidity_problem([None, None], 1)
    assert liquidity_problem([None, 100], 100) == ""
    assert "it holds 99 in the numéraire, the least is 100" in liquidity_problem([None, 99], 100)


def _market(other: bytes, reserves: tuple[int, int], trust: Trust = Trust.PROVEN) -> tuple[Pool, ConstantProductState]:
    low, high = sorted((LOW, other))
    id_ = InstrumentId.from_pool_address(bytes([reserves[0] % 250 + 1]) * 20, Venue.POLYGON)
    pool = Pool(id_, PoolKind.V2, "test", Token(low, "L", 6), Token(high, "H", 18), 3000, None)
    stamp = LogStamp(1, BLOCK_END, BLOCK_END, None, None, 0, 0)
    return pool, ConstantProductState(*reserves, stamp, trust, 3000)


def test_the_deepest_believed_pool_tells_the_price() -> None:
    """LOW is the numéraire; HIGH is worth 3 in the deep pool and a million in the thin one."""
    deep, thin = _market(HIGH, (3_000_000, 1_000_000)), _market(HIGH, (10_000_000 // 1000, 0 + 1))
    lying = _market(HIGH, (10**15, 1), Trust.DIVERGENT)
    for markets in ([deep, thin, lying], [lying, thin, deep], [(thin[0], None), deep]):
        assert value_of(HIGH, 50, LOW, markets) == 150
    assert value_of(LOW, 50, LOW, []) == 50
    assert value_of(HIGH, 50, LOW, [lying, (deep[0], None)]) is None
    assert value_of(ELSE, 50, LOW, [deep]) is None


def test_each_emitter_waits_once_and_is_looked_at_again_when_told() -> None:
    queue = EmitterQueue()
    for topic in ("a", "b", "a"):
        queue.offer(LOW, topic, 5)
    queue.offer(HIGH, "c", 5)
    assert queue.first(10) == [(LOW, frozenset("ab")), (HIGH, frozenset("c"))]
    queue.postpone(LOW)
    queue.postpone(ELSE)
    assert [emitter for emitter, _ in queue.first(1)] == [HIGH]
    queue.settle(HIGH, 10)
    queue.settle(LOW, None)
    for number in (5, 9, 10**9):
        queue.offer(LOW, "a", number)
    queue.offer(HIGH, "c", 9)
    assert len(queue) == 0
    queue.offer(HIGH, "c", 10)
    assert queue.first(10) == [(HIGH, frozenset("c"))]


def test_a_flood_is_bounded() -> None:
    queue = EmitterQueue()
    for number in range(MOST_WAITING + 7):
        queue.offer(number.to_bytes(20, "big"), "a", 1)
    assert (len(queue), queue.left_out) == (MOST_WAITING, 7)
    for number in range(MOST_REMEMBERED + 1):
        queue.settle(number.to_bytes(20, "big"), None)
    queue.offer(bytes(20), "a", 1)
    queue.offer(b"\0" * 19 + b"\1", "a", 1)
    assert [emitter for emitter, _ in queue.first(10)] == [bytes(20)]

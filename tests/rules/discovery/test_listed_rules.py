"""A listed pool is what its contracts say, or the reason why not."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.rules.discovery.listed_rules import listed_problem
from alphapulse.rules.discovery.pool_rules import PoolReading
from alphapulse.rules.evm.create2 import pool_address

LOW, HIGH, MAKER, ELSE = (bytes([number]) * 20 for number in (1, 2, 3, 4))
KINDS = {FactoryKind.V2: PoolKind.V2, FactoryKind.V3: PoolKind.V3, FactoryKind.ALGEBRA: PoolKind.ALGEBRA}
TERMS = {FactoryKind.V2: (3000, None), FactoryKind.V3: (500, 10), FactoryKind.ALGEBRA: (None, 60)}
DECIMALS = {LOW: (6, 6), HIGH: (18, 18)}


def made(kind: FactoryKind) -> tuple[Factory, Pool, PoolReading]:
    fee_ppm, spacing = TERMS[kind]
    factory = Factory("test", 137, Venue.POLYGON, kind, MAKER, MAKER, b"\5" * 32, fee_ppm if spacing is None else None)
    address = pool_address(factory, LOW, HIGH, fee_ppm) or ELSE
    id_ = InstrumentId.from_pool_address(address, Venue.POLYGON)
    pool = Pool(id_, KINDS[kind], "test", Token(LOW, "L", 6), Token(HIGH, "H", 18), fee_ppm, spacing)
    return factory, pool, PoolReading(address, MAKER, LOW, HIGH, fee_ppm, spacing)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_contracts_confirm_is_followed_and_nothing_else(kind: FactoryKind) -> None:
    factory, pool, reading = made(kind)
    known = {MAKER: factory}
    assert listed_problem(pool, reading, DECIMALS, known) == ""
    assert listed_problem(pool, attrs.evolve(reading, factory=ELSE), DECIMALS, known) == ""
    assert listed_problem(pool, attrs.evolve(reading, factory=None), DECIMALS, known) == ""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"token0": ELSE}, "its token0 is 0x0404"),
        ({"token1": None}, "is none"),
    ]
    if kind is FactoryKind.V3:
        wrong.append(({"fee_ppm": 3000}, "its fee is 3000 ppm, the file says 500"))
    if kind is not FactoryKind.V2:
        wrong.append(({"tick_spacing": 7}, "its tick spacing is 7, the file says"))
    for changes, reason in wrong:
        assert reason in listed_problem(pool, attrs.evolve(reading, **changes), DECIMALS, known)
    for found, reason in (
        ((18, 18), "tells 18 decimals, the file says 6 for L"),
        ((6, 8), "tells 6 and 8 decimals"),
        ((None, None), "tells none decimals"),
    ):
        assert reason in listed_problem(pool, reading, DECIMALS | {LOW: found}, known)


def test_a_known_factory_must_have_made_it() -> None:
    factory, pool, reading = made(FactoryKind.V2)
    elsewhere = attrs.evolve(pool, id=InstrumentId.from_pool_address(ELSE, Venue.POLYGON))
    assert "another address" in listed_problem(elsewhere, reading, DECIMALS, {MAKER: factory})
    cheaper = attrs.evolve(pool, fee_ppm=2500)
    assert "charge 3000 ppm, the file says 2500" in listed_problem(cheaper, reading, DECIMALS, {MAKER: factory})
    other = attrs.evolve(factory, kind=FactoryKind.ALGEBRA)
    assert "makes no pools of kind v2" in listed_problem(pool, reading, DECIMALS, {MAKER: other})

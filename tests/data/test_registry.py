"""The registry knows every message class, and a declaration that clashes is refused."""

from __future__ import annotations

import enum
import importlib
import pkgutil
import re
from collections.abc import Callable

import attrs
import pytest

import alphapulse.data
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import PoolSwap
from alphapulse.data.registry import MESSAGES, MODULES, message_class
from alphapulse.data.trades import Side, Trade
from alphapulse.data.wire import (
    DOMAIN_TYPES,
    STRANGERS_TYPES,
    U8,
    U64,
    WIRE,
    Blob,
    Choice,
    Description,
    Domain,
    Integer,
    Many,
    Source,
    Text,
    message,
    wire,
)
from alphapulse.rules.wire.frame import encode_frame


def test_the_registry_imports_every_module_that_declares_messages() -> None:
    declaring = set()
    for found in pkgutil.iter_modules(alphapulse.data.__path__, "alphapulse.data."):
        module = importlib.import_module(found.name)
        own = (value for value in vars(module).values() if getattr(value, "__module__", None) == found.name)
        if any(isinstance(getattr(value, "DESCRIPTION", None), Description) for value in own):
            declaring.add(module)
    assert declaring == set(MODULES)


def test_a_class_is_found_by_its_number() -> None:
    assert message_class(11) is PoolSwap
    assert message_class(254) is None


def test_numbers_lie_in_their_domains_ranges() -> None:
    for number, cls in MESSAGES.items():
        description = cls.DESCRIPTION  # type: ignore[attr-defined]
        assert number not in STRANGERS_TYPES
        assert (description.type, description.name) == (number, cls.__name__)
        assert any(number in numbers for numbers in DOMAIN_TYPES[description.domain])


def test_a_number_is_taken_once() -> None:
    with pytest.raises(ValueError, match="type 11 is taken by PoolSwap"):

        @message(type=11, domain=Domain.MARKET_DATA)
        class Another:
            value: int = wire(U8)


def test_a_number_outside_its_domain_is_refused() -> None:
    with pytest.raises(ValueError, match="type 40 does not belong to domain MARKET_DATA"):

        @message(type=40, domain=Domain.MARKET_DATA)
        class Misplaced:
            value: int = wire(U8)


SPOKEN = [range(1, 33), range(40, 50), range(60, 73), range(80, 82), range(100, 109), range(110, 113), range(200, 202)]


def test_every_number_that_the_product_speaks_has_a_class() -> None:
    """Market data, signals, execution, risk, compliance, system and pool info, without a gap."""
    assert [number for numbers in SPOKEN for number in numbers if number not in MESSAGES] == []


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "Trade"),
        (2, "Quote"),
        (3, "OrderBook"),
        (16, "PoolSync"),
        (18, "GasPrice"),
        (20, "SignalIdentity"),
        (28, "MEVBundle"),
        (41, "OrderStatus"),
        (72, "StrategyRegistration"),
        (80, "ComplianceCheck"),
        (100, "Heartbeat"),
        (112, "SequenceSync"),
        (200, "PoolInfo"),
    ],
)
def test_numbers_are_the_originals(number: int, name: str) -> None:
    assert MESSAGES[number].__name__ == name


def test_a_heartbeat_takes_any_value() -> None:
    """Its fields are two integers of 64 bits, and nothing narrows them."""
    fields = attrs.fields(MESSAGES[100])
    assert [(field.name, field.metadata[WIRE]) for field in fields] == [("boot_id", U64), ("next_sequence", U64)]


def test_a_trade_frame_has_90_bytes() -> None:
    trade = Trade(InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN), 1, 2, 3, Side.SELL)
    frame = encode_frame([trade], source=Source.KRAKEN, sequence=0, timestamp_ns=0)
    assert len(frame) == 90
    assert frame[32:34] == bytes((1, 56))
    assert frame[-8:] == bytes((1, 0, 0, 0, 0, 0, 0, 0))


def test_a_strangers_number_is_free_in_any_domain() -> None:
    for domain in Domain:

        class Stranger:
            value: int = wire(U8)

        declared = message(type=254, domain=domain)(Stranger)
        assert MESSAGES.pop(254) is declared


class Wide(enum.IntEnum):
    X = 300


@pytest.mark.parametrize(
    ("declare", "reason"),
    [
        (lambda: Integer(12), "whole bytes, found 12 bits"),
        (lambda: Text(65_536), "1 to 65535 bytes, found 65536"),
        (lambda: Blob(0), "1 to 65535 bytes, found 0"),
        (lambda: Many(U8, 65_536), "1 to 65535 items, found 65536"),
        (lambda: Choice(Wide), "fits 8 bits, found <Wide.X: 300>"),
    ],
)
def test_what_no_bytes_can_hold_is_refused_where_it_is_declared(declare: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        declare()
    assert Choice(Wide, 16).bits == 16

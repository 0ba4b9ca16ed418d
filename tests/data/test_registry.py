"""The registry knows every message class, and a declaration that clashes is refused."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import alphapulse.data
from alphapulse.data.market import PoolSwap
from alphapulse.data.registry import MESSAGES, MODULES, message_class
from alphapulse.data.wire import DOMAIN_TYPES, U8, Description, Domain, message, wire


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

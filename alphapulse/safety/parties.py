"""Who takes part in a halt: what decides, and what has orders at a venue."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import Protocol

import attrs


class Decisions(Protocol):
    """The tasks that decide: strategies and engine. A scope is `global` or `strategy:NAME`."""

    def stop(self, scope: str, reason: str) -> None:
        """Cancel the scope's tasks with the reason. Returns at once."""

    def start(self, scope: str) -> None:
        """Start the scope's tasks again, save those that another scope still halts. Returns at once."""

    async def wait_stopped(self, scope: str) -> None:
        """Return when none of the scope's tasks runs any more."""


class OrderState(enum.Enum):
    """What a venue says of an order."""

    OPEN = "open"
    """It can still be traded."""
    IN_FLIGHT = "in flight"
    """It cannot be cancelled and will end by itself, such as a transaction with a deadline."""
    CANCELLED = "cancelled"
    ENDED = "ended"
    """Filled, refused or expired."""


@attrs.frozen
class FlattenResult:
    """What came of selling what is held at one venue."""

    closed: int
    """Positions closed and verified."""
    unknown: int
    """Positions of which it is not known whether they are closed."""
    text: str


class Gateway(Protocol):
    """The way to one venue. It is no part of the decisions and runs on through a halt.

    It may raise, hang and contradict itself: who asks has deadlines, asks again, and believes only what the venue says
    of each order by name. Scopes are those of `alphapulse.safety.scopes`.
    """

    def open_orders(self, scope: str) -> Collection[str]:
        """Names of the scope's orders that are not known to have ended; those about to be sent belong to them."""

    async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
        """Ask the venue to cancel everything that it has of the scope. `orders` are the names known by now."""

    async def query_orders(self, scope: str, orders: Collection[str]) -> Mapping[str, OrderState]:
        """The venue's word on these orders, and on every other order of the scope that it has open.

        An order that the venue does not speak of is left out: that says nothing about it.
        """

    async def flatten(self, scope: str, key: str) -> FlattenResult:
        """Sell what the scope holds. Orders are named after `key`, so that the venue takes each only once."""

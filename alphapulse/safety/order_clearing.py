"""Clearing the orders at one venue: cancel, ask, repeat, until each is known to have ended or time is up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio

from alphapulse.safety.parties import Gateway, OrderState

REQUEST_TIMEOUT_S = 1.0
"""What one request may take: after that the next round asks anew."""
PAUSE_S = 0.2
SETTLED = (OrderState.CANCELLED, OrderState.ENDED, OrderState.IN_FLIGHT)


@attrs.frozen
class Cleared:
    """How the orders of one venue stand. `unknown_orders` are names; `unknown` counts what has none, too."""

    cancelled: int
    ended: int
    in_flight: int
    unknown: int
    unknown_orders: tuple[str, ...]
    text: str


class OrderClearing:
    """One gateway's part in a halt. `result` may be asked at any time, also of a clearing that never came to its end.

    Orders that only the venue knows are cleared like our own. An order that is still open when time is up counts as
    unknown: nobody can say what becomes of it.
    """

    def __init__(self, gateway: Gateway, scope: str) -> None:
        self._gateway = gateway
        self._scope = scope
        self._states: dict[str, OrderState | None] = {}
        self._verified = False
        self._problem = ""

    async def run(self) -> None:
        """Returns when the venue has said of every order that it is settled; until then it goes on asking."""
        while True:
            self._learn()
            await self._request("cancel", self._cancel)
            self._verified = False
            await self._request("query", self._query)
            self._learn()
            if self._verified and all(state in SETTLED for state in self._states.values()):
                return
            await trio.sleep(PAUSE_S)

    def result(self) -> Cleared:
        """What is known by now."""
        counts = dict.fromkeys(OrderState, 0)
        unknown = []
        for name, state in self._states.items():
            if state is None or state not in SETTLED:
                unknown.append(name)
            else:
                counts[state] += 1
        silent = not self._verified and not unknown  # then one stands for "not none"
        cancelled, ended = counts[OrderState.CANCELLED], counts[OrderState.ENDED]
        in_flight = counts[OrderState.IN_FLIGHT]
        text = f"{cancelled} cancelled, {in_flight} in flight, {len(unknown) + silent} unknown"
        if ended:
            text += f", {ended} ended before"
        if (unknown or silent) and self._problem:
            text += f" ({self._problem})"
        return Cleared(cancelled, ended, in_flight, len(unknown) + silent, tuple(unknown), text)

    def _learn(self) -> None:
        """Take in what the gateway believes to be open by now: an order may have been on its way out."""
        for name in self._gateway.open_orders(self._scope):
            self._states.setdefault(name, None)

    async def _cancel(self) -> None:
        await self._gateway.cancel_orders(self._scope, self._missing())

    async def _query(self) -> None:
        found = await self._gateway.query_orders(self._scope, tuple(self._states))
        self._states.update(found)
        self._verified = True

    def _missing(self) -> tuple[str, ...]:
        return tuple(name for name, state in self._states.items() if state not in SETTLED)

    async def _request(self, what: str, request: Callable[[], Awaitable[None]]) -> None:
        with trio.move_on_after(REQUEST_TIMEOUT_S) as scope:
            try:
                await request()
            except* Exception as errors:  # noqa: BLE001 - whatever the venue says, it is asked again
                self._problem = "; ".join(f"{what}: {type(error).__name__}: {error}" for error in errors.exceptions)
        if scope.cancelled_caught:
            self._problem = f"{what}: no answer within {REQUEST_TIMEOUT_S:g} s"

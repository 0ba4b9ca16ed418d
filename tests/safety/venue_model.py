"""A venue that keeps the truth about its orders, and answers as badly as venues do."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping

import attrs
import trio

from alphapulse.safety.parties import FlattenResult, OrderState

MOST_ORDERS = 200
TROUBLE_PPM = 300_000
PPM = 1_000_000


@attrs.define
class VenueModel:
    """A gateway to a made-up venue. `truth` holds how each order stands there; `ours` are those that we know of.

    Three in ten cancels time out, are carried out in part, or come too late for an order that is filled meanwhile;
    answers are slow, refused, or leave orders out. An order of `never_settled` never ends and never can be cancelled.
    """

    chance: random.Random
    truth: dict[str, OrderState] = attrs.field(factory=dict)
    ours: set[str] = attrs.field(factory=set)
    never_settled: set[str] = attrs.field(factory=set)
    late: list[str] = attrs.field(factory=list)
    """Orders that are on their way out when the halt comes: the venue takes them at the second question."""

    @classmethod
    def drawn(cls, seed: int) -> VenueModel:
        """A venue with up to 200 orders; some only it knows, some are just being sent."""
        chance = random.Random(seed)
        names = [f"order {number}" for number in range(chance.randrange(MOST_ORDERS + 1))]
        model = cls(chance)
        for name in names:
            model.truth[name] = OrderState.OPEN
            if chance.random() < 0.9:
                model.ours.add(name)
            if chance.random() < 0.02:
                model.never_settled.add(name)
        for number in range(chance.randrange(4)):
            name = f"late {number}"
            model.ours.add(name)
            model.late.append(name)
        return model

    def open_orders(self, scope: str) -> Collection[str]:
        return [name for name in self.ours if self.truth.get(name, OrderState.OPEN) is OrderState.OPEN]

    async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
        await self._trouble("cancel")
        for name, state in self.truth.items():
            if state is not OrderState.OPEN or name in self.never_settled:
                continue
            draw = self.chance.randrange(PPM)
            if draw < TROUBLE_PPM // 3:
                self.truth[name] = OrderState.ENDED  # filled before the cancel came
            elif draw < TROUBLE_PPM * 2 // 3:
                continue  # a batch that was taken in part
            else:
                self.truth[name] = OrderState.CANCELLED

    async def query_orders(self, scope: str, orders: Collection[str]) -> Mapping[str, OrderState]:
        if self.late and self.chance.random() < 0.5:
            self.truth.update(dict.fromkeys(self.late, OrderState.OPEN))
            self.late.clear()
        await self._trouble("query")
        known = {name: self.truth[name] for name in orders if name in self.truth}
        left_out = {name for name in known if self.chance.random() < 0.02}
        still_open = {name: state for name, state in self.truth.items() if state is OrderState.OPEN}
        return {name: state for name, state in (known | still_open).items() if name not in left_out}

    async def flatten(self, scope: str, key: str) -> FlattenResult:
        await trio.lowlevel.checkpoint()
        return FlattenResult(0, 0, "nothing to sell")

    async def _trouble(self, what: str) -> None:
        draw = self.chance.randrange(PPM)
        if draw < TROUBLE_PPM // 2:
            await trio.sleep(self.chance.choice([0.8, 3.0, 60.0]))
        elif draw < TROUBLE_PPM:
            await trio.sleep(0.05)
            raise OSError(f"{what}: 429 too many requests")
        else:
            await trio.sleep(self.chance.choice([0.01, 0.05, 0.2]))

"""What a trade must pay at least on the chain, and what of its profit is left for the proposer. Pure."""

from __future__ import annotations

from typing import Self

import attrs

from alphapulse.data.execution import OrderRequest


@attrs.frozen
class ProfitFloor:
    """The least profit of one intent, in raw units of its profit token, behind the lender's fee and before gas.

    The intent's own minimum holds to the wei. Where gas may cost more than the intent says, the difference is added:
    what is mined has paid for its gas at the highest price that was offered, and the strategy's floor on top.
    """

    stated: int
    """What the intent asks for: its minimum less the lender's fee."""
    net: int
    """Of that, what is left when the gas that the intent says is paid: the strategy's own floor."""

    @classmethod
    def of(cls, intent: OrderRequest) -> Self:
        """The floor of an intent."""
        stated = max(intent.minimum_profit - intent.flash_fee, 0)
        return cls(stated, max(stated - intent.gas_cost, 0))

    def at(self, gas_cost: int) -> int:
        """The least profit if gas costs as much as `gas_cost`."""
        return max(self.stated, self.net + gas_cost)

    def surplus(self, profit: int, gas_cost: int) -> int:
        """What lies above the strategy's floor if the path pays `profit` and gas costs as much; 0 if nothing does."""
        return max(profit - gas_cost - self.net, 0)

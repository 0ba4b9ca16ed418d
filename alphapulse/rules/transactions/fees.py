"""What a transaction offers per gas (EIP-1559): tip, cap and bid, and what replaces it. Integers only. Pure.

Source of the base fee's rule: EIP-1559; Bor has the same with other divisors since its Delhi fork.
"""

from __future__ import annotations

from typing import Final

import attrs

from alphapulse.errors import FeesRefused

PPM: Final = 1_000_000
BUMP_PERCENT: Final = 110
"""Of both fields of the attempt before: less, and no pool takes the replacement (go-ethereum, `PriceBump`)."""


@attrs.frozen
class BaseFeeRule:
    """How a chain's base fee follows from the block before.

    A block is aimed at `gas limit / elasticity`; a full one raises the fee by `1 / change_denominator` at elasticity 2.
    """

    elasticity: int = 2
    change_denominator: int = 8

    def __attrs_post_init__(self) -> None:
        if self.elasticity < 1 or self.change_denominator < 1:
            raise ValueError("expected an elasticity and a change denominator of at least 1")

    def next_base_fee(self, base_fee_wei: int, gas_used: int, gas_limit: int) -> int:
        """The base fee of the block behind one with these, exactly (EIP-1559, `validate_block`)."""
        target = gas_limit // self.elasticity
        if target in (gas_used, 0):
            return base_fee_wei
        delta = base_fee_wei * abs(gas_used - target) // target // self.change_denominator
        return base_fee_wei + max(delta, 1) if gas_used > target else base_fee_wei - delta

    def most_base_fee(self, base_fee_wei: int, blocks: int) -> int:
        """The highest that it can be behind so many blocks, all of them full (of a limit that `elasticity` divides)."""
        for _ in range(blocks):
            base_fee_wei = self.next_base_fee(base_fee_wei, gas_used=self.elasticity, gas_limit=self.elasticity)
        return base_fee_wei


@attrs.frozen
class FeeTerms:
    """What may be offered, in wei per gas. `bid_share_ppm` is what of a trade's net profit goes to the proposer."""

    tip_floor_wei: int
    tip_cap_wei: int
    cap_wei: int
    bid_share_ppm: int = 0
    rule: BaseFeeRule = BaseFeeRule()

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.tip_floor_wei <= self.tip_cap_wei <= self.cap_wei:
            raise ValueError("expected 0 <= tip floor <= tip cap <= cap")
        if not 0 <= self.bid_share_ppm < PPM:
            raise ValueError("expected a bid of less than the whole profit")

    @property
    def of_trades(self) -> FeeTerms:
        """What trades may offer: so much less than the caps that a replacement still fits under them.

        Without that a number that was signed for at the caps, and never left, could be used by nothing any more.
        """
        cap_wei = max(self.cap_wei * 100 // BUMP_PERCENT, self.tip_floor_wei)
        return attrs.evolve(self, cap_wei=cap_wei, tip_cap_wei=min(self.tip_cap_wei, cap_wei))

    @property
    def of_nothing(self) -> FeeTerms:
        """What transfers of nothing may offer: they use little gas, and have to outbid whatever has their number."""
        return attrs.evolve(self, tip_cap_wei=self.cap_wei)


@attrs.frozen
class Fees:
    """What a transaction offers: most to the proposer per gas, and most per gas in all."""

    tip_wei: int
    cap_wei: int

    def or_more(self, other: Fees) -> Fees:
        """The higher of each."""
        return Fees(max(self.tip_wei, other.tip_wei), max(self.cap_wei, other.cap_wei))

    def price_at(self, base_fee_wei: int) -> int:
        """What is paid per gas in a block with that base fee; the block does not take it if `cap_wei` is less."""
        return min(self.cap_wei, base_fee_wei + self.tip_wei)


def offer(terms: FeeTerms, *, base_fee_wei: int, blocks: int = 1, net_profit_wei: int = 0, gas_units: int = 1) -> Fees:
    """What a new transaction offers that should come into one of the next `blocks`, of which the first has that fee.

    The tip is the floor and the bid's share of `net_profit_wei`, spread over `gas_units`, up to its cap. The most per
    gas leaves room for the base fee's fastest rise until the last of these blocks, as far as the cap allows.

    Raises:
        FeesRefused: base fee and tip alone lie above the cap.
    """
    bid_wei = max(net_profit_wei, 0) * terms.bid_share_ppm // PPM // gas_units
    tip_wei = min(terms.tip_floor_wei + bid_wei, terms.tip_cap_wei)
    least_wei = base_fee_wei + tip_wei
    if least_wei > terms.cap_wei:
        raise FeesRefused(
            f"base fee and tip are {least_wei} wei per gas, and at most {terms.cap_wei} may be offered; wait, or raise "
            "the cap"
        )
    risen_wei = terms.rule.most_base_fee(base_fee_wei, max(blocks - 1, 0))
    return Fees(tip_wei, min(risen_wei + tip_wei, terms.cap_wei))


def replacement(previous: Fees, terms: FeeTerms, wanted: Fees | None = None) -> Fees:
    """What replaces an attempt: a tenth more than it on both fields, rounded up, and no less than `wanted` offers now.

    It is never computed from the floor: what was offered last is what a pool compares with.

    Raises:
        FeesRefused: one of both would lie above its cap.
    """
    tip_wei, cap_wei = bumped(previous.tip_wei), bumped(previous.cap_wei)
    if wanted is not None:
        tip_wei, cap_wei = max(tip_wei, wanted.tip_wei), max(cap_wei, wanted.cap_wei)
    if tip_wei > terms.tip_cap_wei or cap_wei > terms.cap_wei:
        raise FeesRefused(
            f"a replacement has to offer {tip_wei} of tip and {cap_wei} wei per gas in all, and at most "
            f"{terms.tip_cap_wei} and {terms.cap_wei} may be offered"
        )
    return Fees(tip_wei, cap_wei)


def bumped(wei: int) -> int:
    """The least that replaces an offer of so much."""
    return max(-(-wei * BUMP_PERCENT // 100), wei + 1)

"""Which of several trades of one moment are proposed: the best first, and each later one on what is then left.

Cycles that share a pool cannot all be traded as if they were alone. The most profitable one is taken; its pools stand
behind its trade from then on, and what shares one of them is sized again there before it is compared anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple

from alphapulse.data.instruments import InstrumentId
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.appraisal import Costs
from alphapulse.rules.arbitrage.open_cycle import OpenCycle
from alphapulse.rules.arbitrage.path import Chain, SizedPath


class Proposal(NamedTuple):
    """A trade that passed everything that it was asked alone."""

    opened: OpenCycle
    path: SizedPath
    costs: Costs


MOST_AGAIN = 256
"""Trades that are made again at one moment; what still waits after so many is left."""

Worth = Callable[[Proposal], int | None]
"""What trades are compared by: the net in wei of the native coin; those of unknown worth come last."""

Again = Callable[[OpenCycle, tuple[AmmState, ...]], Proposal | None]
"""Makes the proposal for a cycle anew at other states; None if nothing is left of it."""


def choose(proposals: Iterable[Proposal], worth: Worth, again: Again) -> tuple[list[Proposal], list[Proposal]]:
    """The trades to propose, best first, and those of which the better ones leave nothing, as they were alone.

    Each is sized at the states that those before it leave behind. The result is what a greedy searcher takes: the
    comparison with the optimum of all trades together stands in the tests.
    """
    proposals = list(proposals)
    if len(proposals) < 2:
        return proposals, []
    order = count()
    waiting = [(_rank(worth(one)), next(order), 0, one, one) for one in proposals]
    heapify(waiting)
    moved: dict[InstrumentId, tuple[int, AmmState | None]] = {}
    chosen: list[Proposal] = []
    left: list[Proposal] = []
    budget = MOST_AGAIN
    while waiting:
        _, _, made_at, alone, proposal = heappop(waiting)
        if any(moved.get(pool, (0, None))[0] > made_at for pool in proposal.opened.cycle.pools):
            budget -= 1
            found = _made_again(alone, moved, again) if budget >= 0 else None
            if found is None:
                left.append(alone)
            else:
                heappush(waiting, (_rank(worth(found)), next(order), len(chosen), alone, found))
            continue
        chosen.append(proposal)
        for pool, state in _behind(proposal):
            moved[pool] = (len(chosen), state)
    return chosen, left


def _rank(worth: int | None) -> tuple[bool, int]:
    return worth is None, -(worth or 0)


def _made_again(
    alone: Proposal, moved: dict[InstrumentId, tuple[int, AmmState | None]], again: Again
) -> Proposal | None:
    opened = alone.opened
    states = []
    for pool, before in zip(opened.cycle.pools, opened.states, strict=True):
        state = moved[pool][1] if pool in moved else before
        if state is None:
            return None
        states.append(state)
    return again(opened, tuple(states))


def _behind(proposal: Proposal) -> Iterable[tuple[InstrumentId, AmmState | None]]:
    """Each pool of a trade with its state behind it; None where that is not known."""
    chain = Chain(proposal.opened.cycle, proposal.opened.states)
    quotes = chain.forward(proposal.path.size)
    for at, pool in enumerate(proposal.opened.cycle.pools):
        yield pool, quotes[at].after if at < len(quotes) else None

"""Whatever a node does to heads, logs and answers: what is handed over is the chain, in order and each log once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.rules.chain.asks import Ask
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.tracker import ChainTracker
from alphapulse.rules.events.rpc_log import RpcLog
from tests.rules.chain.chain_model import Follower, ModelChain, notifications, tell

TROUBLE = (0, 10, 40, 80)
"""Percent of all messages and answers that something happens to."""


class FaultyLife:
    """A chain that lives, and a node that loses, repeats, disorders, delays and refuses."""

    def __init__(self, seed: int, trouble: int) -> None:
        self._random = random = Random(seed)
        self._trouble = trouble
        self._cap = random.choice((2, 1 << 30))
        self._untold: list[Header | RpcLog] = []
        self._in_flight: list[tuple[Ask, Callable[[ChainTracker], None], ChainTracker]] = []
        self.chain = ModelChain(random)
        for _ in range(random.randint(0, 3)):
            self.chain.mine()
        self.follower = Follower(self.chain, self.chain.head, max_range=random.choice((1, 3, 16)))

    def live(self, steps: int) -> Follower:
        """Some steps of trouble, then an honest node: the follower as it ends."""
        for _ in range(steps):
            self._grow()
            self._tell()
            self._answer()
            if self._random.random() < 0.5:
                self.follower.tracker.tick()
                self.follower.collect()
        self.chain.mine()
        for ask, _, tracker in self._in_flight:
            tracker.failed(ask)
        self.follower.tracker.subscribed()
        self.follower.settle(cap=self._cap)
        return self.follower

    def _strikes(self) -> bool:
        return self._random.randrange(100) < self._trouble

    def _grow(self) -> None:
        if self._random.randrange(100) < 15:
            self.chain.roll_back(self._random.choice((1, 1, 2, 3, 8, 20)))
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 3, 12))):
            told = notifications(self.chain, [self.chain.mine()])
            if self._strikes():
                self._random.shuffle(told)
            self._untold += told

    def _tell(self) -> None:
        if self._strikes():
            self._random.shuffle(self._untold)
        for _ in range(self._random.randint(0, len(self._untold))):
            message = self._untold.pop(0)
            if self._strikes():
                if isinstance(message, RpcLog) and self._random.random() < 0.3:
                    tell(self.follower.tracker, msgspec.structs.replace(message, removed=True))
                continue
            for _ in range(2 if self._strikes() else 1):
                tell(self.follower.tracker, message)
                self.follower.collect()

    def _answer(self) -> None:
        self.follower.collect()
        tracker = self.follower.tracker
        self._in_flight += [(ask, self.chain.answer(ask, cap=self._cap), tracker) for ask in self.follower.asked]
        self.follower.asked.clear()
        if self._strikes():
            self._random.shuffle(self._in_flight)
        for _ in range(self._random.randint(0, len(self._in_flight))):
            ask, answer, tracker = self._in_flight.pop(0)
            if tracker is not self.follower.tracker:
                continue
            if self._strikes():
                tracker.failed(ask)
            else:
                answer(tracker)
            self.follower.collect()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), trouble=st.sampled_from(TROUBLE))
def test_any_disorder_ends_in_exactly_the_chain(seed: int, trouble: int) -> None:
    """Loss, repetition, disorder and reorganisations leave the canonical blocks with all their logs, each once."""
    follower = FaultyLife(seed, trouble).live(25)
    assert follower.shown() == follower.expected()


@pytest.mark.slow
def test_many_lives_end_in_exactly_the_chain() -> None:
    """The same for thousands of lives."""
    for seed in range(3_000):
        follower = FaultyLife(seed, TROUBLE[seed % len(TROUBLE)]).live(40)
        assert follower.shown() == follower.expected()

"""Questions to several parties at once, with a deadline that holds even if one of them cannot be cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import attrs
import trio

T = TypeVar("T")


@attrs.frozen
class Answer(Generic[T]):
    """What a party said, or why it said nothing."""

    value: T | None
    problem: str | None


async def answers_within(
    deadline_s: float, questions: Mapping[str, Callable[[], Awaitable[T]]], nursery: trio.Nursery
) -> dict[str, Answer[T]]:
    """The answers by name, when all are in or after `deadline_s`.

    A question still open then is cancelled, and nobody waits for its clean-up: it goes on in `nursery`.
    """
    silence = f"no answer within {deadline_s:g} s"
    answers = {name: Answer[T](None, silence) for name in questions}
    missing = set(questions)
    all_in = trio.Event()

    async def ask(name: str, question: Callable[[], Awaitable[T]]) -> None:
        with trio.move_on_after(deadline_s):
            try:
                answers[name] = Answer(await question(), None)
            except* Exception as errors:  # noqa: BLE001 - whatever a party raises is its answer
                answers[name] = Answer(None, "; ".join(f"{type(e).__name__}: {e}" for e in errors.exceptions))
        missing.discard(name)
        if not missing:
            all_in.set()

    for name, question in questions.items():
        nursery.start_soon(ask, name, question, name=f"halt: {name}")
    if questions:
        with trio.move_on_after(deadline_s):
            await all_in.wait()
    return dict(answers)

"""Flattening: what is held is sold, on a command of its own, at most once for each halt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

import trio

from alphapulse.data.halts import GLOBAL, FlattenRecord, FlattenStage, HaltChange, Via
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.errors import HaltError
from alphapulse.safety.answers import answers_within
from alphapulse.safety.clipped import clipped
from alphapulse.safety.level_book import LevelBook
from alphapulse.safety.parties import Gateway
from alphapulse.safety.scopes import check_scope

DEADLINE_S = 30.0
"""By then each venue has said what it sold; what is missing then is unknown."""
RECORDS_KEPT = 64


class Flattening:
    """Carries out flattens, one after another. `begin` is synchronous; the latch is on the disk before it returns.

    Args:
        book: which scopes are halted, and the latch.
        gateways: by name; those of the halt switch.
        now_ns: wall clock.
        on_record: journals and publishes how far it has come. At BEGUN its error keeps anything from being sold.
        logger: takes what went wrong.
    """

    def __init__(
        self,
        book: LevelBook,
        gateways: Mapping[str, Gateway],
        now_ns: Callable[[], int],
        on_record: Callable[[FlattenRecord], None],
        logger: logging.Logger,
    ) -> None:
        self._book = book
        self._gateways = gateways
        self._now_ns = now_ns
        self._on_record = on_record
        self._logger = logger
        self._waiting: list[FlattenRecord] = []
        self._newest: dict[int, FlattenRecord] = {}
        self._ended: dict[int, trio.Event] = {}
        self._wake = trio.Event()

    @property
    def under_way(self) -> bool:
        """True while something is being sold."""
        return any(record.stage is FlattenStage.BEGUN for record in self._newest.values())

    def begin(
        self, scope: str, is_under_way: Callable[[int], bool], *, reason: str, actor: str, via: Via
    ) -> FlattenRecord:
        """Latch the flatten of a halted scope, and leave its orders to `run`.

        Args:
            scope: what is halted.
            is_under_way: whether a halt's orders are still being cleared.
            reason: why, in the actor's words.
            actor: who.
            via: by which path.

        Raises:
            HaltError: it may not begin, cannot be made durable, or not be journalled; nothing is sold.
        """
        change = self._allowed(scope, is_under_way)
        begun = FlattenRecord(
            halt_id=change.halt_id,
            scope=change.scope,
            stage=FlattenStage.BEGUN,
            actor=clipped(actor, NAME.limit),
            via=via,
            reason=clipped(reason, SENTENCE.limit),
            closed=0,
            unknown=0,
            text="latched: this halt has no second one",
            at_ns=self._now_ns(),
        )
        latched = self._book.record.with_flatten(change.halt_id)
        self._book.put(latched)
        self._book.keep(latched)
        try:
            self._on_record(begun)
        except Exception as error:
            self._logger.exception("the flatten of halt %d is not journalled: nothing is sold", change.halt_id)
            raise HaltError(f"the flatten was latched but not journalled, nothing is sold: {error}") from error
        self._newest[begun.halt_id] = begun
        self._ended[begun.halt_id] = trio.Event()
        while len(self._newest) > RECORDS_KEPT:
            oldest = next(iter(self._newest))
            del self._newest[oldest]
            self._ended.pop(oldest).set()
        self._waiting.append(begun)
        self._wake.set()
        return begun

    def _allowed(self, scope: str, is_under_way: Callable[[int], bool]) -> HaltChange:
        check_scope(scope)
        halted = self._book.halt_of(scope)
        if halted is None:
            found = self._book.level_of(scope).name.lower()
            raise HaltError(f"expected a halted scope, found {scope} {found}: halt it first")
        if is_under_way(halted.halt_id):
            raise HaltError(f"halt {halted.halt_id} is still being carried out: wait for its report")
        for change in (halted, self._book.halt_of(GLOBAL)):
            if change is not None and change.halt_id in self._book.record.flattened:
                raise HaltError(f"halt {change.halt_id} has had its flatten: there is no second one in a halt")
        return halted

    async def wait_ended(self, halt_id: int) -> FlattenRecord | None:
        """How the flatten of a halt ended; None if it is not known here."""
        ended = self._ended.get(halt_id)
        if ended is None:
            await trio.lowlevel.checkpoint()
            return None
        await ended.wait()
        return self._newest.get(halt_id)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out flattens until cancelled. One that is cancelled here stays begun: it is not begun again."""
        async with trio.open_nursery() as nursery:
            task_status.started()
            while True:
                while self._waiting:
                    await self._carry_out(self._waiting.pop(0), nursery)
                await self._wake.wait()
                self._wake = trio.Event()

    async def _carry_out(self, begun: FlattenRecord, nursery: trio.Nursery) -> None:
        key = f"flatten-{begun.halt_id}"
        questions = {name: partial(gateway.flatten, begun.scope, key) for name, gateway in self._gateways.items()}
        answers = await answers_within(DEADLINE_S, questions, nursery)
        closed = unknown = 0
        texts = []
        for name, answer in answers.items():
            if (result := answer.value) is not None:
                closed, unknown = closed + result.closed, unknown + result.unknown
                texts.append(f"{name}: {result.text}")
            else:
                unknown += 1
                texts.append(f"{name}: what it sold is not known: {answer.problem}")
        stage = FlattenStage.FAILED if unknown else FlattenStage.DONE
        text = "; ".join(texts) or "there is no venue"
        ended = ended_record(begun, stage, closed=closed, unknown=unknown, text=text, now_ns=self._now_ns())
        self._newest[begun.halt_id] = ended
        try:
            self._on_record(ended)
        except Exception:
            self._logger.exception("how the flatten of halt %d ended is not journalled", begun.halt_id)
        self._ended[begun.halt_id].set()


def ended_record(
    begun: FlattenRecord, stage: FlattenStage, *, closed: int = 0, unknown: int = 0, text: str, now_ns: int
) -> FlattenRecord:
    """How a flatten that had begun has ended."""
    return FlattenRecord(
        halt_id=begun.halt_id,
        scope=begun.scope,
        stage=stage,
        actor=begun.actor,
        via=begun.via,
        reason=begun.reason,
        closed=closed,
        unknown=unknown,
        text=clipped(text, SENTENCE.limit),
        at_ns=now_ns,
    )

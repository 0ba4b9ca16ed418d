"""What follows when the gate is closed: decisions gone, orders cancelled, the report, each within a deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import trio

from alphapulse.data.halts import HaltReport
from alphapulse.errors import HaltError
from alphapulse.safety.answers import answers_within
from alphapulse.safety.parties import Decisions, Gateway
from alphapulse.safety.report_draft import DECISIONS_GONE, ORDERS_CANCELLED, ReportDraft

GONE_DEADLINE_S = 1.0
"""Ten times what 1,000 tasks may take (reliability research, 1.3); then the orders are cancelled all the same."""
CANCEL_DEADLINE_S = 5.0
REPORTS_KEPT = 64


class Clearance:
    """Stops and starts what decides, clears the orders at the venues, and keeps the reports.

    Error handling: what a party raises is logged and stands in the report; nothing of it gets out.
    """

    def __init__(
        self,
        kept_running: Callable[[], Sequence[str]],
        on_report: Callable[[HaltReport], None],
        logger: logging.Logger,
    ) -> None:
        self.decisions: dict[str, Decisions] = {}
        self.gateways: dict[str, Gateway] = {}
        self._kept_running = kept_running
        self._on_report = on_report
        self._logger = logger
        self._drafts: dict[int, ReportDraft] = {}
        self._waiting: dict[str, ReportDraft] = {}
        self._busy: set[str] = set()
        self._wake = trio.Event()

    def stop_decisions(self, draft: ReportDraft) -> None:
        """Cancel the draft's scope everywhere, even if one refuses."""
        for name, decisions in self.decisions.items():
            try:
                decisions.stop(draft.scope, draft.reason)
            except Exception as error:
                self._logger.exception("%s could not be stopped", name)
                draft.problems.append(f"{name} could not be stopped: {error}")

    def hand_over(self, draft: ReportDraft) -> None:
        """Leave the rest to `run`. A newer draft of the same scope takes the place of one that still waits."""
        superseded = self._waiting.get(draft.scope)
        self._waiting[draft.scope] = draft
        self._drafts.pop(draft.halt_id, None)
        self._drafts[draft.halt_id] = draft
        if superseded is not None:
            superseded.finished.set()
        while len(self._drafts) > REPORTS_KEPT:
            self._drafts.pop(next(iter(self._drafts))).finished.set()
        self._wake.set()

    def is_under_way(self, halt_id: int) -> bool:
        """True while the halt's newest report is not complete."""
        draft = self._drafts.get(halt_id)
        return draft is not None and not draft.finished.is_set()

    async def wait_report(self, halt_id: int) -> HaltReport:
        """The newest report of a halt, complete.

        Raises:
            HaltError: it is not known, or too many have come since.
        """
        while (draft := self._drafts.get(halt_id)) is not None:
            await draft.finished.wait()
            if draft is self._drafts.get(halt_id):
                return draft.report()
        known = ", ".join(str(one) for one in self._drafts) or "none"
        raise HaltError(f"expected a halt since the start ({known}), found {halt_id}; look for it in the journal")

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry out halts until cancelled: one at a time for each scope, scopes side by side."""
        self._busy.clear()
        async with trio.open_nursery() as nursery:
            task_status.started()
            while True:
                for scope in self._waiting.keys() - self._busy:
                    self._busy.add(scope)
                    nursery.start_soon(self._carry_out, scope, nursery, name=f"halt of {scope}")
                await self._wake.wait()
                self._wake = trio.Event()

    async def _carry_out(self, scope: str, nursery: trio.Nursery) -> None:
        while (draft := self._waiting.pop(scope, None)) is not None:
            await self._await_gone(draft, nursery)
            await self._cancel_orders(draft, nursery)
            draft.finish(self._ask_what_runs(draft))
            self._tell_report(draft)
        self._busy.discard(scope)

    def _tell_report(self, draft: ReportDraft) -> None:
        try:
            self._on_report(draft.report())
        except Exception:
            self._logger.exception("the report of halt %d was not journalled or published", draft.halt_id)

    async def _await_gone(self, draft: ReportDraft, nursery: trio.Nursery) -> None:
        questions = {name: partial(party.wait_stopped, draft.scope) for name, party in self.decisions.items()}
        answers = await answers_within(GONE_DEADLINE_S, questions, nursery)
        problems = [f"{name}: {answer.problem}" for name, answer in answers.items() if answer.problem is not None]
        for problem in problems:
            self._logger.error("halt %d: not gone: %s", draft.halt_id, problem)
        draft.note(DECISIONS_GONE, done=not problems, text="; ".join(problems) or "all tasks of the scope have ended")

    async def _cancel_orders(self, draft: ReportDraft, nursery: trio.Nursery) -> None:
        questions = {name: partial(gateway.cancel_all, draft.scope) for name, gateway in self.gateways.items()}
        answers = await answers_within(CANCEL_DEADLINE_S, questions, nursery)
        texts = []
        for name, answer in answers.items():
            if (result := answer.value) is not None:
                draft.cancelled += result.cancelled
                draft.in_flight += result.in_flight
                draft.unknown += result.unknown
                texts.append(
                    f"{name}: {result.cancelled} cancelled, {result.in_flight} in flight, {result.unknown} unknown"
                )
            else:
                # How many it holds is not known either: one stands for "not none".
                draft.unknown += 1
                texts.append(f"{name}: its orders are unknown: {answer.problem}")
                self._logger.error("halt %d: %s", draft.halt_id, texts[-1])
        draft.note(ORDERS_CANCELLED, done=not draft.unknown, text="; ".join(texts) or "there is no venue")

    def _ask_what_runs(self, draft: ReportDraft) -> Sequence[str]:
        try:
            return self._kept_running()
        except Exception as error:
            self._logger.exception("what keeps running is not known")
            draft.problems.append(f"what keeps running is not known: {error}")
            return ()

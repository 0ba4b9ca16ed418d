"""What follows when the gate is closed: decisions gone, orders cancelled, the report, each within a deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import attrs
import trio

from alphapulse.data.halts import HaltChange, KillReport
from alphapulse.errors import HaltError
from alphapulse.safety.answers import answers_within
from alphapulse.safety.order_clearing import OrderClearing
from alphapulse.safety.parties import Decisions, Gateway
from alphapulse.safety.report_draft import DECISIONS_GONE, ORDERS_CANCELLED, ReportDraft
from alphapulse.safety.scopes import holds_tasks

CANCEL_AFTER_S = 0.2
"""How long the orders wait for the decisions' end, so that requests are on the wire within 250 ms."""
GONE_DEADLINE_S = 1.0
"""Ten times what 1,000 tasks may take; what is there then is named in the report."""
SETTLED_WITHIN_S = 5.0
"""Since the call: by then each order has ended, or is named as unknown."""
LEAST_FOR_ORDERS_S = 1.0
"""What the venues have at least, if the halt had to wait for an earlier one of its scope."""
REPORTS_KEPT = 64
NS_PER_S = 1_000_000_000


class Clearance:
    """Stops and starts what decides, clears the orders at the venues, and keeps the reports.

    Error handling: what a party raises is logged and stands in the report; nothing of it gets out.
    """

    def __init__(
        self,
        kept_running: Callable[[], Sequence[str]],
        on_report: Callable[[KillReport], None],
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
        if not holds_tasks(draft.scope):
            return
        for name, decisions in self.decisions.items():
            try:
                decisions.stop(draft.scope, draft.change.reason)
            except Exception as error:
                self._logger.exception("%s could not be stopped", name)
                draft.problems.append(f"{name} could not be stopped: {error}")

    def start_decisions(self, scope: str) -> str | None:
        """Start the scope everywhere; the problem if one refuses, None if none did."""
        for name, decisions in self.decisions.items() if holds_tasks(scope) else ():
            try:
                decisions.start(scope)
            except Exception as error:
                self._logger.exception("%s could not be started", name)
                return f"{name} could not be started after a resume: {error}"
        return None

    def tell_change(self, on_change: Callable[[HaltChange], None], draft: ReportDraft) -> None:
        """Have the halt journalled and published; it goes on if that fails, and its report says so."""
        try:
            on_change(draft.change)
        except Exception as error:
            self._logger.exception("halt %d was not journalled or published", draft.halt_id)
            draft.problems.append(f"it was not journalled or published: {error}")

    def hand_over(self, draft: ReportDraft) -> None:
        """Leave the rest to `run`. A newer draft of the same scope takes the place of one that still waits."""
        superseded = self._waiting.get(draft.scope)
        self._waiting[draft.scope] = draft
        self._keep(draft)
        if superseded is not None:
            superseded.finished.set()
        self._wake.set()

    def close(self, draft: ReportDraft) -> None:
        """Complete a draft for which nothing is to be stopped and no order to be cancelled."""
        self._keep(draft)
        draft.finish(self._ask_what_runs(draft))
        self._tell_report(draft)

    def _keep(self, draft: ReportDraft) -> None:
        self._drafts.pop(draft.halt_id, None)
        self._drafts[draft.halt_id] = draft
        while len(self._drafts) > REPORTS_KEPT:
            self._drafts.pop(next(iter(self._drafts))).finished.set()

    def is_under_way(self, halt_id: int) -> bool:
        """True while the halt's newest report is not complete."""
        draft = self._drafts.get(halt_id)
        return draft is not None and not draft.finished.is_set()

    async def wait_report(self, halt_id: int) -> KillReport:
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
            gone = trio.Event()
            async with trio.open_nursery() as steps:
                steps.start_soon(self._await_gone, draft, gone, nursery)
                with trio.move_on_after(CANCEL_AFTER_S):
                    await gone.wait()
                await self._cancel_orders(draft, nursery)
            draft.finish(self._ask_what_runs(draft))
            self._tell_report(draft)
        self._busy.discard(scope)

    def _tell_report(self, draft: ReportDraft) -> None:
        try:
            self._on_report(draft.report())
        except Exception:
            self._logger.exception("the report of halt %d was not journalled or published", draft.halt_id)

    async def _await_gone(self, draft: ReportDraft, gone: trio.Event, nursery: trio.Nursery) -> None:
        parties = self.decisions if holds_tasks(draft.scope) else {}
        questions = {name: partial(party.wait_stopped, draft.scope) for name, party in parties.items()}
        answers = await answers_within(GONE_DEADLINE_S, questions, nursery)
        problems = [f"{name}: {answer.problem}" for name, answer in answers.items() if answer.problem is not None]
        for problem in problems:
            self._logger.error("halt %d: not gone: %s", draft.halt_id, problem)
        text = "all tasks of the scope have ended" if parties else "no task belongs to this scope alone"
        draft.note(DECISIONS_GONE, done=not problems, text="; ".join(problems) or text)
        gone.set()

    async def _cancel_orders(self, draft: ReportDraft, nursery: trio.Nursery) -> None:
        left_s = SETTLED_WITHIN_S - draft.elapsed_ns() / NS_PER_S
        deadline_s = max(left_s, LEAST_FOR_ORDERS_S)
        clearings = {name: OrderClearing(gateway, draft.scope) for name, gateway in self.gateways.items()}
        questions = {name: clearing.run for name, clearing in clearings.items()}
        answers = await answers_within(deadline_s, questions, nursery)
        for name, clearing in clearings.items():
            cleared = clearing.result()
            if cleared.unknown:
                cleared = attrs.evolve(cleared, text=f"{cleared.text}: {answers[name].problem}")
                self._logger.error("halt %d: %s: %s", draft.halt_id, name, cleared.text)
            draft.add_venue(name, cleared)
        text = draft.venues_text() or "there is no venue"
        draft.note(ORDERS_CANCELLED, done=not draft.unknown, text=text)

    def _ask_what_runs(self, draft: ReportDraft) -> Sequence[str]:
        try:
            return self._kept_running()
        except Exception as error:
            self._logger.exception("what keeps running is not known")
            draft.problems.append(f"what keeps running is not known: {error}")
            return ()

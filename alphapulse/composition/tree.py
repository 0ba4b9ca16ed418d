"""The tree: which groups there are, in which order they start, and what depends on a task that is given up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from alphapulse.composition.environment import Environment
from alphapulse.composition.restart_policies import NO_RESTART
from alphapulse.data.halts import GLOBAL
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import NodeState, TreeNode
from alphapulse.nursery.supervisor import Supervisor
from alphapulse.safety.scopes import STRATEGY_SCOPE

logger = logging.getLogger(__name__)

ROOT = "alphapulsed"
ESSENTIAL = ("journal", "portfolio", "settlements", "paper executor", "halt switch", "breakers", "watchdog")
"""Without these tasks of the foundation nothing may be traded."""


class Tree:
    """Foundation, decisions and collectors under one root, each a supervisor; they start in this order.

    `halt` is called with a scope and a reason when a task that the scope cannot do without has used up its restarts.
    `end` is called with a reason, whichever task it is.
    """

    def __init__(
        self,
        *,
        foundation: Iterable[ChildSpec],
        decisions: Iterable[ChildSpec],
        collectors: Iterable[ChildSpec],
        environment: Environment,
        halt: Callable[[str, str], None] | None = None,
        end: Callable[[str], None] | None = None,
    ) -> None:
        self._environment = environment
        self._halt = halt
        self._end = end
        decisions = tuple(decisions)
        self._strategies = frozenset(spec.name for spec in decisions if spec.kind == "strategy")
        self.foundation = self._supervisor("foundation", foundation)
        self.decisions = self._supervisor("decisions", decisions)
        self.collectors = self._supervisor("collectors", collectors)
        groups = (self.foundation, self.decisions, self.collectors)
        self.root = self._supervisor(ROOT, map(_group, groups))

    def kept_running(self) -> list[str]:
        """What goes on through a halt."""
        groups = (self.foundation.snapshot(), self.collectors.snapshot())
        return [child.name for group in groups for child in group.children if child.state is NodeState.RUNNING]

    def foundation_runs(self) -> tuple[str, bool, str]:
        """A precondition of a resume: no task of the foundation has failed for good."""
        ill = [child.path for child in self.foundation.snapshot().children if child.state is NodeState.FAILED]
        return "foundation", not ill, f"failed: {', '.join(ill)}" if ill else "it does"

    def snapshot(self) -> TreeNode:
        """The live tree of tasks."""
        return self.root.snapshot()

    def _supervisor(self, name: str, specs: Iterable[ChildSpec]) -> Supervisor:
        return Supervisor(
            name,
            tuple(specs),
            now_ns=self._environment.now_ns,
            random=self._environment.random,
            on_exhausted=self._escalate,
        )

    def _escalate(self, path: str, error: BaseException) -> None:
        """A child has used up its restarts: what depends on it stops."""
        group, _, name = path.removeprefix(f"{ROOT}/").partition("/")
        reason = f"{path} failed for good: {error}"
        logger.critical("%s", reason)
        if self._end is not None:
            self._end(reason)
        if self._halt is None:
            return
        if group == "decisions" and name in self._strategies:
            self._halt(STRATEGY_SCOPE + name, reason)
        elif group == "decisions" or name in ESSENTIAL:
            self._halt(GLOBAL, reason)


def _group(supervisor: Supervisor) -> ChildSpec:
    return ChildSpec(supervisor.name, lambda: supervisor, NO_RESTART, kind="group")

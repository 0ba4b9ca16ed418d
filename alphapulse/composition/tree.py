"""The tree: which groups there are, in which order they start, and what depends on a task that is given up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from alphapulse.composition.environment import Environment
from alphapulse.composition.escalations import Escalation, terms_of
from alphapulse.composition.restart_policies import NO_RESTART
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.node import NodeState, TreeNode
from alphapulse.nursery.supervisor import Supervisor
from alphapulse.safety.scopes import STRATEGY_SCOPE

logger = logging.getLogger(__name__)

ROOT = "alphapulsed"
FOUNDATION = "foundation"


class Tree:
    """Foundation, decisions and collectors under one root, each a supervisor; they start in this order.

    `halt` is called with scope, reason and level when a task that the scope cannot do without has used up its restarts,
    as the table of `escalations` says; `leave` with a reason if only another process can go on then. Where `end` is
    given, it is called with a reason for every task but a strategy, and `halt` for strategies alone. `venues` are the
    scopes of the venues that the collectors bring data of. A foundation that is not ready in time is no reason to halt,
    as nothing was begun on it: `unready` is called with the reason, and nothing else starts.
    """

    def __init__(
        self,
        *,
        foundation: Iterable[ChildSpec],
        decisions: Iterable[ChildSpec],
        collectors: Iterable[ChildSpec],
        environment: Environment,
        venues: Iterable[str] = (),
        halt: Callable[[str, str, Level], None] | None = None,
        leave: Callable[[str], None] | None = None,
        end: Callable[[str], None] | None = None,
        unready: Callable[[str], None] | None = None,
    ) -> None:
        self._environment = environment
        self._halt = halt
        self._leave = leave
        self._end = end
        self._unready = unready
        self._venues = tuple(venues)
        self._specs: dict[str, ChildSpec] = {}
        self.foundation = self._supervisor(FOUNDATION, foundation)
        self.decisions = self._supervisor("decisions", decisions)
        self.collectors = self._supervisor("collectors", collectors)
        self.groups = (self.foundation, self.decisions, self.collectors)
        self.root = self._supervisor(ROOT, map(_group, self.groups))

    def kept_running(self) -> list[str]:
        """What goes on through a halt."""
        groups = (self.foundation.snapshot(), self.collectors.snapshot())
        return [child.name for group in groups for child in group.children if child.state is NodeState.RUNNING]

    def foundation_runs(self) -> tuple[str, bool, str]:
        """A precondition of a resume: no task of the foundation has failed for good."""
        ill = [child.path for child in self.foundation.snapshot().children if child.state is NodeState.FAILED]
        return "foundation", not ill, f"failed: {', '.join(ill)}" if ill else "it does"

    @property
    def _has_begun(self) -> bool:
        """Whether anything that decides has ever been started."""
        return self.decisions.snapshot().state is not NodeState.STOPPED

    def snapshot(self) -> TreeNode:
        """The live tree of tasks."""
        return self.root.snapshot()

    def _supervisor(self, name: str, specs: Iterable[ChildSpec]) -> Supervisor:
        specs = tuple(specs)
        self._specs |= {f"{name}/{spec.name}": spec for spec in specs}
        return Supervisor(
            name,
            specs,
            now_ns=self._environment.now_ns,
            random=self._environment.random,
            on_exhausted=self._escalate,
        )

    def _escalate(self, path: str, error: BaseException) -> None:
        """A child has used up its restarts: what depends on it stops."""
        spec = self._specs[path]
        terms = terms_of(spec)
        reason = f"{path} failed for good: {error}"
        if self._unready is not None and path == f"{ROOT}/{FOUNDATION}" and not self._has_begun:
            logger.critical("%s: nothing was begun, and this process ends", reason)
            self.decisions.stop_all(reason)
            self.collectors.stop_all(reason)
            self._unready(reason)
            return
        logger.critical("%s: %s", reason, terms.given_up.value)
        if self._end is not None and terms.given_up is not Escalation.HALT_STRATEGY:
            self._end(reason)
            return
        if self._halt is None:
            return
        for scope, level in self._stopped_by(spec, terms.given_up):
            self._halt(scope, reason, level)
        if terms.leaves and self._leave is not None:
            self._leave(reason)

    def _stopped_by(self, spec: ChildSpec, given_up: Escalation) -> Iterable[tuple[str, Level]]:
        match given_up:
            case Escalation.SHOWN:
                return ()
            case Escalation.REDUCE_VENUES:
                return [(scope, Level.REDUCING) for scope in self._venues]
            case Escalation.REDUCE_ALL:
                return [(GLOBAL, Level.REDUCING)]
            case Escalation.HALT_STRATEGY:
                return [(STRATEGY_SCOPE + spec.name, Level.HALTED)]
            case Escalation.HALT_ALL:
                return [(GLOBAL, Level.HALTED)]


def _group(supervisor: Supervisor) -> ChildSpec:
    return ChildSpec(supervisor.name, lambda: supervisor, NO_RESTART, kind="group")

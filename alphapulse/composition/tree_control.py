"""An operator's hand on the tree: a task is stopped, started or restarted by its path, as far as that is safe."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.composition.escalations import STOPPABLE, row_of, terms_of
from alphapulse.data.halts import Level
from alphapulse.errors import LifecycleError
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.paths import supervisor_of
from alphapulse.nursery.supervisor import Supervisor


class TreeControl:
    """What may be stopped stands in the table of `escalations`. Nothing here ends a halt, or goes round one.

    `level` gives the level of a strategy.
    """

    def __init__(self, root: Supervisor, *, level: Callable[[str], Level]) -> None:
        self._root = root
        self._level = level

    def stop(self, path: str, reason: str) -> None:
        """Stop a task; it stays so until it is started by its path. Raises LifecycleError if it may not be stopped."""
        supervisor, name, spec = self._find(path)
        if row_of(spec) not in STOPPABLE:
            raise LifecycleError(f"expected a task that may be stopped, found {path}: it guards what others do")
        supervisor.stop(name, reason)

    def start(self, path: str) -> None:
        """Start a task that was stopped or has failed, with a full budget.

        Raises:
            LifecycleError: it may not be started: a strategy that is halted is resumed, what keeps the books needs a
                new process.
        """
        supervisor, name, spec = self._find(path)
        self._refuse_unless_restartable(path, spec)
        self._refuse_if_halted(name, spec)
        supervisor.start(name)

    def restart(self, path: str, reason: str) -> None:
        """Give a task a fresh life. Raises LifecycleError if it may not have one."""
        supervisor, name, spec = self._find(path)
        self._refuse_unless_restartable(path, spec)
        self._refuse_if_halted(name, spec)
        supervisor.restart(name, reason)

    async def wait_settled(self, path: str) -> None:
        """Return when the task is gone if it was stopped, and when its start came out if it was started."""
        supervisor, name, _ = self._find(path)
        await supervisor.wait_stopped(name) if supervisor.held(name) else await supervisor.wait_started(name)

    def _find(self, path: str) -> tuple[Supervisor, str, ChildSpec]:
        supervisor, name = supervisor_of(self._root, path)
        spec = supervisor.spec_of(name)
        if spec.kind == "group":
            raise LifecycleError(f"expected a task, found the group {path}: name one of its tasks")
        return supervisor, name, spec

    def _refuse_unless_restartable(self, path: str, spec: ChildSpec) -> None:
        terms = terms_of(spec)
        if not terms.restartable:
            raise LifecycleError(
                f"expected a task that can have a fresh life, found {path}: {terms.why}; restart the daemon"
            )

    def _refuse_if_halted(self, name: str, spec: ChildSpec) -> None:
        if spec.kind == "strategy" and self._level(name).stopped:
            raise LifecycleError(f"expected a strategy that may run, found {name} halted: resume it")

"""What the tree looks like at one moment."""

from __future__ import annotations

import enum

import attrs


class NodeState(enum.Enum):
    """Where a child stands; the value is the text to show."""

    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    STOPPED = "stopped"
    """Not started yet, or stopped by name: it stays so until it is started by name."""
    CANCELLED = "cancelled"
    """Stopped together with its siblings or its supervisor."""
    FAILED = "failed"
    """Its budget of restarts is used up."""


@attrs.frozen
class TreeNode:
    """One node of the tree. Times are the injected wall clock, ns."""

    name: str
    path: str
    """Names from the root, separated by slashes."""
    kind: str
    """`group` for a supervisor, `service` for what works."""
    state: NodeState
    since_ns: int
    """When it entered `state`."""
    restarts: int
    """Lives that followed a failure."""
    heartbeat_ns: int | None
    """When it last proved that it lives; None if it never ran."""
    reason: str
    """Why it is not running; for one that runs, why it had to be started again. Empty if neither."""
    children: tuple[TreeNode, ...] = ()

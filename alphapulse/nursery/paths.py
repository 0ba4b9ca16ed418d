"""Children by their path: names from the root of the tree, separated by slashes."""

from __future__ import annotations

from alphapulse.errors import LifecycleError
from alphapulse.nursery.supervisor import Supervisor


def supervisor_of(root: Supervisor, path: str) -> tuple[Supervisor, str]:
    """Who keeps the child at `path`, and the child's name there: what its start, stop and restart are asked with.

    Raises:
        LifecycleError: the path does not begin with the root's name, or no child has it.
    """
    first, _, rest = path.partition("/")
    if first != root.name or not rest:
        raise LifecycleError(f"expected a path below {root.name}, such as {_example(root)}, found {path!r}")
    supervisor, name = root, rest
    while "/" in name:
        group, _, name = name.partition("/")
        below = supervisor.service_of(group)
        if not isinstance(below, Supervisor):
            raise LifecycleError(f"expected a group at {group!r} in {path!r}, found a service without children")
        supervisor = below
    supervisor.service_of(name)
    return supervisor, name


def _example(root: Supervisor) -> str:
    node = root.snapshot()
    while node.children:
        node = node.children[0]
    return node.path

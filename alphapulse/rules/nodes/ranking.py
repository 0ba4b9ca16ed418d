"""Which node is asked first: the one whose answer will most likely be there soonest, and of the newest block. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from alphapulse.rules.nodes.node_health import PPM, NodeHealth, NodeState

NS_PER_S: Final = 1_000_000_000
FAILURE_NS: Final = 5 * NS_PER_S
"""What a failure costs: about the time until another node is asked."""
UNMEASURED_NS: Final = 500_000_000
"""What a node is taken to need that has not answered yet."""
LEAST_LAG_NS: Final = 2 * NS_PER_S
"""Nodes that are less apart than this are so because the network is, and because they are not asked at one moment."""
LAG_BLOCKS: Final = 2
SILENT_BLOCKS: Final = 5


def median_head(nodes: Iterable[NodeHealth]) -> int | None:
    """The median of the heads that nodes of the chain have shown, the higher one of two; None if none has."""
    heads = sorted(node.head_number for node in nodes if node.usable and node.head_number is not None)
    return heads[len(heads) // 2] if heads else None


def cost_ns(node: NodeHealth, median: int | None, block_time_ns: int, wait_ns: int = 0) -> int:
    """What an answer of the node costs: its latency, what it has to be waited for, what it is behind, what it fails.

    To be one block behind costs nothing: nodes are not asked for their heads in the same moment.
    """
    latency_ns = UNMEASURED_NS if node.latency_ns is None else node.latency_ns
    behind = 0 if median is None or node.head_number is None else max(median - node.head_number - 1, 0)
    return latency_ns + wait_ns + behind * block_time_ns + node.error_ppm * FAILURE_NS // PPM


def ranked(nodes: Sequence[NodeHealth], block_time_ns: int, waits_ns: Sequence[int]) -> list[int]:
    """Positions of the nodes that may be asked, the best first; those that lag come after all that do not.

    `waits_ns` says for each node how long its rate limit makes us wait.
    """
    median = median_head(nodes)
    usable = [position for position, node in enumerate(nodes) if node.usable]

    def key(position: int) -> tuple[bool, int, int]:
        node = nodes[position]
        return (
            node.state is not NodeState.OK,
            cost_ns(node, median, block_time_ns, waits_ns[position]),
            position,
        )

    return sorted(usable, key=key)


def last_resort(nodes: Sequence[NodeHealth]) -> int | None:
    """Whom to ask although it is quarantined, if nobody else may be asked: whose quarantine ends first.

    Never one of another chain or branch, and none that has not shown which chain it serves.
    """
    if any(node.usable for node in nodes):
        return None
    left = [
        (node.until_ns or 0, position)
        for position, node in enumerate(nodes)
        if node.state is NodeState.QUARANTINED and node.identified and not node.forked
    ]
    return min(left)[1] if left else None


def lag_reason(node: NodeHealth, median: int | None, block_time_ns: int) -> str:
    """Why the node counts as lagging; empty if it does not."""
    if median is None or node.head_number is None:
        return ""
    behind = median - node.head_number
    most = max(LAG_BLOCKS, -(-LEAST_LAG_NS // block_time_ns))
    return f"its head {node.head_number} is {behind} blocks behind the median of the nodes" if behind > most else ""


def silent_reason(node: NodeHealth, nodes: Iterable[NodeHealth], now_ns: int, silent_ns: int) -> str:
    """Why the node counts as silent; empty if it does not, or if no other has a new head either."""
    age_ns = node.head_age_ns(now_ns)
    if age_ns is None or age_ns <= silent_ns:
        return ""
    others = (other.head_age_ns(now_ns) for other in nodes if other is not node and other.usable)
    if not any(other is not None and other <= silent_ns for other in others):
        return ""
    return f"its head {node.head_number} has been the same for {age_ns // NS_PER_S} s, while others have newer ones"

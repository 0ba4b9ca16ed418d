"""The nodes of a chain in the shapes of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphapulse_web.api.chain_shapes import NodesView, NodeView

if TYPE_CHECKING:
    from alphapulse.connections.node_pool import PoolReport


def nodes_shape(report: PoolReport) -> NodesView:
    """What a node pool says of its nodes: labels, never addresses."""
    return NodesView(
        nodes=[
            NodeView(
                label=node.label,
                state=node.state.value,
                reason=node.reason,
                head=node.head_number,
                head_age_ns=str(node.head_age_ns) if node.head_age_ns is not None else None,
                lag_blocks=node.lag_blocks,
                latency_ns=str(node.latency_ns) if node.latency_ns is not None else None,
                error_ppm=node.error_ppm,
                last_problem=node.last_problem,
            )
            for node in report.nodes
        ],
        usable=report.usable,
        degraded=report.degraded,
        split=report.split,
    )

"""What became of a transaction that was sent to several nodes. Pure.

Only an answer that proves that a node has not taken it is a refusal. Whatever may have been taken is UNKNOWN, and is
asked for by its hash, never sent again blindly.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import attrs

from alphapulse.rules.nodes.rpc_faults import FaultKind


class Sent(StrEnum):
    """What one node did, or all of them together."""

    ACCEPTED = "accepted"
    """It is in at least one pool, or in a block."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    WITHHELD = "withheld"
    """Its bytes have not left: they were not permitted to any more."""


FATAL = frozenset((FaultKind.INSUFFICIENT_FUNDS, FaultKind.INVALID_TRANSACTION))
"""No node of the chain may take such a transaction: if one does, somebody is wrong about the chain."""
REFUSED = FATAL | {
    FaultKind.UNDERPRICED,
    FaultKind.REPLACEMENT_UNDERPRICED,
    FaultKind.FEE_BELOW_BASE,
    FaultKind.NONCE_TOO_HIGH,
    FaultKind.POOL_FULL,
    FaultKind.METHOD_MISSING,
}
"""The node has not taken it; another one may."""


@attrs.frozen
class NodeSend:
    """What one node answered. `kind` is None if it accepted, or if it gave no answer that can be read."""

    sent: Sent
    kind: FaultKind | None = None
    text: str = ""


@attrs.frozen
class SendReport:
    """What became of a transaction."""

    sent: Sent
    nodes: Mapping[str, NodeSend]
    alarm: str
    """Which nodes accepted what others call impossible; empty if none. Stop, and let a person look."""


def node_send(kind: FaultKind | None, text: str) -> NodeSend:
    """What an error of that kind means for a transaction; None: the node gave its hash."""
    if kind is None or kind is FaultKind.ALREADY_KNOWN:
        return NodeSend(Sent.ACCEPTED, kind, text)
    # NONCE_TOO_LOW is no refusal: it is also what a node says of a transaction that stands in a block already.
    return NodeSend(Sent.REFUSED if kind in REFUSED else Sent.UNKNOWN, kind, text)


def send_report(nodes: Mapping[str, NodeSend]) -> SendReport:
    """What all nodes together say. One that accepted is enough, one of which nothing is known is enough to doubt."""
    outcomes = {send.sent for send in nodes.values()}
    if Sent.ACCEPTED in outcomes:
        sent = Sent.ACCEPTED
    elif Sent.UNKNOWN in outcomes or not nodes:
        sent = Sent.UNKNOWN
    elif Sent.REFUSED in outcomes:
        sent = Sent.REFUSED
    else:
        sent = Sent.WITHHELD
    return SendReport(sent, dict(nodes), _alarm(nodes))


def _alarm(nodes: Mapping[str, NodeSend]) -> str:
    accepted = [label for label, send in nodes.items() if send.sent is Sent.ACCEPTED]
    fatal = [f"{label} ({send.kind})" for label, send in nodes.items() if send.kind in FATAL]
    if not accepted or not fatal:
        return ""
    return f"{', '.join(accepted)} accepted a transaction that {', '.join(fatal)} call impossible"

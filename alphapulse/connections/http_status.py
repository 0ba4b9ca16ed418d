"""What a node's HTTP status means."""

from __future__ import annotations

from http import HTTPStatus

from alphapulse.errors import AnswerTooLarge, BadAnswer, NodeError, NodeFault, NodeRefused, NodeTimeout, RateLimited
from alphapulse.rules.nodes.retry_after import retry_after_ns


def status_error(node: str, status: int, retry_after: str, now_ns: int) -> NodeError:
    """The error for a status that is no success. `retry_after` is the header's text, empty if there is none."""
    said = f"it answered with status {status}{_phrase(status)}"
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            problem: NodeError = RateLimited(node, said, retry_after_ns(retry_after, now_ns))
        case HTTPStatus.SERVICE_UNAVAILABLE if retry_after:
            problem = RateLimited(node, said, retry_after_ns(retry_after, now_ns))
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.PAYMENT_REQUIRED:
            problem = NodeRefused(node, f"{said}; check the key in its URL")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            problem = AnswerTooLarge(node, f"{said}; ask for less at once")
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.GATEWAY_TIMEOUT:
            problem = NodeTimeout(node, said)
        case _ if status // 100 == 3:
            problem = NodeRefused(node, f"{said}: elsewhere, where we do not carry the key; name the right URL")
        case _ if status // 100 == 5:
            problem = NodeFault(node, said)
        case _:
            problem = BadAnswer(node, f"{said}, where an answer of JSON-RPC was expected")
    return problem


def _phrase(status: int) -> str:
    """The standard's words: those that the server sends are a stranger's."""
    try:
        return f" ({HTTPStatus(status).phrase.lower()})"
    except ValueError:
        return ""

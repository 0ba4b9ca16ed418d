"""Why a connection could not be made or kept, in words of our own: those of libraries name hosts and addresses."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final

from alphapulse.errors import NodeError, NodeRefused, NodeUnreachable

_CERTIFICATE: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by an authority that signed itself and is not known here",
    20: "is signed by nobody who is known here",
    62: "is another host's",
    64: "is another address's",
}
"""Codes of OpenSSL (`X509_V_ERR_…`) for what mostly is wrong with a certificate."""
_MOST_CAUSES: Final = 16


def connection_error(node: str, problem: BaseException) -> NodeError:
    """The error for a connection that failed with `problem`; its cause may be hidden below others."""
    cause = _cause(problem)
    if isinstance(cause, ssl.SSLCertVerificationError):
        words = _CERTIFICATE.get(cause.verify_code, f"is not believed (OpenSSL's code {cause.verify_code})")
        return NodeRefused(node, f"its certificate {words}")
    if isinstance(cause, ssl.SSLError):
        reason = (cause.reason or "no reason given").lower().replace("_", " ")
        return NodeRefused(node, f"no TLS could be agreed on: {reason}; is it the right scheme and port?")
    if isinstance(cause, socket.gaierror):
        return NodeUnreachable(node, "its host name is not known")
    if isinstance(cause, OSError) and cause.errno is not None:
        return NodeUnreachable(node, f"no connection: {os.strerror(cause.errno).lower()}")
    return NodeUnreachable(node, "the connection broke off")


def _cause(problem: BaseException) -> BaseException | None:
    """The first error below `problem` that says what happened."""
    waiting, seen = [problem], 0
    while waiting and seen < _MOST_CAUSES:
        error = waiting.pop(0)
        seen += 1
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
        elif isinstance(error, OSError) and (error.errno is not None or isinstance(error, ssl.SSLError)):
            return error
        waiting += [below for below in (error.__cause__, error.__context__) if below is not None]
    return None

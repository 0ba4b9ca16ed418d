"""One-time codes with which a browser logs in."""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable

import attrs

from alphapulse_web.errors import ApiError
from alphapulse_web.instants import NS_PER_S

CODE_BYTES = 16
CODE_NS = 600 * NS_PER_S
MAX_CODES = 32
FAILURES = 5
FAILURE_WINDOW_NS = 60 * NS_PER_S
MAX_PEERS = 1_000


@attrs.frozen(kw_only=True)
class Code:
    """A code of 128 bits and when it ends, in ns since 1970 UTC."""

    text: str = attrs.field(repr=False)
    expires_ns: int


class LoginCodes:
    """Codes that work once, for 10 minutes. Only their hashes are kept, at most 32; the oldest goes first."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._codes: dict[bytes, int] = {}
        self._failures: dict[str, deque[int]] = {}

    def issue(self) -> Code:
        """A fresh code."""
        code = Code(text=secrets.token_urlsafe(CODE_BYTES), expires_ns=self._now_ns() + CODE_NS)
        self._codes[_digest(code.text)] = code.expires_ns
        while len(self._codes) > MAX_CODES:
            del self._codes[next(iter(self._codes))]
        return code

    def redeem(self, text: str, peer: str) -> None:
        """Use a code up. Raises ApiError: 401 if it is wrong, used or too old, 429 after 5 failures within a minute."""
        now = self._now_ns()
        failures = self._failures.get(peer, deque())
        while failures and failures[0] <= now - FAILURE_WINDOW_NS:
            failures.popleft()
        if len(failures) >= FAILURES:
            raise ApiError(
                429,
                "too_many_failures",
                f"expected at most {FAILURES} failed logins a minute; wait a minute, then ask for a fresh code",
            )
        expires_ns = self._codes.pop(_digest(text), 0)
        if expires_ns <= now:
            failures.append(now)
            self._failures[peer] = failures
            while len(self._failures) > MAX_PEERS:
                del self._failures[next(iter(self._failures))]
            raise ApiError(
                401,
                "wrong_code",
                "expected a fresh one-time code, found one that is wrong, used or over 10 minutes old",
            )
        self._failures.pop(peer, None)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()

"""One-time codes with which a browser logs in."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import attrs

from alphapulse.secret import Secret
from alphapulse_web.auth import too_many_failures
from alphapulse_web.errors import ApiError
from alphapulse_web.failures import FailureLimit
from alphapulse_web.instants import NS_PER_S
from alphapulse_web.keys import Key, KeyRing, digest_of

CODE_BYTES = 16
CODE_NS = 600 * NS_PER_S
MAX_CODES = 32


@attrs.frozen(kw_only=True)
class Code:
    """A code of 128 bits and when it ends, in ns since 1970 UTC."""

    text: Secret
    expires_ns: int


class LoginCodes:
    """Codes that work once, for 10 minutes, and give the role of the key that asked for them.

    Only their digests are kept, at most 32; the oldest goes first.
    """

    def __init__(self, ring: KeyRing, failures: FailureLimit, now_ns: Callable[[], int]) -> None:
        self._ring = ring
        self._failures = failures
        self._now_ns = now_ns
        self._codes: dict[str, tuple[str, int]] = {}

    def issue(self, key_id: str | None = None) -> Code:
        """A fresh code for a key's holder, by default the owner."""
        code = Code(text=Secret(secrets.token_urlsafe(CODE_BYTES)), expires_ns=self._now_ns() + CODE_NS)
        self._codes[digest_of(code.text.reveal())] = key_id or self._ring.owner.id, code.expires_ns
        while len(self._codes) > MAX_CODES:
            del self._codes[next(iter(self._codes))]
        return code

    def redeem(self, text: str, peer: str) -> Key:
        """Use a code up. Raises ApiError: 401 if it is wrong, used or too old, 429 after 5 failures within a minute."""
        if wait_s := self._failures.wait_s(peer):
            raise too_many_failures(wait_s)
        key_id, expires_ns = self._codes.pop(digest_of(text), ("", 0))
        key = self._ring.by_id(key_id)
        if key is None or expires_ns <= self._now_ns():
            self._failures.failed(peer)
            raise ApiError(
                401,
                "wrong_code",
                "expected a fresh one-time code, found one that is wrong, used or over 10 minutes old",
            )
        return key

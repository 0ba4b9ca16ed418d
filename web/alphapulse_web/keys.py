"""Keys: who holds one is somebody, with a name and a role."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

import attrs

from alphapulse.data.roles import Role
from alphapulse.secret import Secret

OWNER = "owner"
"""The name of whoever holds the token file."""
KEY_BYTES = 32
PREFIX = "ap_"
"""So that a key that has strayed into a text is known for one."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
ID_DIGITS = 8


@attrs.frozen(kw_only=True)
class Key:
    """A key as it is kept: the SHA-256 of its 256 random bits, in hex, never itself. `made_ns` is since 1970 UTC."""

    name: str
    role: Role
    digest: str = attrs.field(repr=False)
    made_ns: int = 0

    @property
    def id(self) -> str:
        """What logs and audit call the key: the first 8 hex digits of its digest."""
        return self.digest[:ID_DIGITS]


def fresh_key() -> Secret:
    """A new key of 256 bits."""
    return Secret(PREFIX + secrets.token_urlsafe(KEY_BYTES))


def digest_of(text: str) -> str:
    """What is kept of a key, a code, a ticket or a session: enough to know it again, too little to use it."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class KeyRing:
    """All keys that are good now: the owner's token, and the named ones."""

    def __init__(self, token: Secret, named: Iterable[Key] = ()) -> None:
        self.owner = Key(name=OWNER, role=Role.ADMIN, digest=digest_of(token.reveal()))
        self._keys: dict[str, Key] = {}
        self.replace(named)

    def replace(self, named: Iterable[Key]) -> tuple[list[Key], list[Key]]:
        """These are the named keys from now on; returns those that are new, and those that are gone."""
        before = self._keys
        self._keys = {key.id: key for key in (self.owner, *named)}
        new = [key for key in self._keys.values() if key not in before.values() and key is not self.owner]
        gone = [key for key in before.values() if key not in self._keys.values()]
        return new, gone

    def find(self, text: str) -> Key | None:
        """The key that somebody shows. All are compared in full, so that the time tells nothing."""
        shown, found = digest_of(text), None
        for key in self._keys.values():
            if hmac.compare_digest(key.digest, shown):
                found = key
        return found

    def by_id(self, key_id: str) -> Key | None:
        """The key of that id, None if it was revoked."""
        return self._keys.get(key_id)

    def named(self) -> list[Key]:
        """All keys, the owner's first."""
        return list(self._keys.values())

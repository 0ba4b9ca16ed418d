"""Whom a listener lets in."""

from __future__ import annotations

import os

import attrs

from alphapulse.errors import PeerRefused


@attrs.frozen
class Admission:
    """Who may connect, and how many at a time.

    `uids` are users of this machine, for Unix sockets; None is the own user only. `names` are those of certificates,
    for TCP; none lets nobody in.
    """

    uids: frozenset[int] | None = None
    names: frozenset[str] = frozenset()
    connections: int = 64

    def check_uid(self, uid: int) -> None:
        """Raise PeerRefused unless this user may connect."""
        if uid not in (self.uids if self.uids is not None else {os.getuid()}):
            raise PeerRefused(f"user {uid} may not connect; add the uid to the listener's allow-list")

    def check_name(self, name: str) -> None:
        """Raise PeerRefused unless who has this name may connect."""
        if name not in self.names:
            raise PeerRefused(f"the certificate's name {name!r} may not connect; add it to the listener's allow-list")

    def name_of(self, names: tuple[str, ...]) -> str:
        """Which of a certificate's names its owner is known by: the first that may connect, else the first."""
        return next((name for name in names if name in self.names), names[0] if names else "")

"""Which Host and which Origin are believed: each against its own list, never against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable

from alphapulse_web.errors import ApiError

HOST = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?")
OWN_SITES = frozenset({None, "same-origin", "none"})
"""What `Sec-Fetch-Site` says of our own page, of a person who typed the address, and of programs that are no browser.

`same-site` is not among them: another port of this machine is the same site.
"""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Perimeter:
    """Keeps foreign names (DNS rebinding) and foreign pages out."""

    def __init__(self, hosts: Iterable[str], origins: Iterable[str], *, secure: bool) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = {origin.lower() for origin in origins}
        self._scheme = "https" if secure else "http"

    def listen_on(self, port: int) -> None:
        """Allow the origins of the allowed hosts at the port that was bound."""
        self._origins.update(f"{self._scheme}://{host}:{port}" for host in self._hosts if not _has_port(host))

    def host_allowed(self, host: str | None) -> bool:
        """True if the Host header names an allowed host, with any port unless the list has one."""
        match = HOST.fullmatch(host or "")
        if match is None:
            return False
        return match[0].lower() in self._hosts or match[1].lower() in self._hosts

    def origin_allowed(self, origin: str) -> bool:
        """True if a page of that origin may call."""
        return origin.lower() in self._origins

    def check(self, method: str, host: str | None, origin: str | None, fetch_site: str | None) -> None:
        """Raises ApiError: 421 for a foreign Host, 403 for a foreign Origin or a mutation from another site."""
        if not self.host_allowed(host):
            raise ApiError(
                421, "wrong_host", "expected an allowed Host, found another; add the name to web.allowed_hosts"
            )
        if origin is not None and not self.origin_allowed(origin):
            raise ApiError(
                403, "wrong_origin", "expected an allowed Origin, found another; add its host to web.allowed_hosts"
            )
        if fetch_site not in OWN_SITES and method not in SAFE_METHODS:
            raise ApiError(403, "cross_site", "expected a request from the dashboard, found one from another site")


def _has_port(host: str) -> bool:
    match = HOST.fullmatch(host)
    return match is not None and match[2] is not None

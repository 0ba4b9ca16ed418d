"""Settings of the web application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from alphapulse.journal.blocking import RunBlocking
from alphapulse.secret import Secret
from alphapulse_web.control_store import IN_MEMORY

MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 5
RESPONSE_TIMEOUT_S = 60


@attrs.frozen(kw_only=True)
class WebSettings:
    """What an operator may choose.

    `allowed_hosts` are names without a port, or with the one port that is allowed. `allowed_origins` are whole origins;
    those of the allowed hosts at the bound port are allowed without being listed. `secure` says that browsers come over
    TLS. `static` is the folder with the built dashboard, None for the one inside the package. `store` is the file of
    replies and sessions, `keys_folder` the folder with the named keys, None if there are none.
    """

    token: Secret
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    allowed_origins: tuple[str, ...] = ()
    now_ns: Callable[[], int]
    monotonic_ns: Callable[[], int]
    run_blocking: RunBlocking
    store: Path = IN_MEMORY
    keys_folder: Path | None = None
    secure: bool = False
    static: Path | None = None

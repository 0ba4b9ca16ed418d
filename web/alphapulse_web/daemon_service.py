"""The control plane of a running daemon, as one service of its tree."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager

import attrs
import trio

from alphapulse.config import WebSection
from alphapulse.daemon import Daemon
from alphapulse.errors import ConfigError
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse_web.app import create_app
from alphapulse_web.daemon_backend import DaemonBackend
from alphapulse_web.serve import ControlPlane
from alphapulse_web.settings import WebSettings
from alphapulse_web.spa import is_built
from alphapulse_web.token import bearer_token
from alphapulse_web.views.live_view import LiveView

TOKEN_FILE = "token"  # noqa: S105 - the name of a file
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
"""The same as a browser writes them in a Host header."""


@attrs.frozen
class Doorway:
    """Where the control plane can be entered: its address, a login that works once, and whether a page is there."""

    url: str
    login_url: str
    dashboard: bool


class DaemonControlPlane:
    """Views, ledger reader and web application over one daemon; `on_open` is told each time it opens."""

    def __init__(self, daemon: Daemon, on_open: Callable[[Doorway], None]) -> None:
        self._daemon = daemon
        self._on_open = on_open

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises ConfigError as `check_control_plane` does."""
        daemon = self._daemon
        section = daemon.config.web
        check_host(section.host, allow_other_hosts=section.allow_other_hosts)
        run_blocking = daemon.environment.run_blocking
        token = await run_blocking(bearer_token, daemon.paths.folder / TOKEN_FILE)
        async with aclosing(LedgerReader(daemon.ledger_url, run_blocking=run_blocking)) as reader:
            now_ns = daemon.environment.now_ns
            view = LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, now_ns)
            settings = WebSettings(
                token=token,
                allowed_hosts=(*LOOPBACK_HOSTS, section.host, *section.allowed_hosts),
                allowed_origins=proxied_origins(section.allowed_hosts),
                now_ns=now_ns,
            )
            app = create_app(DaemonBackend(daemon, view, reader), settings)
            plane = ControlPlane(app, host=section.host, port=section.port)
            async with trio.open_nursery() as nursery:
                await nursery.start(view.run)
                with _address_errors(section):
                    url = await nursery.start(plane.run)
                self._on_open(Doorway(url, f"{url}/#code={app.codes.issue().text}", is_built()))
                task_status.started()


async def check_control_plane(daemon: Daemon) -> None:
    """Find out before the start what would keep the control plane from opening.

    Raises:
        ConfigError: its address is taken, unknown or not loopback, or its token can be read by others.
    """
    section = daemon.config.web
    check_host(section.host, allow_other_hosts=section.allow_other_hosts)
    await daemon.environment.run_blocking(bearer_token, daemon.paths.folder / TOKEN_FILE)
    with _address_errors(section):
        for listener in await trio.open_tcp_listeners(section.port, host=section.host):
            await listener.aclose()


def proxied_origins(hosts: Iterable[str]) -> tuple[str, ...]:
    """Where pages come from that a proxy hands on under these names: its scheme is not known here, its port is."""
    return tuple(f"{scheme}://{host}" for host in hosts for scheme in ("https", "http"))


@contextmanager
def _address_errors(section: WebSection) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        words = error.strerror or str(error)
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise ConfigError(
                "web.port",
                f"expected a port that is free, found {section.port} at {section.host}: {words.lower()}; stop the "
                "program that has it, or choose another (0 takes any)",
            ) from error
        raise ConfigError(
            "web.host", f"expected an address of this machine, found {section.host!r}: {words}"
        ) from error


def check_host(host: str, *, allow_other_hosts: bool) -> None:
    """Raises ConfigError if the control plane would be reachable from elsewhere without an explicit setting."""
    if host not in LOOPBACK and not host.startswith("127.") and not allow_other_hosts:
        raise ConfigError(
            "web.host",
            f"expected a loopback address, found {host!r}; set web.allow_other_hosts = true to listen beyond this "
            "machine, behind a proxy that speaks TLS",
        )

"""The control plane of a running daemon, as one service of its tree."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager

import attrs
import trio

from alphapulse.config import Config
from alphapulse.config_sections.process import WebSection
from alphapulse.daemon import Daemon
from alphapulse.errors import ConfigError
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse_web.app import create_app
from alphapulse_web.bind import LOOPBACK_HOSTS, check_bind, proxied_origins, tls_context
from alphapulse_web.control_store import FILE as STORE_FILE
from alphapulse_web.daemon_backend import DaemonBackend
from alphapulse_web.guard import check_server_version
from alphapulse_web.key_file import KeyFile
from alphapulse_web.serve import ControlPlane
from alphapulse_web.settings import WebSettings
from alphapulse_web.spa import is_built
from alphapulse_web.token import bearer_token
from alphapulse_web.views.live_view import LiveView

TOKEN_FILE = "token"  # noqa: S105 - the name of a file


@attrs.frozen
class Doorway:
    """Where the control plane can be entered: its address, a login that works once, and whether a page is there."""

    url: str
    login_url: str = attrs.field(repr=False)
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
        check_bind(section)
        run_blocking = daemon.environment.run_blocking
        token = await run_blocking(bearer_token, daemon.paths.folder / TOKEN_FILE)
        tls = await run_blocking(_tls_of, daemon.config)
        async with aclosing(LedgerReader(daemon.ledger_url, run_blocking=run_blocking)) as reader:
            now_ns = daemon.environment.now_ns
            view = LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, now_ns)
            settings = WebSettings(
                token=token,
                allowed_hosts=(*LOOPBACK_HOSTS, section.host, *section.allowed_hosts),
                allowed_origins=proxied_origins(section.allowed_hosts),
                secure=tls is not None,
                now_ns=now_ns,
                monotonic_ns=daemon.environment.monotonic_ns,
                run_blocking=run_blocking,
                store=daemon.paths.folder / STORE_FILE,
                keys_folder=daemon.paths.folder,
            )
            backend = DaemonBackend(daemon, view, reader)
            app = create_app(backend, settings)
            plane = ControlPlane(app, host=section.host, port=section.port, tls=tls)
            async with trio.open_nursery() as nursery:
                await nursery.start(view.run)
                nursery.start_soon(backend.run)
                with _address_errors(section):
                    url = await nursery.start(plane.run)
                self._on_open(Doorway(url, f"{url}/#code={app.codes.issue().text.reveal()}", is_built()))
                task_status.started()


async def check_control_plane(daemon: Daemon) -> None:
    """Find out before the start what would keep the control plane from opening.

    Raises:
        ConfigError: its address is taken, unknown or not loopback, others can read its token or its keys, or another
            Hypercorn is installed than the one that is guarded.
    """
    section = daemon.config.web
    check_bind(section)
    check_server_version()
    run_blocking = daemon.environment.run_blocking
    await run_blocking(bearer_token, daemon.paths.folder / TOKEN_FILE)
    await run_blocking(KeyFile(daemon.paths.folder).read)
    await run_blocking(_tls_of, daemon.config)
    with _address_errors(section):
        for listener in await trio.open_tcp_listeners(section.port, host=section.host):
            await listener.aclose()


def _tls_of(config: Config) -> ssl.SSLContext | None:
    certificate, key = config.web.tls_certificate, config.web.tls_key
    return None if certificate is None or key is None else tls_context(config.resolve(certificate), config.resolve(key))


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

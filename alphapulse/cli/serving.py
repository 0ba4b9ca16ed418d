"""What `alphapulsed` runs, from a configuration to the end of the process's work."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import trio

from alphapulse.cli.control_file import remove_control_file, write_control_file
from alphapulse.cli.garbage import spare_collector
from alphapulse.cli.process_file import WHOLE, declared
from alphapulse.cli.setup import config_file, read_config
from alphapulse.composition.environment import Environment
from alphapulse.composition.topology import Placement, Topology
from alphapulse.composition.topology_terms import everything, read_topology
from alphapulse.config import Config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.errors import ConfigError
from alphapulse.file_trust import check_config_file, check_data_folder
from alphapulse.nursery.service import Service
from alphapulse.observe.service_manager import ServiceManager
from alphapulse.outpost import Outpost, open_outpost

if TYPE_CHECKING:
    from alphapulse.composition.live_start import LiveStart

logger = logging.getLogger(__name__)

SWITCH_INTERVAL_S = 0.000_5
"""The longest that the loop waits for Python's lock while the ledger or a capture is being written; 5 ms by default,
and after each of its system calls."""


def run(config_path: Path | None, service: str | None, *, live: bool = False, phrase_file: Path | None = None) -> None:
    """Run the daemon that the configuration describes, or one process of its topology.

    `live` is one of the things that trading for real needs; the phrase stands in a file, or is typed.

    Raises:
        AlphaPulseError: it cannot start, or it ended by a failure.
    """
    file = config_file(config_path)
    if file is not None and file.exists():
        check_config_file(file)
    config = read_config(config_path)
    check_data_folder(config.data_folder, "daemon.data_folder")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    trio.run(partial(serve, config, service, live=live, phrase_file=phrase_file))


async def serve(
    config: Config, service: str | None = None, *, live: bool = False, phrase_file: Path | None = None
) -> None:
    """Run the daemon, or one process of its topology, to its end.

    Raises:
        AlphaPulseError: it cannot start, or it ended by a failure.
    """
    environment = Environment(service_manager=ServiceManager.from_environment(os.environ, os.getpid()))
    topology, placement = _placed(config, service)
    if topology is not None and not placement.execution:
        await _run(open_outpost(config, placement, topology, environment=environment), placement.service)
        return
    control_plane = _control_plane if config.web.enabled else None
    async with (
        _live_start(config, environment, live=live, phrase_file=phrase_file) as start,
        open_daemon(
            config,
            environment=environment,
            control_plane=control_plane,
            placement=placement,
            topology=topology,
            live=start,
        ) as daemon,
    ):
        if config.web.enabled:
            await _check_control_plane(daemon)
        write_control_file(daemon.paths.folder, None)
        try:
            await _run(daemon, placement.service or WHOLE)
        finally:
            remove_control_file(daemon.paths.folder)


@asynccontextmanager
async def _live_start(
    config: Config, environment: Environment, *, live: bool, phrase_file: Path | None
) -> AsyncIterator[LiveStart | None]:
    """Live trading, if it is wished and all of it is there; what is missing is said on standard error and logged."""
    if not live and config.daemon.mode != "live":
        yield None
        return
    # Nodes, keys and signers are read only by those who wish for them.
    from alphapulse.cli.phrase import ask_phrase  # noqa: PLC0415
    from alphapulse.composition.live_start import open_live_start, paper_words  # noqa: PLC0415

    async with open_live_start(
        config,
        flag=live,
        ask_phrase=partial(ask_phrase, phrase_file),
        environment=environment,
        environ=os.environ,
    ) as start:
        words = paper_words(start)
        if words:
            logger.warning(words)
            click.echo(f"alphapulsed: {words}", err=True)
        yield start


def _placed(config: Config, service: str | None) -> tuple[Topology | None, Placement]:
    """What this process runs. Raises ConfigError if the configuration has no such process."""
    if service is None:
        return None, everything(config)
    topology = read_topology(config)
    if topology is None:
        raise ConfigError("topology.services", f"expected a process {service!r}, found no topology")
    return topology, topology.placement(service)


async def _run(process: Daemon | Outpost, name: str) -> None:
    process.paths.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with declared(process.paths.folder, name) as ready:
        async with trio.open_nursery() as nursery:
            await nursery.start(process.run)
            gc.collect()
            spare_collector()
            ready()
        if process.failure is not None:
            raise process.failure


async def _check_control_plane(daemon: Daemon) -> None:
    from alphapulse_web.daemon_service import check_control_plane  # noqa: PLC0415 - as below

    await check_control_plane(daemon)


def _control_plane(daemon: Daemon) -> Service:
    """Joins the daemon and the web application: imported in this module alone, and only when it is wanted."""
    # API-less runs and the other commands must not pay for the web's libraries.
    from alphapulse_web.daemon_service import DaemonControlPlane, Doorway  # noqa: PLC0415

    def announce(doorway: Doorway) -> None:
        write_control_file(daemon.paths.folder, doorway.url)
        what = "dashboard" if doorway.dashboard else "API, the dashboard is not built"
        click.echo(f"\nAlphaPulse {what}: {doorway.login_url}")
        click.echo("The login works once, for ten minutes; `alphapulse login` makes another. Ctrl-C stops.\n")
        sys.stdout.flush()

    return DaemonControlPlane(daemon, announce)

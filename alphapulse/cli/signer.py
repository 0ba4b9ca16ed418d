"""`alphapulse signer`: a process that holds a wallet's key, and signs for the daemon within limits of its own."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

import click
import trio

from alphapulse.cli.core_dumps import forbid_core_dumps
from alphapulse.cli.setup import reports_errors
from alphapulse.cli.work import run_work
from alphapulse.composition.environment import Environment
from alphapulse.composition.signer_file import SignerSetting, read_signer_file
from alphapulse.file_trust import check_config_file
from alphapulse.observe.logs import configure_logs, mask_last_words
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.signing.opening import open_guarded_key
from alphapulse.signing.signer_service import SignerService


@click.command()
@click.option(
    "--config", "config_path", required=True, type=click.Path(path_type=Path), help="The signer's own file (TOML)."
)
@reports_errors
def signer(config_path: Path) -> None:
    """Hold a wallet's key, and sign what the file allows, until SIGTERM or SIGINT.

    It looks at the latch by itself: while trading is halted, only what moves nothing is signed.
    """
    forbid_core_dumps()
    configure_logs()
    mask_last_words()
    if config_path.exists():
        check_config_file(config_path)
    setting = read_signer_file(config_path)
    run_work(_serve, setting)


async def _serve(setting: SignerSetting) -> None:
    world = Environment()
    policy = setting.terms.policy
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_guarded_key(
            setting.terms, is_synced=True, run_blocking=world.run_blocking, now_ns=world.now_ns, environ=os.environ
        ) as key:
            service = SignerService(
                setting.socket,
                key,
                policy.chain_id,
                clients=setting.clients,
                run_blocking=world.run_blocking,
                logger=logging.getLogger("alphapulse.signer"),
            )
            async with trio.open_nursery() as nursery:
                await nursery.start(service.run)
                own, whom = checksum_address(key.address), ", ".join(map(checksum_address, sorted(policy.destinations)))
                click.echo(f"signs for {own} on chain {policy.chain_id}, to {whom}, at {setting.socket}")
                async for _ in signals:
                    nursery.cancel_scope.cancel("it was told to end")

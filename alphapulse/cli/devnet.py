"""`alphapulse devnet`: a local chain with pools and traders, to try the daemon on."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import attrs
import click
import trio

from alphapulse.cli.setup import reports_errors
from alphapulse.devnet.creation import open_world
from alphapulse.devnet.market import Market
from alphapulse.devnet.packages import Packages
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError

PORT = 8545
BLOCK_S = 2
TRADERS = 8
KEEPERS = 2
"""Accounts beside the traders: who supplies liquidity, and who keeps prices."""


@attrs.frozen
class Stay:
    """How long a chain goes on, and how fast."""

    block_s: int
    blocks: int | None
    """None: until it is interrupted."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0 takes a free one.")
@click.option(
    "--block-time", "block_s", type=click.IntRange(1, 60), default=BLOCK_S, show_default=True, help="Seconds."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed trades the same way.")
@click.option("--traders", type=click.IntRange(1, 100), default=TRADERS, show_default=True)
@click.option("--blocks", type=click.IntRange(0), help="End after so many blocks instead of by Ctrl-C.")
@click.option(
    "--elsewhere", type=click.IntRange(0), default=0, help="Not 0: every contract at another address than on Polygon."
)
@click.option(
    "--packages",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/devnet"),
    show_default=True,
    help="Where npm has installed node and contracts.",
)
@reports_errors
def devnet(port: int, block_s: int, seed: int, traders: int, blocks: int | None, elsewhere: int, folder: Path) -> None:
    """Run a local chain (id 137) with the exchanges' contracts, pools and seeded traders, until Ctrl-C.

    Nothing of it is worth anything, and nobody needs an account. The node and the contracts are npm packages; where
    they are missing, the message says how to get them.
    """
    packages = Packages(folder)
    try:
        packages.anvil  # noqa: B018 - looks whether it is there
    except DevnetError:
        packages.write_lock()  # so that the command in the message works
        raise
    trio.run(_run, packages, port, seed, traders, elsewhere, Stay(block_s, blocks))


async def _run(packages: Packages, port: int, seed: int, traders: int, elsewhere: int, stay: Stay) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_told, signals, nursery.cancel_scope)
            world = open_world(
                packages, number=elsewhere, port=port, genesis_s=None, holders=traders + KEEPERS, block_s=stay.block_s
            )
            async with world as made:
                _announce(made, seed, traders, stay.block_s)
                await _trade(made, seed, stay)
            nursery.cancel_scope.cancel()
    click.echo("the local chain has ended")


async def _until_told(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()


def _announce(world: World, seed: int, traders: int, block_s: int) -> None:
    click.echo(f"local chain 137: {world.http_url}, {world.ws_url}")
    for pool in world.pools.values():
        click.echo(f"  {pool.address}  {pool.name}")
    click.echo(f"{traders} traders with seed {seed}, a block every {block_s} s; Ctrl-C ends it")


async def _trade(world: World, seed: int, stay: Stay) -> None:
    market = Market(world, Random(seed))  # noqa: S311 - the same seed must trade the same way
    due_s, mined = trio.current_time(), 0
    while stay.blocks is None or mined < stay.blocks:
        due_s += stay.block_s
        await trio.sleep_until(due_s)
        await market.block()
        mined += 1

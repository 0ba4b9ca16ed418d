"""`alphapulse devnet`: a local chain with pools and traders, to try the daemon on."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import attrs
import click
import trio

from alphapulse.cli.setup import reports_errors
from alphapulse.devnet.creation import SETUP_BLOCKS, open_world
from alphapulse.devnet.executors import COINS_WEI, deploy_executor
from alphapulse.devnet.market import Market
from alphapulse.devnet.node import CHAIN_ID
from alphapulse.devnet.packages import Packages
from alphapulse.devnet.pool_listing import pool_file_text
from alphapulse.devnet.rival import Rival
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError
from alphapulse.rules.evm.checksum import read_address

PORT = 8545
BLOCK_S = 2
TRADERS = 8
FOLDERS = (Path(".cache/devnet"), Path("data/devnet"))
"""Where node and contracts are looked for: the first folder that is there, else the last is the one to fill."""
FORGED_PPM = 50_000
"""One block in twenty holds a log that only looks like a pool's, as there are on real chains."""
HISTORY_BLOCKS = 64
"""Blocks in which nothing happens before the traders come: who looks back finds a chain, and not its beginning."""
KEEPERS = 2
"""Accounts beside the traders: who supplies liquidity, and who keeps prices."""


@attrs.frozen
class Plan:
    """What was asked for. `blocks` None: until it is interrupted."""

    port: int
    chain_id: int
    seed: int
    traders: int
    elsewhere: int
    block_s: int
    blocks: int | None
    pool_file: Path | None
    wallet: str | None
    gap_every: int | None
    has_rival: bool
    command: tuple[str, ...]


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0 takes a free one.")
@click.option(
    "--block-time", "block_s", type=click.IntRange(1, 60), default=BLOCK_S, show_default=True, help="Seconds."
)
@click.option(
    "--chain-id", type=click.IntRange(1, 2**63 - 1), default=CHAIN_ID, show_default=True, help="What it says of itself."
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
    help="Where npm has installed node and contracts. Default: .cache/devnet if it is there, else data/devnet.",
)
@click.option("--pool-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the pools there.")
@click.option(
    "--executor", "wallet", metavar="WALLET", help="Deploy the executor for this address, with coins for gas."
)
@click.option("--gap-every", type=click.IntRange(1), help="Open a gap in every so many blocks, instead of by chance.")
@click.option("--rival", "has_rival", is_flag=True, help="Somebody else wants the gaps, and pays to come first.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@reports_errors
def devnet(
    port: int,
    chain_id: int,
    block_s: int,
    seed: int,
    traders: int,
    blocks: int | None,
    elsewhere: int,
    folder: Path | None,
    pool_file: Path | None,
    wallet: str | None,
    gap_every: int | None,
    has_rival: bool,
    command: tuple[str, ...],
) -> None:
    """Run a local chain with the exchanges' contracts, pools and seeded traders, until Ctrl-C.

    Nothing of it is worth anything, and nobody needs an account. The node and the contracts are npm packages; where
    they are missing, the message says how to get them. A COMMAND (behind `--`) is started as soon as everything is
    there, and the chain ends with it.
    """
    executor_of = _address(wallet)
    packages = Packages(folder or next((one for one in FOLDERS if one.is_dir()), FOLDERS[-1]))
    try:
        packages.anvil  # noqa: B018 - looks whether it is there
    except DevnetError:
        packages.write_lock()  # so that the command in the message works
        raise
    plan = Plan(
        port,
        chain_id,
        seed,
        traders,
        elsewhere,
        block_s,
        blocks,
        pool_file,
        executor_of,
        gap_every,
        has_rival,
        command,
    )
    sys.exit(trio.run(_run, packages, plan))


def _address(wallet: str | None) -> str | None:
    """The address as it was written; a mistyped one is refused."""
    if wallet is not None:
        try:
            read_address(wallet)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--executor") from error
    return wallet


async def _run(packages: Packages, plan: Plan) -> int:
    """The exit code: that of the command, if there is one."""
    code = 0
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        world = open_world(
            packages,
            number=plan.elsewhere,
            port=plan.port,
            chain_id=plan.chain_id,
            genesis_s=int(time.time())
            - (SETUP_BLOCKS + HISTORY_BLOCKS) * plan.block_s,  # so that its newest block is of now
            holders=plan.traders + KEEPERS,
            block_s=plan.block_s,
            order="fees" if plan.has_rival else "fifo",
        )
        async with world as made, trio.open_nursery() as nursery:
            await made.mine(HISTORY_BLOCKS)
            _announce(made, plan, None if plan.wallet is None else await deploy_executor(made, plan.wallet))
            nursery.start_soon(_trade, made, plan, nursery.cancel_scope)
            if plan.command:
                code = await _beside(plan.command, signals)
                nursery.cancel_scope.cancel("the command has ended")
            else:
                nursery.start_soon(_until_told, signals, nursery.cancel_scope)
    click.echo("the local chain has ended")
    return code


async def _until_told(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel("it was told to end")


async def _beside(command: tuple[str, ...], signals: AsyncIterator[int]) -> int:
    """Run a command to its end. Ctrl-C reaches it by itself; what only we are told is passed on."""
    process = await trio.lowlevel.open_process(command)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_pass_on, signals, process)
        code = await process.wait()
        nursery.cancel_scope.cancel("the command has ended")
    return code


async def _pass_on(signals: AsyncIterator[int], process: trio.Process) -> None:
    async for number in signals:
        if number == signal.SIGTERM:
            process.terminate()


def _announce(world: World, plan: Plan, executor: str | None) -> None:
    if plan.pool_file is not None:
        plan.pool_file.write_text(pool_file_text(tuple(world.pools.values()), world.chain_id), "utf-8")
    click.echo(f"local chain {world.chain_id}: {world.http_url}, {world.ws_url}")
    for pool in world.pools.values():
        click.echo(f"  {pool.address}  {pool.name}")
    if executor is not None:
        click.echo(f"executor {executor} of wallet {plan.wallet}, which has {COINS_WEI // 10**18:,} coins for gas")
    rival = " and a rival" if plan.has_rival else ""
    click.echo(f"{plan.traders} traders{rival} with seed {plan.seed}, a block every {plan.block_s} s; Ctrl-C ends it")


async def _trade(world: World, plan: Plan, scope: trio.CancelScope) -> None:
    # The same seed must trade the same way: no chance is a secret here.
    market = Market(
        world,
        Random(plan.seed),  # noqa: S311
        gap_every=plan.gap_every,
        forged_ppm=FORGED_PPM,
        is_modest=plan.has_rival,
    )
    rival = Rival(market, Random(plan.seed + 1), world.accounts[-1])  # noqa: S311
    due_s, mined = trio.current_time(), 0
    while plan.blocks is None or mined < plan.blocks:
        due_s += plan.block_s
        await trio.sleep_until(due_s)
        if plan.has_rival:
            await rival.act()
        await market.block()
        mined += 1
    scope.cancel("all blocks were mined")

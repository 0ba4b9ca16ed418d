"""`alphapulse wallet` on a real chain: what accounts have, and an executor that is deployed by its owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result

from alphapulse.cli.main import main
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.pool_listing import pool_file_text
from alphapulse.devnet.world import World
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.create2 import create_address
from alphapulse.rules.evm.executor_code import runtime_code
from alphapulse.secret import Secret
from alphapulse.signing.key_files import write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from alphapulse.signing.signing_key import SigningKey
from alphapulse.signing.signing_record import open_record, record_path
from tests.chain.worlds import open_test_world
from tests.fakes.signers import SCALAR

pytestmark = [pytest.mark.real_io, pytest.mark.slow]
KEY = SigningKey(SCALAR)
OWN = checksum_address(KEY.address)
EXECUTOR = checksum_address(create_address(KEY.address, 0))
COIN = 10**18


def write_files(world: World, folder: Path) -> Path:
    """A configuration of the chain with the wallet, its keystore and its password."""
    write_secret_file(folder / "main.json", sealed_keystore(KEY, Secret("correct horse"), chance=bytes, scrypt_n=2))
    write_secret_file(folder / "password", b"correct horse")
    (folder / "pools.json").write_text(pool_file_text(tuple(world.pools.values())))
    path = folder / "config.toml"
    path.write_text(f"""
[collectors.devnet]
kind = "evm"
chain_id = 137
block_time_ms = 2000
pools = "pools.json"
[[collectors.devnet.nodes]]
label = "anvil"
http = "{world.http_url}"
ws = "{world.ws_url}"
requests_per_s = 1000
[strategies.flash_arbitrage]
evaluate = "block"
[execution]
latency = {{ blocks = 1 }}
[wallets.main]
executor = "{EXECUTOR}"
keystore = "main.json"
password = {{ file = "password" }}
""")
    return path


async def run(*arguments: str | Path, typed: str = "", beside: Callable[[], Awaitable[object]] | None = None) -> Result:
    """The command in a thread, and what the chain does meanwhile, again and again."""
    result: list[Result] = []

    async def command() -> None:
        words = ["wallet", *map(str, arguments)]
        result.append(await trio.to_thread.run_sync(lambda: CliRunner().invoke(main, words, input=typed)))
        nursery.cancel_scope.cancel("the command has ended")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(command)
        while beside is not None:
            await beside()
    return result[0]


async def test_an_executor_is_deployed_and_what_there_is_is_shown(tmp_path: Path) -> None:
    """The typed address decides; the code that stands there is the one that was expected."""
    async with open_test_world() as world:
        config = write_files(world, tmp_path)
        deploy = ("deploy", tmp_path / "main.json", "--password-file", tmp_path / "password", "--config", config)

        poor = await run(*deploy)
        assert (poor.exit_code, poor.stdout) == (1, "")
        assert f"expected {OWN} to have" in poor.stderr

        await world.rpc.ask("anvil_setBalance", OWN, hex(5 * COIN))
        await world.mine(2)  # what is shown is the block before the newest
        nothing = await run(*deploy, typed=OWN.lower() + "\n")
        assert (nothing.exit_code, nothing.stdout) == (1, "")
        assert f"expected the address {OWN}, found another text; nothing was sent" in nothing.stderr
        assert await world.rpc.ask("eth_getTransactionCount", OWN, "pending") == "0x0"

        before = await run("balances", "--config", config)
        assert before.exit_code == 0, before.output
        assert f"executor {EXECUTOR}: NOTHING stands there" in before.stdout
        assert ["POL", "5.000000000000000000", "-"] in [line.split() for line in before.stdout.splitlines()]

        done = await run(*deploy, typed=OWN + "\n", beside=world.mine)
        assert done.exit_code == 0, done.output
        assert done.stdout == f'executor = "{EXECUTOR}"\n'
        assert "correct horse" not in done.output
        code = await world.rpc.ask("eth_getCode", EXECUTOR, "latest")
        assert bytes.fromhex(code[2:]) == runtime_code(KEY.address)
        with open_record(record_path(tmp_path / "data", 137, KEY.address), 137, KEY.address) as record:
            assert [entry.nonce for entry in record.entries()] == [0]

        token = world.tokens["USDC.e"]
        holder = world.accounts[0]
        (sent,) = await world.send([call(token.address, "transfer(address,uint256)", OWN, 1_234_567)], holder)
        await world.rpc.ask("anvil_impersonateAccount", OWN)
        await world.rpc.ask("anvil_setBalance", OWN, hex(10**9 * COIN))  # worlds offer much for gas
        await world.send([call(token.address, "approve(address,uint256)", EXECUTOR, 890)], OWN)
        await world.mine()
        held = returned("uint256", await world.rpc.read(call(token.address, "balanceOf(address)", OWN)))[0]
        assert held == 1_234_567, await world.rpc.ask("eth_getTransactionReceipt", sent)
        await world.mine()

        shown = await run("balances", "--wallet", "main", "--config", config)
        assert f"wallet main {OWN}: its next number is 2" in shown.stdout
        assert f"executor {EXECUTOR}: the executor of this wallet stands there" in shown.stdout
        assert ["USDC.e", "1.234567", "0.000000"] in [line.split() for line in shown.stdout.splitlines()]
        assert "WETH" not in shown.stdout
        allowed = await run("allowances", "--config", config)
        assert ["USDC.e", "0.000890"] in [line.split() for line in allowed.stdout.splitlines()]
        unknown = await run("balances", "--wallet", "mian", "--config", config)
        assert "the nearest known one is `main`" in unknown.stderr


async def test_a_wallet_that_a_daemon_signs_for_deploys_nothing(tmp_path: Path) -> None:
    async with open_test_world() as world:
        config = write_files(world, tmp_path)
        with open_record(record_path(tmp_path / "data", 137, KEY.address), 137, KEY.address):
            done = await run(
                "deploy", tmp_path / "main.json", "--password-file", tmp_path / "password", "--config", config
            )
        assert done.exit_code == 1
        assert f"another process signs for {OWN}" in done.stderr

"""`alphapulse wallet deploy`: puts the executor contract on the chain, from the wallet that will own it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.cli.wallet_holdings import COIN_DECIMALS, live_section
from alphapulse.cli.work import run_work
from alphapulse.composition.environment import Environment
from alphapulse.composition.executor_deployment import Deployment, plan_deployment, send_deployment
from alphapulse.composition.live_chain import chain_terms_of, node_terms_of
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.config import Config
from alphapulse.errors import DeploymentError
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.rules.signing.signing_history import SigningHistory
from alphapulse.rules.signing.signing_policy import SigningPolicy
from alphapulse.secret import Secret
from alphapulse.signing.key_files import PasswordSource, read_secret_file
from alphapulse.signing.keystore import opened_keystore
from alphapulse.signing.signing_key import SigningKey
from alphapulse.signing.signing_record import SigningRecord, open_record, record_path


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--password-file", type=click.Path(path_type=Path), help="Holds its password, mode 0600. Default: asked for."
)
@config_option
@reports_errors
def deploy(file: Path, password_file: Path | None, config_path: Path | None) -> None:
    """Deploy the executor from the wallet of the keystore FILE, which owns it from then on.

    What it costs is said before; the wallet's address must be typed to go on. No daemon may run with it meanwhile.
    """
    config = read_config(config_path)
    _, section = live_section(config)
    text = read_secret_file(file, "keystore")
    if password_file is not None:
        password = PasswordSource(file=password_file).read(os.environ)
    else:
        password = Secret(click.prompt("Password (not shown)", hide_input=True, err=True))
    key = opened_keystore(text, password)
    # The record also sees to it that nobody signs for the wallet meanwhile.
    with open_record(
        record_path(config.data_folder, section.chain_id, key.address), section.chain_id, key.address
    ) as record:
        planned = run_work(_plan, config, key.address)
        _confirm(planned, key.address)
        signed = _sign(planned.transaction, key, record)
        click.echo(f"sent as 0x{signed.hash.hex()}", err=True)
        block_number = run_work(_send, config, signed, key.address)
    click.echo(
        f"it stands since block {block_number}, with the code that it must have; for the configuration:", err=True
    )
    click.echo(f'executor = "{checksum_address(planned.contract)}"')


async def _plan(config: Config, owner: bytes) -> Deployment:
    name, section = live_section(config)
    chain, terms = chain_terms_of(name, section), node_terms_of(name, section, config)
    async with open_node_pool(chain, terms, Environment()) as nodes:
        return await plan_deployment(nodes, section.chain_id, owner)


async def _send(config: Config, signed: SignedTransaction, owner: bytes) -> int:
    name, section = live_section(config)
    chain, terms = chain_terms_of(name, section), node_terms_of(name, section, config)
    async with open_node_pool(chain, terms, Environment()) as nodes:
        return (await send_deployment(nodes, signed, owner)).block_number


def _confirm(planned: Deployment, owner: bytes) -> None:
    transaction, own = planned.transaction, checksum_address(owner)
    cost, balance = (decimal_text(wei, COIN_DECIMALS) for wei in (transaction.most_wei, planned.balance_wei))
    click.echo(f"wallet    {own} on chain {transaction.chain_id}, its next number is {transaction.nonce}", err=True)
    click.echo(f"contract  {checksum_address(planned.contract)}, owned by the wallet for ever", err=True)
    click.echo(f"cost      at most {cost} of the chain's coin, the wallet has {balance}", err=True)
    if click.prompt("Type the wallet's address to deploy it", err=True) != own:
        raise DeploymentError(f"expected the address {own}, found another text; nothing was sent")


def _sign(transaction: DynamicFeeTransaction, key: SigningKey, record: SigningRecord) -> SignedTransaction:
    """Written down first, as every signature is. Policies of trading allow no deployment; the typed address does."""
    policy = SigningPolicy(
        chain_id=transaction.chain_id,
        destinations=frozenset(),
        most_gas_limit=transaction.gas_limit,
        most_cap_wei=max(transaction.cap_wei, 1),
        most_per_window=1,
        window_ns=1,
        most_daily_wei=None,
    )
    history = SigningHistory(policy, key.address, record.entries())
    if (entry := history.checked(transaction, Environment().now_ns())) is not None:
        record.write(entry)
        record.sync()
    return key.sign(transaction)

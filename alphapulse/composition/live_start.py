"""Whether the daemon trades for real: every condition of it, and what is open while it does."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import attrs
import trio

from alphapulse.composition.environment import DataPaths, Environment
from alphapulse.composition.live_chain import chain_terms_of, node_terms_of
from alphapulse.composition.live_terms import LiveTerms, lacks, live_terms
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.composition.sending_route import IDENTITY, identity_of, route_of
from alphapulse.config import Config
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_transport import open_transport
from alphapulse.connections.routes.route import Route
from alphapulse.data.execution import Mode
from alphapulse.errors import (
    ConfigError,
    KeystoreError,
    NodeError,
    RpcError,
    SignerUnreachable,
    SigningRecordError,
)
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.executor_code import expected_code_hash
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.signing.opening import open_signer
from alphapulse.signing.signer import Signer

logger = logging.getLogger(__name__)

CHECK_S = 20.0
"""What the look at the chain may take at a start."""

AskPhrase = Callable[[str], Awaitable[str | None]]
"""Has a person type a phrase; None if nobody can be asked."""


@attrs.frozen
class LiveParts:
    """What live trading holds open: the nodes (not running yet), the way to them, and each wallet's signer by name."""

    terms: LiveTerms
    nodes: NodePool
    route: Route
    signers: Mapping[str, Signer]


@attrs.frozen
class LiveStart:
    """What came of the wish to trade live. `missing` is why not, in words; nothing if nobody wished it, or it is so."""

    parts: LiveParts | None = None
    missing: tuple[str, ...] = ()

    @property
    def mode(self) -> Mode:
        """Whose money is at stake."""
        return Mode.PAPER if self.parts is None else Mode.LIVE


@asynccontextmanager
async def open_live_start(
    config: Config,
    *,
    flag: bool,
    ask_phrase: AskPhrase,
    environment: Environment,
    environ: Mapping[str, str],
) -> AsyncIterator[LiveStart]:
    """Live trading if all of it is there: the flag, the configuration, the keys, the contracts and the typed phrase.

    Whatever is missing, the mode is paper, and no key stays open. The phrase is asked for last.
    """
    wished = config.daemon.mode == "live"
    if not flag and not wished:
        yield LiveStart()
        return
    missing = [] if flag else ["the flag --live"]
    missing += [] if wished else ['[daemon] mode = "live"']
    missing += lacks(config)
    async with AsyncExitStack() as stack:
        parts = None
        if not missing:
            opened = await stack.enter_async_context(AsyncExitStack())
            parts, missing = await _open(config, opened, environment, environ)
            if parts is not None and not missing:
                missing = await _typed(parts, ask_phrase)
            if missing:
                parts = None
                await opened.aclose()
        yield LiveStart(parts, tuple(missing))


def phrase_of(chain_id: int, addresses: Sequence[bytes]) -> str:
    """What a person types to trade for real: the chain and the accounts whose money it is."""
    return f"trade for real on chain {chain_id} with {' and '.join(map(checksum_address, addresses))}"


async def _typed(parts: LiveParts, ask_phrase: AskPhrase) -> list[str]:
    wanted = phrase_of(parts.terms.section.chain_id, [signer.address for signer in parts.signers.values()])
    typed = await ask_phrase(wanted)
    if typed is None:
        return [f"the phrase, typed or in a file: {wanted}"]
    return [] if typed.strip() == wanted else [f"the phrase as it is, found another text: {wanted}"]


async def _open(
    config: Config, stack: AsyncExitStack, environment: Environment, environ: Mapping[str, str]
) -> tuple[LiveParts | None, list[str]]:
    """Everything that live trading holds open, and what is not as it must be."""
    paths = DataPaths.in_folder(config.data_folder, Mode.LIVE)
    try:
        paths.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        terms = live_terms(config, paths)
        transport = await stack.enter_async_context(open_transport(environment.run_blocking, environment.now_ns))
        nodes = NodePool(
            chain_terms_of(terms.collector, terms.section),
            node_terms_of(terms.collector, terms.section, config),
            transport=transport,
            now_ns=environment.now_ns,
            monotonic_ns=environment.monotonic_ns,
            random=environment.random,
        )
        identity = await environment.run_blocking(identity_of, config, environ)
        route = route_of(config, nodes, transport, terms.section.chain_id, identity)
    except KeystoreError as error:
        return None, [f"the key of {IDENTITY}: {error}"]
    except (ConfigError, OSError) as error:
        return None, [str(error)]
    missing: list[str] = []
    signers: dict[str, Signer] = {}
    taken = {} if identity is None else {identity.address: IDENTITY}
    for wallet in terms.wallets:
        try:
            signers[wallet.name] = await stack.enter_async_context(
                open_signer(
                    wallet.signer,
                    run_blocking=environment.run_blocking,
                    now_ns=environment.now_ns,
                    environ=environ,
                )
            )
        except (ConfigError, KeystoreError, SigningRecordError, SignerUnreachable) as error:
            missing.append(f"the key of wallets.{wallet.name}: {error}")
            continue
        other = taken.setdefault(signers[wallet.name].address, f"wallets.{wallet.name}")
        if other != f"wallets.{wallet.name}":
            missing.append(f"a key of its own for wallets.{wallet.name}, found that of {other}")
    if not missing:
        missing = await _look(config, terms, route, signers, environment)
    return LiveParts(terms, nodes, route, signers), missing


async def _look(
    config: Config, terms: LiveTerms, route: Route, signers: Mapping[str, Signer], environment: Environment
) -> list[str]:
    """What is not on the chain as it must be."""
    chain = chain_terms_of(terms.collector, terms.section)
    missing: list[str] = []
    with trio.move_on_after(CHECK_S) as scope:
        try:
            async with open_node_pool(
                chain, node_terms_of(terms.collector, terms.section, config), environment
            ) as nodes:
                for wallet in terms.wallets:
                    missing += await _contract(nodes, wallet.name, wallet.executor, signers[wallet.name].address)
            await route.check()
        except* (NodeError, RpcError) as errors:
            missing += [f"an answer of the chain: {error}" for error in errors.exceptions]
    if scope.cancelled_caught:
        missing.append(f"an answer of the chain within {CHECK_S:g} s")
    return missing


async def _contract(nodes: NodePool, name: str, executor: bytes, owner: bytes) -> list[str]:
    found = await nodes.call("eth_getCode", (f"0x{executor.hex()}", "latest"), type=str)
    try:
        code = bytes.fromhex(found.removeprefix("0x"))
    except ValueError:
        code = b""
    if keccak256(code) == expected_code_hash(owner):
        return []
    what = "other code" if code else "no code"
    whose, where = checksum_address(owner), checksum_address(executor)
    return [f"the executor contract of {whose} at wallets.{name}.executor, found {what} at {where}"]


def paper_words(start: LiveStart) -> str:
    """Why the daemon trades on paper though live was wished; empty if it does not, or was not."""
    return f"trading on paper, not live; missing: {'; '.join(start.missing)}" if start.missing else ""

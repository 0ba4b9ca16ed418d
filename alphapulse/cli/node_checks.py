"""What `alphapulse doctor` says of the nodes of live chains."""

from __future__ import annotations

from collections.abc import Iterator

import trio

from alphapulse.composition.environment import Environment
from alphapulse.composition.live_chain import chain_terms_of, node_terms_of
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.connections.node_checkup import Checkup, check_node
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.connections.node_transport import NodeTransport, open_transport


def node_lines(config: Config) -> Iterator[tuple[str, str, bool]]:
    """For each node of each live chain a name, what was found, and whether it is well.

    Raises:
        ConfigError: a setting cannot be used.
    """
    for name, section in config.collectors.items():
        if isinstance(section, EvmSection):
            checkups = trio.run(_checkups, chain_terms_of(name, section), node_terms_of(name, section, config))
            yield from map(_line, checkups)
            yield from _different_chains(checkups)


async def _checkups(chain: ChainTerms, nodes: list[NodeTerms]) -> list[Checkup]:
    """All nodes at once; in the order of the configuration."""
    found: dict[str, Checkup] = {}
    world = Environment()

    async def look(terms: NodeTerms, transport: NodeTransport) -> None:
        found[terms.label] = await check_node(
            chain, terms, transport, now_ns=world.now_ns, monotonic_ns=world.monotonic_ns, random=world.random
        )

    async with open_transport(world.run_blocking, world.now_ns) as transport, trio.open_nursery() as nursery:
        for terms in nodes:
            nursery.start_soon(look, terms, transport)
    return [found[terms.label] for terms in nodes]


def _line(checkup: Checkup) -> tuple[str, str, bool]:
    words = "; ".join((*(f"NOT WELL: {problem}" for problem in checkup.problems), *checkup.findings))
    return f"node {checkup.label}", words, not checkup.problems


def _different_chains(checkups: list[Checkup]) -> Iterator[tuple[str, str, bool]]:
    """Without `genesis` in the configuration nobody says which block 0 is right, but all must have the same."""
    shown = {checkup.genesis for checkup in checkups if checkup.genesis is not None and not checkup.problems}
    if len(shown) > 1:
        yield "nodes", "NOT WELL: they show different blocks 0; set `genesis` to the right one", False

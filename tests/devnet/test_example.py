"""`examples/devnet.toml`, which `make demo-live` uses."""

from __future__ import annotations

from pathlib import Path

from alphapulse.cli.devnet import BLOCK_S, PORT
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.config import load_config
from alphapulse.config_sections.collectors import EvmSection
from tests.chain.test_world import ON_POLYGON

EXAMPLE = Path(__file__).parents[2] / "examples" / "devnet.toml"


def test_it_fits_the_chain_of_the_command() -> None:
    """The port, the pace, and pools that stand on it."""
    config = load_config(EXAMPLE)
    (section,) = config.collectors.values()
    assert isinstance(section, EvmSection)
    assert section.nodes[0].http == f"http://127.0.0.1:{PORT}"
    assert section.nodes[0].ws == f"ws://127.0.0.1:{PORT}"
    assert section.block_time_ms == BLOCK_S * 1_000
    pools = {"0x" + pool.id.body.hex() for pool in load_pools(config.resolve(section.pools))}
    assert len(pools & set(ON_POLYGON.values())) == len(pools)

"""The relays as one process has them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from alphapulse.composition.topology_terms import read_topology
from alphapulse.config import parse_config
from alphapulse.errors import TlsFileError
from alphapulse.outpost import open_outpost

EXAMPLE = Path(__file__).parents[2] / "examples" / "distributed" / "config.toml"


def test_each_relay_lets_in_those_who_use_it(tmp_path: Path) -> None:
    """A collector has nothing to say about signals; what anybody notices goes to execution's relay."""
    config = parse_config(tomllib.loads(EXAMPLE.read_text()), folder=tmp_path)
    topology = read_topology(config)
    assert topology is not None
    roads = open_outpost(config, topology.placement("relays"), topology).site.roads
    assert roads is not None
    assert {one.name: roads.admission(one).names for one in topology.relays} == {
        "market_data": {"collector", "strategy", "execution"},
        "signals": {"strategy", "execution"},
        "execution": {"collector", "strategy", "execution", "relays"},
    }


@pytest.mark.parametrize("service", ["relays", "strategy"])
def test_a_process_whose_certificate_is_missing_does_not_start(service: str, tmp_path: Path) -> None:
    """Rather than to try for half a minute what cannot work, whether it listens or connects."""
    text = EXAMPLE.read_text().replace("unix:run/signals.sock", "tcp:127.0.0.1:7002")
    config = parse_config(tomllib.loads(text), folder=tmp_path)
    topology = read_topology(config)
    assert topology is not None
    with pytest.raises(TlsFileError, match=rf"the key {tmp_path}/tls/{service}.key cannot be read"):
        open_outpost(config, topology.placement(service), topology)

"""What `alphapulse doctor` says of trading for real, as far as no chain is asked."""

from __future__ import annotations

import tomllib
from pathlib import Path

from alphapulse import __version__
from alphapulse.cli.live_checks import live_lines
from alphapulse.config import load_config, parse_config

ROOT = Path(__file__).parents[2]


def test_the_example_has_all_that_a_configuration_can_have() -> None:
    """Settings, limits, build and disk are well; the rest is the chain's to say."""
    lines = list(live_lines(load_config(ROOT / "examples" / "devnet_live.toml"), {}))
    assert [(name, is_well) for name, _, is_well in lines] == [("live", True), ("limits", True), ("disk", True)]
    assert lines[0][1] == 'mode = "live"; it further needs --live and the phrase'
    assert " GiB free at " in lines[2][1]


def test_whatever_is_missing_is_named() -> None:
    """A limit that is not set refuses every trade in live mode; on paper it is said, and no fault."""
    for mode, faults in (("live", ["live", "limits", "build"]), ("paper", [])):
        text = f"""
        daemon = {{ mode = "{mode}" }}
        collectors = {{ day = {{ kind = "recorded", logs = ["day.jsonl"] }} }}
        strategies = {{ flash_arbitrage = {{}} }}
        """
        config = parse_config(tomllib.loads(text), folder=ROOT)
        found = {name: (told, well) for name, told, well in live_lines(config, {})}
        assert [name for name, (_, is_well) in found.items() if not is_well] == faults
        assert 'a collector of kind "evm"' in found["live"][0]
        assert "[wallets.NAME]" in found["live"][0]
        for key in ("limits.max_gas_price_wei", "limits.max_gap_ppm", "strategies.capital"):
            assert key in found["limits"][0]
        assert __version__ in found["build"][0]

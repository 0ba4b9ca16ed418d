"""The addresses of a devnet's contracts."""

from __future__ import annotations

import pytest

from alphapulse.devnet.places import PLACES, place
from alphapulse.rules.evm.keccak import keccak256

OWN = {"pool hand", "impostor"}


@pytest.mark.parametrize("name", sorted(set(PLACES) - OWN))
def test_every_address_carries_its_checksum(name: str) -> None:
    """A digit that was remembered wrongly would change the case of the letters (EIP-55)."""
    letters = PLACES[name][2:].lower()
    digest = keccak256(letters.encode()).hex()
    assert (
        "".join(a.upper() if int(b, 16) > 7 else a for a, b in zip(letters, digest, strict=False)) == PLACES[name][2:]
    )


def test_another_world_shares_no_address() -> None:
    """In world 1 nothing stands where it stands on Polygon or in world 2."""
    worlds = [{place(name, number) for name in PLACES} for number in (0, 1, 2)]
    assert not worlds[0] & worlds[1]
    assert not worlds[1] & worlds[2]
    assert [len(found) for found in worlds] == [len(PLACES)] * 3

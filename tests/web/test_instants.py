"""Moments."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse_web.instants import instant


@pytest.mark.parametrize(
    ("ns", "iso"),
    [
        (1_704_437_087_000_000_000, "2024-01-05T06:44:47Z"),
        (1_704_437_087_500_000_000, "2024-01-05T06:44:47.5Z"),
        (1_704_437_087_000_000_001, "2024-01-05T06:44:47.000000001Z"),
        (0, "1970-01-01T00:00:00Z"),
    ],
)
def test_a_fraction_is_written_only_if_there_is_one(ns: int, iso: str) -> None:
    assert instant(ns).iso == iso


@given(st.integers(0, 2**63 - 1))
def test_both_forms_name_the_same_second(ns: int) -> None:
    whole, _, fraction = instant(ns).iso.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    assert seconds * 10**9 + int(fraction.ljust(9, "0")) == ns == int(instant(ns).ns)

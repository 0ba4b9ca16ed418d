"""What keys of several tables hold: numbers, amounts and names with their ranges."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from alphapulse.config_reading import Section

PPM = 1_000_000
NAME = re.compile("[A-Za-z0-9_-]{1,40}")
ADDRESS = re.compile("0x[0-9a-fA-F]{40}")

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=0)] | str
"""Raw units as a whole number, or whole tokens as decimal text such as `"25.00"`."""
Amounts = Amount | dict[str, Amount] | None
"""An amount for every token, or for each its own; None: no limit."""
Plain = Annotated[int, msgspec.Meta(ge=0, le=10**30)] | None
"""A whole number; None: no limit."""
Share = Annotated[int, msgspec.Meta(ge=0, le=PPM)]


class SecretSource(Section, frozen=True):
    """Where a secret stands: exactly one of an environment variable and a file with mode 0600."""

    env: str | None = None
    file: str | None = None

"""The page for developers: the message type that it adds can be added as it stands there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import DOMAIN_TYPES, Domain

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def test_the_added_type_takes_a_free_number_of_its_domain() -> None:
    """The example once had a number that was taken meanwhile, and its domain had none left."""
    (example,) = re.findall(r"^ *```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    scope: dict[str, Any] = {}
    exec(textwrap.dedent(example), scope)  # noqa: S102 - our own page
    description = scope["FundingRate"].DESCRIPTION
    assert MESSAGES.pop(description.type) is scope["FundingRate"]
    assert any(description.type in numbers for numbers in DOMAIN_TYPES[description.domain])


def test_every_domain_has_free_numbers() -> None:
    for domain in Domain:
        assert [number for numbers in DOMAIN_TYPES[domain] for number in numbers if number not in MESSAGES]

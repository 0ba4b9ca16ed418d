"""The least input that pays enough, for pools whose contract only says what an input pays."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.errors import QuoteRefused


def least_input(pays: Callable[[int], int], wanted: int, guess: int) -> int:
    """The least amount for which `pays` gives at least `wanted`; it never falls. Fast if `guess` is near.

    Raises:
        QuoteRefused: no amount that can be asked pays so much; or what `pays` raises.
    """
    enough, stride = max(1, guess), 1
    while pays(enough) < wanted:
        enough += stride
        stride *= 2
        if enough.bit_length() > 256:
            raise QuoteRefused("reverts", f"no input pays {wanted}")
    too_little, stride = enough - 1, 1
    while too_little > 0 and pays(too_little) >= wanted:
        enough = too_little
        too_little -= stride
        stride *= 2
    too_little = max(too_little, 0)
    while enough - too_little > 1:
        between = (enough + too_little) // 2
        if pays(between) >= wanted:
            enough = between
        else:
            too_little = between
    return enough

"""Which tokens are believed, and why not: each oddity by itself, and what the operator's word makes good for."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.rules.discovery.token_book import MOST_QUARANTINED, TokenBook
from alphapulse.rules.discovery.token_rules import TokenReading, Trial, evidence_against, plain, problem_of

TRUE, FALSE = (1).to_bytes(32, "big"), bytes(32)
ONE, OTHER = b"\1" * 20, b"\2" * 20
SOUND = Trial(1_000, (TRUE, TRUE), (5_000, 4_000, 4_500), (7, 1_007, 507))
TOKEN = TokenReading(ONE, ("ABC",) * 3, (18,) * 3, SOUND, 0)


def trial(**changes: Any) -> dict[str, Any]:
    return {"trial": attrs.evolve(SOUND, **changes)}


ODD: list[tuple[dict[str, Any], str, bool]] = [
    ({"symbols": ("ABC", "USDC", "ABC")}, "not the same at each block: 'ABC' with 18, 'USDC' with 18", False),
    ({"decimals": (18, 18, 6)}, "not the same at each block", False),
    ({"decimals": (None,) * 3}, "no decimals that can be read", False),
    ({"decimals": (78,) * 3}, "it tells 78 decimals, at most 77 can be", False),
    ({"decimals": (2**255,) * 3}, "it tells about 2^255 decimals", False),
    ({"symbols": ("",) * 3}, "no symbol that can be read", True),
    ({"symbols": ("weth",) * 3}, "its symbol 'weth' is that of 0x0202", True),
    ({"symbols": ("\uff37ETH",) * 3}, "is that of 0x0202", True),
    ({"trial": None}, "could not be tried", False),
    (trial(returned=(None, None)), "a transfer out of the pool fails", False),
    (trial(returned=(TRUE, None)), "a transfer back into the pool fails", False),
    (trial(returned=(FALSE, TRUE)), "something else than true", False),
    (trial(returned=(TRUE, TRUE + TRUE)), "something else than true", False),
    (trial(returned=(b"", b"")), "a transfer returns nothing", True),
    (trial(pool_balances=(None, None, None)), "no balances that can be read", False),
    (trial(other_balances=(7, 987, 487)), "of 1000 that were sent out of the pool 1000 left it and 980 arrived", False),
    (trial(pool_balances=(5_000, 3_980, 4_480)), "1020 left it and 1000 arrived", False),
    (trial(pool_balances=(5_000, 4_000, 4_490)), "of 500 that were sent into the pool 500 left and 490 arrived", False),
    (trial(other_balances=(7, 987, 987), returned=(TRUE, None)), "980 arrived", False),
    ({"unmoved": None}, "could not be followed", False),
    ({"unmoved": -3}, "a balance changed by -3 without a transfer", False),
]


def test_a_sound_token_is_believed() -> None:
    for taken in ({}, {"abc": ONE}, {"weth": OTHER}):
        assert problem_of(TOKEN, taken, trusted=False) == ""


@pytest.mark.parametrize(("changes", "reason", "forgiven"), ODD)
def test_an_odd_one_is_quarantined_with_the_reason(changes: dict[str, Any], reason: str, forgiven: bool) -> None:
    """The operator's word makes good for names and for silence, never for amounts."""
    odd = attrs.evolve(TOKEN, **changes)
    assert reason in problem_of(odd, {"weth": OTHER}, trusted=False)
    assert (problem_of(odd, {"weth": OTHER}, trusted=True) == "") is forgiven


def test_of_a_named_token_only_what_was_found_counts() -> None:
    """Not its name, not silence, and not what nobody could find out."""
    for changes, reason, forgiven in ODD:
        of_trial = changes.get("trial") is not None and not forgiven
        assert (evidence_against(attrs.evolve(TOKEN, **changes)) != "") is of_trial, reason


def test_what_looks_alike_is_alike() -> None:
    assert plain("WETH") == plain("weth") == plain("\uff37\uff25\uff34\uff28") == plain(" W ETH")
    assert plain("WETH") != plain("WETH2")


def test_the_first_of_a_symbol_keeps_it_and_quarantine_ends() -> None:
    book = TokenBook()
    first, second = Token(ONE, "USDC", 6), Token(OTHER, "usdc", 6)
    id_ = InstrumentId.from_pool_address(b"\3" * 20, Venue.POLYGON)
    book.learn([Pool(id_, PoolKind.V2, "USDC/usdc", first, second, 3000, None)])
    assert book.taken == {"usdc": ONE}
    assert book.believed(OTHER) == second
    book.quarantine(OTHER, "it rebases", 100)
    assert book.believed(OTHER) is None
    assert (book.problem(OTHER, 99), book.problem(OTHER, 100), book.problem(ONE, 0)) == ("it rebases", "", "")
    book.believe(second)
    assert book.problem(OTHER, 0) == ""


def test_quarantine_is_bounded() -> None:
    book = TokenBook()
    for number in range(MOST_QUARANTINED + 5):
        book.quarantine(number.to_bytes(20, "big"), "odd", 10)
    assert book.problem((4).to_bytes(20, "big"), 0) == ""
    assert book.problem((5).to_bytes(20, "big"), 0) == "odd"

"""Agreement: what two parts of the books say differently is found, named, and said the same each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.accounting.agreement import BookView, differences

USDC, WETH = b"\1" * 20, b"\2" * 20
ACCOUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["flash", "other"]), st.sampled_from([USDC, WETH])), st.integers(-5, 5), max_size=4
)
VIEWS = st.builds(
    BookView,
    open_intents=st.none() | st.frozensets(st.integers(0, 4)),
    net=st.none() | ACCOUNTS,
)


def test_parts_that_agree_differ_in_nothing() -> None:
    view = BookView(frozenset({1}), {("flash", USDC): 5})
    assert differences({"journal": view, "portfolio": view, "ledger": BookView(None, {("flash", USDC): 5})}) == ()


def test_each_difference_is_named() -> None:
    journal = BookView(frozenset({1, 2}), {("flash", USDC): 5})
    portfolio = BookView(frozenset({2, 3}), {("flash", USDC): 4, ("flash", WETH): 1})
    assert differences({"journal": journal, "portfolio": portfolio}) == (
        "intent 1 is open in the journal and not in the portfolio",
        "intent 3 is open in the portfolio and not in the journal",
        f"net of flash in 0x{'01' * 20}: 5 in the journal, 4 in the portfolio",
        f"net of flash in 0x{'02' * 20}: 0 in the journal, 1 in the portfolio",
    )


def test_an_account_at_zero_is_as_good_as_none() -> None:
    assert differences({"journal": BookView(None, {("flash", USDC): 0}), "ledger": BookView(None, {})}) == ()


def test_nobody_or_one_alone_agrees() -> None:
    assert differences({}) == ()
    assert differences({"journal": BookView(frozenset({1}), {})}) == ()


@given(VIEWS, VIEWS)
def test_there_is_a_difference_exactly_where_both_have_a_say_and_differ(one: BookView, other: BookView) -> None:
    intents = one.open_intents is not None and other.open_intents is not None and one.open_intents != other.open_intents
    nets = one.net is not None and other.net is not None
    differ = nets and any(
        (one.net or {}).get(account, 0) != (other.net or {}).get(account, 0)
        for account in (one.net or {}).keys() | (other.net or {}).keys()
    )
    assert bool(differences({"journal": one, "portfolio": other})) == (intents or differ)

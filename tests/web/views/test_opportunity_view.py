"""The opportunity view: what was found and what became of it, run by run."""

from __future__ import annotations

from alphapulse.data.execution import Check, Outcome
from alphapulse_web.api.opportunity_shapes import Counts, Opportunity, Reason
from alphapulse_web.views.opportunity_view import KEPT, LATEST, OpportunityView
from tests.journal.journal_samples import decision, fill, report, signal
from tests.web.views.market_samples import FIRST, SECOND


def view(*messages: object) -> OpportunityView:
    seen = OpportunityView((FIRST, SECOND))
    for message in messages:
        seen.apply(message)
    return seen


def only(seen: OpportunityView) -> Opportunity:
    (shown,) = seen.latest().opportunities
    return shown


def counts(found: int, *, traded: int = 0, failed: int = 0, refused: int = 0, pending: int = 0) -> Counts:
    return Counts(found=found, traded=traded, failed=failed, refused=refused, pending=pending, orphaned=0)


def test_what_was_found_is_pending_until_it_is_settled() -> None:
    seen = view(signal(1), decision(1, failed=None))
    assert (only(seen).result, only(seen).actual_net, seen.counts()) == ("pending", None, counts(1, pending=1))


def test_a_refusal_says_which_check_with_its_numbers() -> None:
    judged = decision(1, failed=Check.MIN_NET_PROFIT)
    shown = only(view(signal(1), judged))
    assert shown.result == "refused"
    assert shown.reason == Reason(
        code="min_net_profit", text=judged.text, value=str(judged.value), limit=str(judged.limit), unit=judged.unit
    )


def test_a_fill_makes_it_traded_with_its_own_net() -> None:
    filled = fill(1)
    shown = only(view(signal(1), decision(1, failed=None), filled))
    assert shown.result == "traded"
    assert shown.actual_net is not None
    assert shown.actual_net.raw == str(filled.net)
    assert shown.reason is None


def test_a_report_makes_it_failed_and_says_why() -> None:
    ended = report(1)
    shown = only(view(signal(1), decision(1, failed=None), ended))
    assert shown.result == "failed"
    assert shown.reason is not None
    assert (shown.reason.code, shown.reason.text) == (Outcome(ended.outcome).name.lower(), ended.text)
    assert shown.actual_net is not None
    assert shown.actual_net.raw == str(-ended.gas_cost)


def test_gas_without_a_price_is_not_known_rather_than_nothing() -> None:
    shown = only(view(signal(1, gas_cost=None)))
    assert (shown.gas, shown.net) == (None, None)


def test_the_newest_come_first_and_the_counts_hold_all() -> None:
    seen = view(*(signal(number) for number in range(1, KEPT + 21)))
    shown = seen.latest()
    assert [one.id for one in shown.opportunities] == [f"1-{KEPT + 20 - n}" for n in range(LATEST)]
    assert shown.counts == counts(KEPT + 20, pending=KEPT + 20)


def test_the_end_of_one_that_is_forgotten_still_counts() -> None:
    seen = view(*(signal(number) for number in range(1, KEPT + 2)), fill(1))
    assert seen.counts() == counts(KEPT + 1, traded=1, pending=KEPT)


def test_what_an_earlier_run_still_reports_is_not_counted_in_the_new_one() -> None:
    seen = view(signal(1, run=1))
    seen.begin_run()
    seen.apply(report(1, run=1))
    assert (seen.latest().opportunities, seen.counts()) == ([], counts(0))
    seen.apply(signal(1, run=2))
    seen.apply(report(1, run=1))
    assert (only(seen).result, seen.counts()) == ("pending", counts(1, pending=1))
    seen.apply(fill(1, run=2))
    assert seen.counts() == counts(1, traded=1)


def test_a_view_that_began_late_does_not_count_ends_of_what_it_never_saw() -> None:
    """The control plane was restarted while a trade waited."""
    seen = view(fill(4), signal(6), fill(5))
    assert seen.counts() == counts(1, pending=1)


def test_fresh_books_are_a_change() -> None:
    seen = view(signal(1))
    before = seen.revision
    seen.begin_run()
    assert seen.revision != before

"""Waiting: the token bucket, Retry-After, and back-off."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.nodes.backoff import Backoff
from alphapulse.rules.nodes.retry_after import LONGEST_NS, retry_after_ns
from alphapulse.rules.nodes.token_bucket import NS_PER_S, TokenBucket

NOW_NS = 1_700_000_000 * NS_PER_S  # Tue, 14 Nov 2023 22:13:20 GMT


@given(
    st.integers(1, 1_000),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 60)), max_size=60),
)
def test_no_window_holds_more_than_the_rate_and_a_burst(per_s: int, burst: int, wishes: list[tuple[int, int]]) -> None:
    """Whatever is asked for, and when: in any span no more is taken than the rate gives in it, plus one full bucket."""
    bucket, now_ns = TokenBucket(per_s, burst), 0
    taken: list[tuple[int, int]] = []
    for pause_ns, tokens in wishes:
        now_ns += pause_ns
        wait_ns = bucket.wait_ns(now_ns, tokens)
        assert bucket.take(now_ns, tokens) is (wait_ns == 0)
        if wait_ns:
            assert not bucket.take(now_ns + wait_ns - 1, tokens)
            now_ns += wait_ns
            assert bucket.take(now_ns, tokens)
        taken.append((now_ns, tokens))
    for begin in range(len(taken)):
        for end in range(begin, len(taken)):
            span_ns = taken[end][0] - taken[begin][0]
            before_last = sum(tokens for _, tokens in taken[begin:end])
            assert (before_last + min(taken[end][1], burst) - burst) * NS_PER_S <= span_ns * per_s


def test_who_wants_little_does_not_wait_behind_who_wants_much() -> None:
    bucket = TokenBucket(10)
    assert bucket.take(0, 10)
    assert bucket.wait_ns(0, 10) == NS_PER_S
    assert bucket.wait_ns(0, 1) == NS_PER_S // 10


def test_what_cannot_wait_borrows_of_what_is_to_come() -> None:
    """As much as one bucket, and nothing in a pause; who asks after it waits the longer."""
    bucket = TokenBucket(10, 3)
    assert bucket.take(0, 3)
    assert [bucket.borrow(0) for _ in range(5)] == [True, True, True, False, False]
    assert bucket.wait_ns(0, 1) == 4 * NS_PER_S // 10
    assert bucket.borrow(NS_PER_S // 10)
    bucket.pause(5 * NS_PER_S)
    assert not bucket.borrow(4 * NS_PER_S)
    assert bucket.borrow(5 * NS_PER_S)


def test_a_pause_is_kept_and_the_longer_one_counts() -> None:
    bucket = TokenBucket(10)
    bucket.pause(5 * NS_PER_S)
    bucket.pause(3 * NS_PER_S)
    assert not bucket.take(0)
    assert (bucket.wait_ns(0), bucket.pause_ns(0), bucket.pause_ns(9 * NS_PER_S)) == (5 * NS_PER_S, 5 * NS_PER_S, 0)
    assert bucket.take(5 * NS_PER_S)


@pytest.mark.parametrize("values", [(0, None), (1, 0), (-1, 1)])
def test_a_bucket_that_gives_nothing_is_none(values: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match="at least one token"):
        TokenBucket(*values)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10),
        ("Tue Nov 14 22:13:30 2023", 10),
        ("Tue, 14 Nov 2023 22:13:30 -0000", 10),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0),
        ("Tue, 14 Nov 2033 22:13:30 GMT", 3_600),
        ("99999999999999999999999", 3_600),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0667", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: int | None) -> None:
    assert retry_after_ns(text, NOW_NS) == (None if seconds is None else seconds * NS_PER_S)


@given(st.text(max_size=60))
def test_any_header_is_a_time_or_nothing(text: str) -> None:
    found = retry_after_ns(text, NOW_NS)
    assert found is None or 0 <= found <= LONGEST_NS


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(0, 1_000_000), st.integers(0, 10**6), st.integers())
def test_delays_double_up_to_the_longest_and_chance_only_shortens(
    first_ns: int, longest_ns: int, jitter_ppm: int, failures: int, seed: int
) -> None:
    backoff = Backoff(first_ns, longest_ns, jitter_ppm)
    whole_ns = min(first_ns * 2 ** min(max(failures - 1, 0), 80), longest_ns)
    delay_ns = backoff.delay_ns(failures, Random(seed))
    assert whole_ns * (1_000_000 - jitter_ppm) // 1_000_000 <= delay_ns <= whole_ns

"""When a failed service may live again, and when it is given up. Pure."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import attrs
from attrs.validators import ge, in_, optional

PPM = 1_000_000


def _exact(factor: int | Fraction) -> Fraction:
    return Fraction(factor)


@attrs.frozen(kw_only=True)
class RestartPolicy:
    """How often and how soon a failed service is started again. All durations are nanoseconds.

    Raises:
        ValueError: a value is out of its range.
    """

    budget: int = attrs.field(validator=ge(0))
    """Restarts allowed within `window_ns`; one failure more and the service is given up."""
    window_ns: int = attrs.field(validator=ge(1))
    first_delay_ns: int = attrs.field(validator=ge(0))
    factor: Fraction = attrs.field(converter=_exact, validator=ge(Fraction(1)))
    """By what each further failure in a row multiplies the delay; an int or an exact ratio."""
    longest_delay_ns: int = attrs.field(validator=ge(0))
    jitter_ppm: int = attrs.field(validator=in_(range(PPM + 1)))
    """By how much of the delay it may be shortened at random, in millionths."""
    healthy_after_ns: int = attrs.field(validator=ge(0))
    """A life that ran this long ends the row of failures: the delay is the first one again."""
    start_deadline_ns: int = attrs.field(validator=ge(1))
    """How long a service may take to report that it is ready."""
    silence_limit_ns: int | None = attrs.field(default=None, validator=optional(ge(1)))
    """How long a service that beats may be silent before that is a failure; None: for ever."""


@attrs.frozen
class FailureHistory:
    """What a policy remembers of a service: failures in a row, and when the recent restarts were granted."""

    in_a_row: int = 0
    granted_ns: tuple[int, ...] = ()


def backoff_ns(policy: RestartPolicy, in_a_row: int) -> int:
    """The delay before the restart that follows `in_a_row` earlier failures in a row, without jitter."""
    delay_ns = min(policy.first_delay_ns, policy.longest_delay_ns)
    for _ in range(in_a_row):
        if delay_ns in (0, policy.longest_delay_ns):
            break
        delay_ns = min(int(delay_ns * policy.factor), policy.longest_delay_ns)
    return delay_ns


def jittered_ns(policy: RestartPolicy, delay_ns: int, random: Random) -> int:
    """`delay_ns`, shortened by a random share of at most `jitter_ppm`; never longer, so that no limit is passed."""
    return delay_ns - delay_ns * random.randint(0, policy.jitter_ppm) // PPM


def grant_restart(
    policy: RestartPolicy, history: FailureHistory, *, healthy_ns: int, at_ns: int, random: Random
) -> tuple[FailureHistory, int] | None:
    """The new history and the delay in ns, for a service that failed at `at_ns` (monotonic) after it ran `healthy_ns`.

    None if the budget of the window is used up. A healthy life resets the delay, not the budget: a service that
    fails once an hour for ever is caught by a long window.
    """
    recent = tuple(granted for granted in history.granted_ns if at_ns - granted < policy.window_ns)
    if len(recent) >= policy.budget:
        return None
    in_a_row = 0 if healthy_ns >= policy.healthy_after_ns else history.in_a_row
    delay_ns = jittered_ns(policy, backoff_ns(policy, in_a_row), random)
    return FailureHistory(in_a_row + 1, (*recent, at_ns)), delay_ns

"""Challenges: bound to the halt and to who asks, good for a minute and one try."""

from __future__ import annotations

from itertools import count

import attrs
import pytest

from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.data.roles import Role
from alphapulse.safety.challenges import LIFE_NS, MOST_OPEN, Challenge, Challenges, phrase

FLASH = "strategy:flash"


def change(scope: str = GLOBAL, halt_id: int = 7, epoch: int = 3) -> HaltChange:
    return HaltChange(halt_id, epoch, scope, Level.HALTED, "dana", Via.DASHBOARD, "odd prices", 1)


@attrs.define
class Desk:
    """Challenges over a clock that stands still until it is moved."""

    now_ns: int = 0
    challenges: Challenges = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        numbers = count(1)
        self.challenges = Challenges(lambda: self.now_ns, lambda: f"nonce {next(numbers)}")

    def issue(self, halted: HaltChange | None = None, role: Role = Role.OPERATOR, actor: str = "erin") -> Challenge:
        halted = halted or change()
        return self.challenges.issue(halted, role, actor, text=("does", "does not"), objections=(), now_ns=1000)

    def failing(
        self,
        nonce: str,
        halted: HaltChange | None = None,
        role: Role = Role.OPERATOR,
        actor: str = "erin",
        typed: str | None = None,
        reason: str = "checked",
    ) -> list[str]:
        """Names of what did not hold."""
        halted = halted or change()
        words = phrase(halted) if typed is None else typed
        found = self.challenges.redeem(nonce, halted, role, actor, typed=words, reason=reason)
        return [name for name, answer in found.items() if not answer.holds]


def test_the_right_answer_is_right_once() -> None:
    desk = Desk()
    shown = desk.issue()
    assert (shown.phrase, shown.halt_id, shown.expires_ns) == ("resume all trading after halt 7", 7, 1000 + LIFE_NS)
    assert desk.failing(shown.nonce) == []
    assert desk.failing(shown.nonce) == ["challenge"]


def test_it_holds_for_sixty_seconds_and_no_longer() -> None:
    desk = Desk()
    early, late = desk.issue(), desk.issue()
    desk.now_ns = LIFE_NS
    assert desk.failing(early.nonce) == []
    desk.now_ns = LIFE_NS + 1
    assert desk.failing(late.nonce) == ["challenge"]


@pytest.mark.parametrize(
    ("halted", "role", "actor"),
    [
        (change(FLASH), Role.OPERATOR, "erin"),
        (change(halt_id=8), Role.OPERATOR, "erin"),
        (change(epoch=4), Role.OPERATOR, "erin"),
        (change(), Role.ADMIN, "erin"),
        (change(), Role.OPERATOR, "mallory"),
    ],
    ids=["scope", "halt", "halted anew", "role", "actor"],
)
def test_it_is_bound_to_its_parameters(halted: HaltChange, role: Role, actor: str) -> None:
    """Another scope, halt, epoch, role or actor: refused, and the nonce is used up by the try."""
    desk = Desk()
    nonce = desk.issue().nonce
    assert desk.failing(nonce, halted, role, actor) == ["challenge"]
    assert desk.failing(nonce) == ["challenge"]


@pytest.mark.parametrize("nonce", ["", "nonce", "nonce 2", "Nonce 1", "\ud800", "nonce 1 "])
def test_a_nonce_that_was_never_given_out_is_refused(nonce: str) -> None:
    desk = Desk()
    desk.issue()
    assert desk.failing(nonce) == ["challenge"]
    assert desk.failing("nonce 1") == []


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("resume all trading after halt 7", True),
        ("  Resume ALL  trading after\thalt 7\n", True),
        ("resume all trading after halt 8", False),
        ("resume", False),
        ("yes", False),
        ("", False),
        ("resume all trading after halt 7!", False),
    ],
)
def test_the_phrase_is_typed_as_shown(typed: str, right: bool) -> None:
    """Blanks and capitals do not matter, words do; a wrong phrase uses the nonce up."""
    desk = Desk()
    nonce = desk.issue().nonce
    assert desk.failing(nonce, typed=typed) == ([] if right else ["phrase"])
    assert desk.failing(nonce) == ["challenge"]


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_reason_is_words(reason: str) -> None:
    desk = Desk()
    assert desk.failing(desk.issue().nonce, reason=reason) == ["reason"]


def test_the_phrase_names_scope_and_halt() -> None:
    assert phrase(change(FLASH, halt_id=12)) == "resume strategy:flash after halt 12"


def test_the_oldest_goes_first_when_many_are_open() -> None:
    desk = Desk()
    shown = [desk.issue() for _ in range(MOST_OPEN + 1)]
    assert desk.failing(shown[0].nonce) == ["challenge"]
    assert all(desk.failing(one.nonce) == [] for one in shown[1:])


def test_nonces_of_their_own_are_long_and_differ_and_do_not_show() -> None:
    challenges = Challenges(lambda: 0)
    one, other = (challenges.issue(change(), Role.ADMIN, "a", text=(), objections=(), now_ns=0) for _ in range(2))
    assert one.nonce != other.nonce
    assert min(len(one.nonce), len(other.nonce)) >= 22
    assert one.nonce not in repr(one)

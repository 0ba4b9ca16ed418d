"""Challenges: what a person must type to end a halt, made by the daemon and good for one minute and one try."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import attrs

from alphapulse.data.halts import GLOBAL, HaltChange
from alphapulse.data.roles import Role
from alphapulse.safety.rearm import Answer
from alphapulse.secret import Secret

LIFE_NS = 60_000_000_000
MOST_OPEN = 32
NONCE_BYTES = 16


@attrs.frozen(kw_only=True)
class Challenge:
    """A question to a person. It is bound to the halt as it was shown, and to who asked for it."""

    nonce: str = attrs.field(repr=False)
    scope: str
    halt_id: int
    phrase: str
    """What is to be typed."""
    text: tuple[str, ...]
    """What resuming does, and what it does not, in sentences."""
    objections: tuple[str, ...]
    """What would forbid it now."""
    expires_ns: int
    """Wall clock, for the person; what counts is the monotonic one."""


@attrs.frozen
class _Bond:
    change: HaltChange
    role: Role
    actor: str
    born_ns: int


class Challenges:
    """Nonces that are open: at most 32, the oldest goes first. `clock_ns` is monotonic."""

    def __init__(self, clock_ns: Callable[[], int], make_nonce: Callable[[], str] | None = None) -> None:
        self._clock_ns = clock_ns
        self._make_nonce = make_nonce or (lambda: secrets.token_urlsafe(NONCE_BYTES))
        self._open: dict[Secret, _Bond] = {}

    def issue(
        self,
        change: HaltChange,
        role: Role,
        actor: str,
        *,
        text: tuple[str, ...],
        objections: tuple[str, ...],
        now_ns: int,
    ) -> Challenge:
        """A fresh challenge for the halt `change`, to who asks. `now_ns` is the wall clock."""
        nonce = self._make_nonce()
        self._open[Secret(nonce)] = _Bond(change, role, actor, self._clock_ns())
        while len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]
        return Challenge(
            nonce=nonce,
            scope=change.scope,
            halt_id=change.halt_id,
            phrase=phrase(change),
            text=text,
            objections=objections,
            expires_ns=now_ns + LIFE_NS,
        )

    def redeem(
        self, nonce: str, change: HaltChange, role: Role, actor: str, *, typed: str, reason: str
    ) -> dict[str, Answer]:
        """The answers to `challenge`, `phrase` and `reason`. Whatever they are, the nonce is used up."""
        known = next((one for one in self._open if one.matches(nonce)), None)
        bond = self._open.pop(known) if known is not None else None
        right = phrase(change)
        same = " ".join(typed.split()).casefold() == right.casefold()
        return {
            "challenge": self._judge(bond, change, role, actor),
            "phrase": Answer(same, f"expected {right!r} to be typed, found {typed[:80]!r}"),
            "reason": Answer(bool(reason.strip()), "expected a reason in words, found none"),
        }

    def _judge(self, bond: _Bond | None, change: HaltChange, role: Role, actor: str) -> Answer:
        problem = ""
        if bond is None:
            problem = "found a nonce that is unknown or used"
        elif self._clock_ns() - bond.born_ns > LIFE_NS:
            problem = f"found one that is over {LIFE_NS // 1_000_000_000} s old"
        elif (bond.role, bond.actor) != (role, actor):
            problem = f"found one that was given to {bond.actor} ({bond.role.name.lower()})"
        elif bond.change.scope != change.scope:
            problem = f"found one for the scope {bond.change.scope}"
        elif (bond.change.halt_id, bond.change.epoch) != (change.halt_id, change.epoch):
            problem = f"found one for halt {bond.change.halt_id} as it was then; it was halted anew since"
        return Answer(not problem, f"expected a fresh challenge, {problem}: ask for another")


def phrase(change: HaltChange) -> str:
    """What must be typed to end a halt: it names scope and halt, so that nobody ends another one by habit."""
    scope = "all trading" if change.scope == GLOBAL else change.scope
    return f"resume {scope} after halt {change.halt_id}"

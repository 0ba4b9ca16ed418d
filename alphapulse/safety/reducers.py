"""Who made a scope REDUCING: a breaker takes back what breakers did, and only when none of them wants it any more."""

from __future__ import annotations

from alphapulse.data.halts import HaltChange, Level, Via
from alphapulse.data.wire import NAME
from alphapulse.errors import HaltError
from alphapulse.safety.clipped import clipped


class Reducers:
    """The breakers that want a scope REDUCING, by scope. Whoever else wants it holds it in the record, by his name."""

    def __init__(self) -> None:
        self._breakers: dict[str, dict[str, None]] = {}

    def take(self, change: HaltChange) -> None:
        """The level of a scope has changed, or who holds it."""
        self._breakers.pop(change.scope, None)
        if _is_a_breakers(change):
            self._breakers[change.scope] = {change.actor: None}

    def join(self, held: HaltChange, actor: str, via: Via) -> bool:
        """Whether a wish to reduce what is `held` already changes nothing, or nothing but how many breakers want it.

        False: it must be recorded anew, since who holds the scope may let it go by itself.
        """
        if _is_a_breakers(held):
            if via is not Via.BREAKER:
                return False
            self._breakers.setdefault(held.scope, {held.actor: None})[clipped(actor, NAME.limit)] = None
        return True

    def leave(self, scope: str, held: HaltChange | None, actor: str, *, closed: bool) -> HaltChange:
        """The actor wants the scope REDUCING no more; what held it, if it may end. `closed`: a kill has come.

        Raises:
            HaltError: it is not REDUCING by this actor, or another breaker still wants it.
        """
        name = clipped(actor, NAME.limit)
        wanted = self._breakers.get(scope, {})
        if held is None or closed or held.level is not Level.REDUCING or (held.actor != name and name not in wanted):
            found = "a kill" if closed else "nothing" if held is None else f"{held.level.name} by {held.actor}"
            raise HaltError(f"expected {scope} to be REDUCING by {actor}, found {found}: a person must resume it")
        wanted.pop(name, None)
        if wanted:
            raise HaltError(f"expected {scope} to be REDUCING by {actor} alone, found {', '.join(wanted)} too")
        return held


def _is_a_breakers(change: HaltChange) -> bool:
    return change.level is Level.REDUCING and change.via is Via.BREAKER

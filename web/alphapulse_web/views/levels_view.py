"""The levels of all scopes in the shapes of the API."""

from __future__ import annotations

from typing import Literal, cast

from alphapulse.daemon import Daemon
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.safety.scopes import INSTRUMENT_SCOPE, instrument_scope
from alphapulse_web.api.level_shapes import Levels, ScopeLevel
from alphapulse_web.instants import instant
from alphapulse_web.views.halts_view import VIA_WORDS, level_word

Kind = Literal["global", "strategy", "venue", "instrument"]
KINDS: tuple[Kind, ...] = ("global", "strategy", "venue", "instrument")


class LevelsView:
    """Reads the running daemon's levels; keeps nothing but the names of the pools."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._names: dict[str, str] = {}

    def levels(self) -> Levels:
        """Every scope, the widest first; also one that is held and that this daemon does not know any more."""
        scopes = dict.fromkeys((*self._daemon.scopes(), *self._daemon.halts.changes))
        pools = self._daemon.pools.by_id
        if len(self._names) != len(pools):
            self._names = {instrument_scope(pool.id): pool.name for pool in pools.values()}
        return Levels(scopes=sorted(map(self._level, scopes), key=lambda one: KINDS.index(one.kind)))

    def _level(self, scope: str) -> ScopeLevel:
        halts = self._daemon.halts
        change, level, left_ns = halts.changes.get(scope), halts.level_of(scope), halts.probation_left_ns(scope)
        kind, _, name = scope.partition(":")
        return ScopeLevel(
            scope=scope,
            kind=cast(Kind, kind),
            label="everything" if scope == GLOBAL else self._label(scope, name),
            level=level_word(level),
            halt_id=change.halt_id if change is not None and level is not Level.ACTIVE else None,
            since=None if change is None else instant(change.at_ns),
            by=None if change is None else change.actor,
            via=None if change is None else VIA_WORDS[change.via],
            cause=None if change is None else change.reason,
            probation_left_ns=None if left_ns is None else str(left_ns),
        )

    def _label(self, scope: str, name: str) -> str:
        return self._names.get(scope, name) if scope.startswith(INSTRUMENT_SCOPE) else name

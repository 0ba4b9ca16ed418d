"""The limits in force: as they are configured, as somebody overrode them for a while, and as probation cuts them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

import attrs

from alphapulse.data.risk import LimitOverride
from alphapulse.errors import LimitError
from alphapulse.rules.limits.limit_table import PPM, ROWS, LimitRow, Place
from alphapulse.rules.limits.marks import Marks

OVERRIDE_FACTOR = 2
"""An override may at most be so many times the configured limit: what the start was told bounds what comes later."""
LONGEST_OVERRIDE_NS = 24 * 3_600_000_000_000
MOST_CACHED = 1_024
"""Strategies and tokens whose limits are kept at hand; with more, all are gathered anew."""

Ceilings = Mapping[str, int]
"""Limits in force by `LimitRow.field`; a limit that is not set is missing."""


@attrs.frozen
class Limit:
    """One configured limit. `strategy` and `token` are None where the row does not ask for them."""

    row: LimitRow
    value: int
    name: str
    """Its path, such as `strategies.flash_arbitrage.capital.USDC`."""
    strategy: str | None = None
    token: bytes | None = None

    @property
    def most(self) -> int:
        """What an override may set at most."""
        return self.value * OVERRIDE_FACTOR


class LimitBook:
    """Configured limits and overrides. `floors` are the least net profits by strategy and token.

    An override ends by itself; until then it replaces the configured limit, and probation cuts it like any other.
    """

    def __init__(self, limits: Iterable[Limit] = (), floors: Mapping[str, Mapping[bytes, int]] | None = None) -> None:
        self._limits = {limit.name: limit for limit in limits}
        self._floors = floors or {}
        self._overrides: dict[str, LimitOverride] = {}
        self._next_end_ns: int | None = None
        self._cache: dict[tuple[str, bytes, int], tuple[Ceilings, Marks]] = {}

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every configured limit."""
        return tuple(self._limits.values())

    def floor(self, strategy: str, token: bytes) -> int | None:
        """The least net profit; None if none is configured."""
        return self._floors.get(strategy, {}).get(token)

    def ceilings(self, strategy: str, token: bytes, now_ns: int, factor_ppm: int = PPM) -> Ceilings:
        """The limits in force for trades of a strategy that earn a token. `now_ns` is the wall clock."""
        return self.in_force(strategy, token, now_ns, factor_ppm)[0]

    def in_force(self, strategy: str, token: bytes, now_ns: int, factor_ppm: int = PPM) -> tuple[Ceilings, Marks]:
        """The same limits, and from where on their checks have something to say."""
        if self._next_end_ns is not None and now_ns >= self._next_end_ns:
            self._expire(now_ns)
        key = strategy, token, factor_ppm
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= MOST_CACHED:
                self._cache.clear()
            ceilings = {
                limit.row.field: limit.row.in_force(self.value(limit.name), factor_ppm)
                for limit in self._limits.values()
                if limit.strategy in (None, strategy) and limit.token in (None, token)
            }
            found = self._cache[key] = ceilings, Marks.of(ceilings)
        return found

    def value(self, name: str) -> int:
        """The limit of that name as it stands, before probation. Raises LimitError if there is none."""
        limit = self._find(name)
        override = self._overrides.get(name)
        return limit.value if override is None else override.value

    def override_of(self, name: str, now_ns: int) -> LimitOverride | None:
        """The override in force at that moment, None if there is none."""
        found = self._overrides.get(name)
        return found if found is not None and found.expires_ns > now_ns else None

    def propose(self, name: str, value: int, *, for_ns: int, actor: str, reason: str, now_ns: int) -> LimitOverride:
        """The override that would be set, to be journalled before it is `put`.

        Raises:
            LimitError: there is no such limit, or the value or the time lies beyond what an override may do.
        """
        limit = self._find(name)
        if not 0 <= value <= limit.most:
            raise LimitError(
                f"expected 0 to {limit.most} {limit.row.unit} for {name}, {OVERRIDE_FACTOR} times what is configured, "
                f"found {value}; change the configuration and restart for more"
            )
        if not 0 < for_ns <= LONGEST_OVERRIDE_NS:
            raise LimitError(f"expected a time of at most 24 hours for an override, found {for_ns // 10**9} s")
        if not reason.strip():
            raise LimitError("expected a reason, which is kept in the audit, found none")
        return LimitOverride(name, value, limit.value, limit.row.unit, actor, reason, now_ns, now_ns + for_ns)

    def put(self, override: LimitOverride, now_ns: int) -> None:
        """Let a journalled override hold. One that is over, unknown or beyond its ceiling by now is left out."""
        limit = self._limits.get(override.name)
        if limit is None or override.expires_ns <= now_ns or override.value > limit.most:
            return
        self._overrides[override.name] = override
        if override.value == limit.value:
            del self._overrides[override.name]
        self._expire(now_ns)

    def adopt(self, strategy: str, fresh: LimitBook) -> None:
        """Take a strategy's limits and floors from a book that was configured anew; those of all others stay.

        An override goes on where its limit still is, unless it lies beyond the new ceiling.
        """
        kept = {name: limit for name, limit in self._limits.items() if limit.strategy != strategy}
        self._limits = kept | {name: limit for name, limit in fresh._limits.items() if limit.strategy == strategy}
        floors = {name: floor for name, floor in self._floors.items() if name != strategy}
        self._floors = floors | ({strategy: fresh._floors[strategy]} if strategy in fresh._floors else {})
        self._overrides = {
            name: one
            for name, one in self._overrides.items()
            if name in self._limits and one.value <= self._limits[name].most
        }
        self._cache.clear()

    def _find(self, name: str) -> Limit:
        limit = self._limits.get(name)
        if limit is None:
            near = difflib.get_close_matches(name, self._limits, n=1, cutoff=0)
            advice = f"the nearest one is `{near[0]}`" if near else "none is configured"
            raise LimitError(f"expected the name of a configured limit, found {name!r}; {advice}")
        return limit

    def _expire(self, now_ns: int) -> None:
        self._overrides = {name: one for name, one in self._overrides.items() if one.expires_ns > now_ns}
        self._next_end_ns = min((one.expires_ns for one in self._overrides.values()), default=None)
        self._cache.clear()


def token_limits(
    row: LimitRow, amounts: Mapping[bytes, int], names: Mapping[bytes, str], strategy: str | None = None
) -> list[Limit]:
    """A limit for each token. A known token (`names`) without an amount has the limit 0: it is not traded."""
    path = _path(row, strategy)
    return [Limit(row, amounts.get(token, 0), f"{path}.{name}", strategy, token) for token, name in names.items()]


def plain_limit(row: LimitRow, value: int, strategy: str | None = None) -> Limit:
    """A limit that no token divides."""
    return Limit(row, value, _path(row, strategy), strategy)


def row_of(place: Place, key: str) -> LimitRow:
    """The row of a key of the configuration. Raises KeyError if there is none."""
    return _ROWS[place, key]


_ROWS = {(row.place, row.key): row for row in ROWS}


def _path(row: LimitRow, strategy: str | None) -> str:
    return f"limits.{row.key}" if strategy is None else f"strategies.{strategy}.{row.key}"

"""Scopes: what a halt can hold, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from alphapulse.data.chains import CHAINS
from alphapulse.data.halts import GLOBAL
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.wire import NAME
from alphapulse.errors import HaltError

STRATEGY_SCOPE = "strategy:"
VENUE_SCOPE = "venue:"
INSTRUMENT_SCOPE = "instrument:"

_VENUES = {venue.name.lower(): venue for venue in Venue}


def strategy_scope(name: str) -> str:
    """The scope of one strategy."""
    return STRATEGY_SCOPE + name


def venue_scope(venue: Venue) -> str:
    """The scope of a venue, such as `venue:uniswap_v3`; that of a chain holds all venues on it."""
    return VENUE_SCOPE + venue.name.lower()


def instrument_scope(instrument: InstrumentId) -> str:
    """The scope of one instrument: its 24 bytes in hex."""
    return INSTRUMENT_SCOPE + instrument.to_wire().hex()


def scopes_of(strategy: str, instruments: Iterable[InstrumentId]) -> set[str]:
    """Every scope that holds a strategy's trade in these instruments."""
    scopes = {GLOBAL, STRATEGY_SCOPE + strategy}
    for instrument in instruments:
        scopes.update(_scopes_of(instrument))
    return scopes


def scopes_of_instruments(instruments: Iterable[InstrumentId]) -> list[str]:
    """The scopes of these instruments, of their venues and chains: each once, in the order of their first."""
    return list(dict.fromkeys(scope for instrument in instruments for scope in _scopes_of(instrument)))


def scope_holds(scope: str, strategy: str, instruments: Iterable[InstrumentId]) -> bool:
    """True if a halt of `scope` stops a strategy's trade in these instruments."""
    return scope == GLOBAL or scope in scopes_of(strategy, instruments)


def holds_tasks(scope: str) -> bool:
    """True if tasks of the decisions belong to the scope; those of venues and instruments run on behind the gate."""
    return scope == GLOBAL or scope.startswith(STRATEGY_SCOPE)


def check_scope(scope: str) -> None:
    """Raises HaltError if there can be no such scope."""
    kind, _, name = scope.partition(":")
    fits = len(scope.encode(errors="surrogatepass")) <= NAME.limit
    if scope == GLOBAL or (kind == "strategy" and name and name.isprintable() and fits):
        return
    if (kind == "venue" and name in _VENUES) or (kind == "instrument" and _is_instrument(name)):
        return
    raise HaltError(
        f"expected the scope `global`, `venue:NAME` of a known venue, `strategy:NAME` or `instrument:HEX` of 48 "
        f"digits, at most {NAME.limit} bytes, found {scope!r}"
    )


def _is_instrument(text: str) -> bool:
    try:
        return InstrumentId.from_wire(bytes.fromhex(text)).to_wire().hex() == text
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _scopes_of(instrument: InstrumentId) -> tuple[str, ...]:
    scopes = [instrument_scope(instrument), venue_scope(instrument.venue)]
    # A chain's own venue stands for all of it: a halt of that holds every venue there.
    chain = CHAINS.get(instrument.chain_id or 0)
    if chain is not None:
        scopes.append(venue_scope(chain.venue))
    return tuple(scopes)

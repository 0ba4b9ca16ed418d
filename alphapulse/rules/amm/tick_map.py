"""The initialised ticks of a concentrated-liquidity pool, as an immutable map that shares what does not change.

Ticks stand in words of 256, as in the contract's bitmap (Uniswap v3-core, TickBitmap.sol), since a swap pauses at the
end of each word and rounds there. A change copies one word and the list of words, so that old maps stay readable at
the price of what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from alphapulse.errors import AmmError
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK

WORD_BITS = 8
WORD = 1 << WORD_BITS
"""Ticks in a word."""


class TickWord(NamedTuple):
    """256 neighbouring ticks: which are initialised, and their liquidity in order of the set bits."""

    bitmap: int
    gross: tuple[int, ...]
    net: tuple[int, ...]


EMPTY_WORD = TickWord(0, (), ())


class _Change(NamedTuple):
    """A tick that was set, and what was set before it."""

    compressed: int
    gross: int
    net: int
    before: _Change | None


class TickMap:
    """Initialised ticks by word. `words` and `spacing` are for reading only.

    Liquidity is in the contract's units (uint128, int128): `gross` of all positions that begin or end at a tick, `net`
    what comes in when the price crosses it upwards.

    Ticks that are set one after another, as a snapshot tells them, are put in their words when somebody reads.
    """

    __slots__ = ("_changes", "_words", "spacing")

    def __init__(
        self, spacing: int, words: Mapping[int, TickWord] | None = None, changes: _Change | None = None
    ) -> None:
        self.spacing = spacing
        self._words: Mapping[int, TickWord] = words or {}
        self._changes = changes

    @property
    def words(self) -> Mapping[int, TickWord]:
        """The words that hold any tick, by their position."""
        if self._changes is not None:
            self._words, self._changes = _changed(self._words, self._changes), None
        return self._words

    @classmethod
    def of(cls, spacing: int, ticks: Iterable[tuple[int, int, int]]) -> Self:
        """A map of (tick, gross, net). Raises AmmError for a tick that cannot be."""
        words: dict[int, dict[int, tuple[int, int]]] = {}
        for tick, gross, net in ticks:
            if gross:
                compressed = _compressed(tick, spacing)
                words.setdefault(compressed >> WORD_BITS, {})[compressed % WORD] = (gross, net)
        return cls(spacing, {position: _word(words[position]) for position in words})

    def __len__(self) -> int:
        return sum(len(word.gross) for word in self.words.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TickMap) and self.spacing == other.spacing and self.words == other.words

    __hash__ = None  # type: ignore[assignment]  # compared by content, and too large to hash

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """(tick, gross, net) of every initialised tick, upwards."""
        for position in sorted(self.words):
            for bit, (gross, net) in _ticks(self.words[position]).items():
                yield ((position << WORD_BITS) + bit) * self.spacing, gross, net

    def at(self, tick: int) -> tuple[int, int]:
        """(gross, net) at a tick; zeros where it is not initialised. Raises AmmError for a tick that cannot be."""
        compressed = _compressed(tick, self.spacing)
        bitmap, gross, net = self.words.get(compressed >> WORD_BITS, EMPTY_WORD)
        bit = compressed % WORD
        if not bitmap >> bit & 1:
            return 0, 0
        rank = (bitmap & (1 << bit) - 1).bit_count()
        return gross[rank], net[rank]

    def with_tick(self, tick: int, gross: int, net: int) -> Self:
        """The map with another tick; one without gross liquidity is no longer initialised.

        Raises AmmError for a tick that cannot be, and for less than no liquidity.
        """
        if gross < 0 or abs(net) > gross:
            raise AmmError(f"a tick has at least as much gross liquidity as net, tick {tick} had {gross} and {net}")
        change = _Change(_compressed(tick, self.spacing), gross, net, self._changes)
        return type(self)(self.spacing, self._words, change)

    def with_position(self, lower: int, upper: int, liquidity: int) -> Self:
        """The map after `liquidity` was added to a range, or taken out if it is negative.

        Raises AmmError for ticks that cannot be, and where more is taken out than there is.
        """
        if not liquidity:
            return self
        gross, net = self.at(lower)
        changed = self.with_tick(lower, gross + liquidity, net + liquidity)
        gross, net = self.at(upper)
        return changed.with_tick(upper, gross + liquidity, net - liquidity)

    def net_between(self, below: int, through: int) -> int:
        """The net liquidity of all ticks above `below` up to `through`."""
        first, last = below // self.spacing + 1, through // self.spacing
        if first > last:
            return 0
        total = 0
        for position in self._positions(first >> WORD_BITS, last >> WORD_BITS):
            bitmap, _, net = self.words[position]
            base = position << WORD_BITS
            skipped = (bitmap & (1 << first - base) - 1).bit_count() if first > base else 0
            taken = (bitmap & (2 << last - base) - 1).bit_count() if last < base + WORD else len(net)
            if taken > skipped:
                total += sum(net[skipped:taken])
        return total

    def net_moving(self, before: int, now: int) -> int:
        """What is added to the liquidity in range when the tick moves from one to the other."""
        return self.net_between(before, now) if before <= now else -self.net_between(now, before)

    def next_below(self, tick: int) -> int | None:
        """The greatest initialised tick at or below `tick`."""
        compressed = tick // self.spacing
        position, words = compressed >> WORD_BITS, self.words
        found = words.get(position, EMPTY_WORD).bitmap & (2 << compressed % WORD) - 1
        if not found:
            position = max((one for one in words if one < position), default=MAX_TICK)
            if position == MAX_TICK:
                return None
            found = words[position].bitmap
        return ((position << WORD_BITS) + found.bit_length() - 1) * self.spacing

    def next_above(self, tick: int) -> int | None:
        """The least initialised tick above `tick`."""
        compressed = tick // self.spacing + 1
        position, words = compressed >> WORD_BITS, self.words
        found = words.get(position, EMPTY_WORD).bitmap >> compressed % WORD << compressed % WORD
        if not found:
            position = min((one for one in words if one > position), default=MAX_TICK)
            if position == MAX_TICK:
                return None
            found = words[position].bitmap
        return ((position << WORD_BITS) + (found & -found).bit_length() - 1) * self.spacing

    def _positions(self, first: int, last: int) -> list[int]:
        """Words from `first` to `last` that hold any tick, in no order."""
        if first == last:
            return [first] if first in self.words else []
        if last - first < len(self.words):
            return [position for position in range(first, last + 1) if position in self.words]
        return [position for position in self.words if first <= position <= last]


def _compressed(tick: int, spacing: int) -> int:
    compressed, rest = divmod(tick, spacing)
    if rest or not MIN_TICK <= tick <= MAX_TICK:
        raise AmmError(f"a tick is a multiple of {spacing} within {MIN_TICK} and {MAX_TICK}, this was {tick}")
    return compressed


def _word(ticks: Mapping[int, tuple[int, int]]) -> TickWord:
    bits = sorted(ticks)
    return TickWord(sum(1 << bit for bit in bits), *zip(*(ticks[bit] for bit in bits), strict=True))


def _changed(words: Mapping[int, TickWord], changes: _Change | None) -> dict[int, TickWord]:
    """The words after all changes: of several of one tick the newest, which comes first, counts."""
    newest: dict[int, dict[int, tuple[int, int]]] = {}
    while changes is not None:
        compressed, gross, net, changes = changes
        newest.setdefault(compressed >> WORD_BITS, {}).setdefault(compressed % WORD, (gross, net))
    changed = dict(words)
    for position, ticks in newest.items():
        known = {bit: both for bit, both in (_ticks(words.get(position, EMPTY_WORD)) | ticks).items() if both[0]}
        if known:
            changed[position] = _word(known)
        else:
            changed.pop(position, None)
    return changed


def _ticks(word: TickWord) -> dict[int, tuple[int, int]]:
    """The ticks of a word by their bit, upwards."""
    bitmap, found = word.bitmap, {}
    for both in zip(word.gross, word.net, strict=True):
        bit = (bitmap & -bitmap).bit_length() - 1
        bitmap &= bitmap - 1
        found[bit] = both
    return found

"""Episodes and their undoing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.arbitrage.episodes import UNDOABLE_BLOCKS, Episodes

ACTS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 2)), max_size=40)


def test_an_episode_keeps_its_number_over_a_rollback_to_where_it_stood_open() -> None:
    """One that was open at the ancestor is open again, one that began behind it is gone, an inherited one stays."""
    episodes: Episodes[str] = Episodes()
    episodes.inherit("old")
    episodes.open("pair", 10, 7)
    episodes.close("pair", 12)
    episodes.open("pair", 13, 9)
    episodes.open("other", 13, 10)
    episodes.close("old", 14)
    episodes.roll_back(11)
    assert [episodes.number(key) for key in ("pair", "other", "old")] == [7, None, 0]
    episodes.forget()
    assert episodes.number("pair") is None


@given(before=ACTS, orphaned=ACTS)
def test_what_was_done_behind_the_ancestor_leaves_no_trace(
    before: list[tuple[str, bool, int]], orphaned: list[tuple[str, bool, int]]
) -> None:
    """Acts on blocks that are undone change nothing, however long they went on."""
    one: Episodes[str] = Episodes()
    other: Episodes[str] = Episodes()
    block = ancestor = 0
    for number, (key, opens, step) in enumerate([*before, *orphaned]):
        block += step if number < len(before) else step + 1
        for episodes in (one, other) if number < len(before) else (one,):
            if opens:
                episodes.open(key, block, number)
            else:
                episodes.close(key, block)
        ancestor = block if number < len(before) else ancestor
    one.roll_back(ancestor)
    assert [one.number(key) for key in "abc"] == [other.number(key) for key in "abc"]


def test_changes_of_blocks_that_cannot_be_undone_any_more_are_forgotten() -> None:
    """What is kept is bounded by blocks."""
    episodes: Episodes[int] = Episodes()
    for block in range(3 * UNDOABLE_BLOCKS):
        episodes.open(0, block, block)
    assert len(episodes._undo) == UNDOABLE_BLOCKS + 1
    episodes.roll_back(2 * UNDOABLE_BLOCKS)
    assert episodes.number(0) == 2 * UNDOABLE_BLOCKS

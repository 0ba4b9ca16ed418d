"""A node's states, how it is ranked, and who is asked when nobody should be."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.nodes.node_health import HEALTHY_AFTER_NS, NS_PER_S, PPM, NodeHealth, NodeState
from alphapulse.rules.nodes.ranking import cost_ns, lag_reason, last_resort, median_head, ranked, silent_reason

BLOCK_NS = 2 * NS_PER_S


class NoChance:
    def randint(self, least: int, most: int, /) -> int:
        return least


CHANCE = NoChance()


def confirmed(label: str, head: int | None = 100, at_ns: int = 0) -> NodeHealth:
    node = NodeHealth(label)
    node.confirmed(at_ns)
    if head is not None:
        node.head(head, head.to_bytes(32), at_ns)
    return node


def test_quarantines_double_and_begin_anew_after_five_good_minutes() -> None:
    node, now_ns, lasted = confirmed("one"), 0, []
    for _ in range(9):
        node.quarantine("bad", now_ns, CHANCE)
        assert node.until_ns is not None
        lasted.append((node.until_ns - now_ns) // NS_PER_S)
        assert not node.release_due(node.until_ns - 1)
        now_ns = node.until_ns
        assert node.release_due(now_ns)
        assert (node.state, node.usable) == (NodeState.NEW, False)
        node.confirmed(now_ns)
    assert lasted == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    node.quarantine("bad", now_ns + HEALTHY_AFTER_NS, CHANCE)
    assert node.until_ns == now_ns + HEALTHY_AFTER_NS + 5 * NS_PER_S


def test_three_failures_in_a_row_are_enough_and_an_answer_between_them_is_forgiveness() -> None:
    node = confirmed("one")
    for _ in range(2):
        node.failed("slow", 0, CHANCE)
    node.answered(1)
    for _ in range(2):
        node.failed("slow", 0, CHANCE)
    assert node.usable
    node.failed("slow", 0, CHANCE)
    assert (node.state, node.reason) == (NodeState.QUARANTINED, "3 failures in a row, the last one: slow")
    assert node.release_due(5 * NS_PER_S)
    node.failed("slow again", 5 * NS_PER_S, CHANCE)
    assert node.state is NodeState.QUARANTINED


def test_a_wrong_chain_is_for_good() -> None:
    node = confirmed("one")
    node.wrong_chain("chain 1")
    node.confirmed(1)
    node.failed("x", 1, CHANCE)
    node.quarantine("x", 1, CHANCE)
    node.lagging("x")
    assert not node.release_due(1 << 62)
    assert (node.state, node.usable, node.reason) == (NodeState.WRONG_CHAIN, False, "chain 1")
    assert last_resort([node]) is None


@given(st.lists(st.booleans(), max_size=60), st.integers())
def test_the_error_ratio_stays_a_ratio(outcomes: list[bool], seed: int) -> None:
    node = confirmed("one")
    for fine in outcomes:
        if fine:
            node.answered(1_000)
        else:
            node.failed("x", 0, Random(seed))
        assert 0 <= node.error_ppm <= PPM


def test_nodes_are_ranked_by_what_an_answer_costs() -> None:
    """The faster one, the more reliable one, the one that is not behind, the one that must not be waited for."""
    fast, slow, faulty, behind, limited, lagging, gone = (confirmed(label) for label in "abcdefg")
    for node in (fast, faulty, behind, limited, lagging):
        node.answered(50_000_000)
    slow.answered(900_000_000)
    faulty.failed("x", 0, CHANCE)
    faulty.answered(50_000_000)
    behind.head(98, b"98", 0)
    lagging.lagging("it is behind")
    gone.quarantine("x", 0, CHANCE)
    nodes = [gone, lagging, limited, behind, faulty, slow, fast]
    order = ranked(nodes, BLOCK_NS, [0, 0, 4 * NS_PER_S, 0, 0, 0, 0])
    assert [nodes[position].label for position in order] == ["a", "c", "b", "d", "e", "f"]
    assert cost_ns(behind, 100, BLOCK_NS) == 50_000_000 + BLOCK_NS


def test_the_median_is_what_a_single_liar_does_not_move() -> None:
    nodes = [confirmed("a", 100), confirmed("b", 101), confirmed("c", 10**9), confirmed("d", None)]
    assert median_head(nodes) == 101
    assert median_head([nodes[3]]) is None
    assert lag_reason(nodes[0], 101, BLOCK_NS) == ""
    assert lag_reason(nodes[0], 103, BLOCK_NS) == "its head 100 is 3 blocks behind the median of the nodes"
    assert lag_reason(nodes[0], 103, NS_PER_S // 4) == ""  # of four blocks a second, three are less than two seconds


def test_silence_is_one_nodes_fault_only_if_others_speak() -> None:
    old, new = confirmed("a", 100, at_ns=0), confirmed("b", 105, at_ns=11 * NS_PER_S)
    assert "has been the same for 12 s" in silent_reason(old, [old, new], 12 * NS_PER_S, 10 * NS_PER_S)
    assert silent_reason(old, [old, new], 10 * NS_PER_S, 10 * NS_PER_S) == ""
    assert silent_reason(old, [old], 12 * NS_PER_S, 10 * NS_PER_S) == ""
    assert silent_reason(old, [old, new], 30 * NS_PER_S, 10 * NS_PER_S) == ""


def test_the_last_resort_is_who_comes_back_first_and_serves_this_chain_and_branch() -> None:
    stranger, forked, later, sooner = (NodeHealth(label) for label in "abcd")
    for node in (forked, later, sooner):
        node.confirmed(0)
    stranger.quarantine("never reached", 0, CHANCE)
    forked.quarantine("fork", 0, CHANCE, forked=True)
    assert last_resort([stranger, forked]) is None
    later.quarantine("x", 2, CHANCE)
    sooner.quarantine("x", 1, CHANCE)
    nodes = [stranger, forked, later, sooner]
    assert last_resort(nodes) == 3
    sooner.degraded = True
    assert last_resort(nodes) is None
    assert ranked(nodes, BLOCK_NS, [0] * 4) == [3]

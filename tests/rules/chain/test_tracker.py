"""What the tracker does about each fault, one at a time."""

from __future__ import annotations

from random import Random

import msgspec

from alphapulse.rules.chain.asks import AskFinalized, AskLatest, AskLogRange, AskLogs
from alphapulse.rules.chain.effects import BlockClosed, FinalityBroken, LogsSilent, Reorganised
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.published import HISTORY_BLOCKS
from tests.rules.chain.chain_model import CALM, Follower, ModelChain, notifications, tell


def _started(blocks: int = 3, *, rule: FinalityRule = CALM, max_range: int = 8) -> Follower:
    chain = ModelChain(Random(4))
    for _ in range(blocks):
        chain.mine()
    follower = Follower(chain, chain.head, rule=rule, max_range=max_range)
    follower.settle()
    return follower


def _mine_with_logs(follower: Follower) -> Header:
    """A block with at least two wanted logs, told to nobody."""
    while True:
        header = follower.chain.mine(6)
        if len(follower.chain.logs[header.hash]) >= 2:
            return header
        follower.chain.canonical.pop()


def test_a_block_is_closed_only_when_its_logs_have_been_asked_for_by_its_hash() -> None:
    """Neither its head nor all its logs, nor its child's, close a block whose bloom says maybe."""
    follower = _started()
    first, second = _mine_with_logs(follower), _mine_with_logs(follower)
    for message in notifications(follower.chain, [first, second]):
        tell(follower.tracker, message)
    follower.collect()
    assert follower.tracker.tip.number == first.number - 1
    assert follower.asked == [AskLogs(first.number, first.hash), AskLogs(second.number, second.hash)]
    follower.settle()
    assert follower.shown() == follower.expected()


def test_a_block_whose_bloom_excludes_every_wanted_log_needs_no_question() -> None:
    """Its head closes it."""
    follower = _started()
    header = follower.chain.mine(0)
    tell(follower.tracker, header)
    follower.collect()
    assert follower.tracker.tip == header
    assert follower.asked == []


def test_an_answer_that_lacks_a_log_of_which_the_subscription_told_is_asked_for_again() -> None:
    """A truncated answer closes nothing; the whole one does."""
    follower = _started()
    header = _mine_with_logs(follower)
    logs = follower.chain.logs[header.hash]
    for message in notifications(follower.chain, [header]):
        tell(follower.tracker, message)
    follower.tracker.take_logs(AskLogs(header.number, header.hash), logs[:-1], 1)
    follower.collect()
    assert follower.tracker.tip.number == header.number - 1
    assert follower.tracker.faults["doubtful_logs"] == 1
    follower.asked.clear()
    follower.settle()
    assert follower.shown() == follower.expected()


def test_a_forged_hint_holds_a_block_up_for_a_few_questions() -> None:
    """What six equal answers do not know is not there."""
    follower = _started()
    header = _mine_with_logs(follower)
    forged = msgspec.structs.replace(follower.chain.logs[header.hash][0], log_index="0x63")
    for message in (*notifications(follower.chain, [header]), forged):
        tell(follower.tracker, message)
    follower.settle()
    assert follower.tracker.faults["doubtful_logs"] == 5
    assert follower.shown() == follower.expected()


def test_an_empty_answer_to_a_sparse_bloom_is_asked_for_again() -> None:
    """A node that has not indexed a block yet says that there is nothing."""
    follower = _started()
    header = _mine_with_logs(follower)
    tell(follower.tracker, header)
    follower.tracker.take_logs(AskLogs(header.number, header.hash), [], 1)
    follower.collect()
    assert follower.tracker.tip.number == header.number - 1


def test_a_log_that_comes_after_its_block_was_closed_without_it_brings_the_block_again() -> None:
    """The block is taken back, and handed over with all its logs."""
    follower = _started()
    header = _mine_with_logs(follower)
    logs = follower.chain.logs[header.hash]
    tell(follower.tracker, header)
    follower.collect()
    follower.tracker.take_logs(AskLogs(header.number, header.hash), logs[:-1], 1)
    follower.asked.clear()
    follower.collect()
    assert follower.tracker.tip == header
    tell(follower.tracker, logs[-1])
    follower.settle()
    assert follower.tracker.faults["incomplete_block"] == 1
    assert any(isinstance(effect, Reorganised) for effect in follower.effects)
    assert follower.shown() == follower.expected()


def test_what_receipts_prove_is_believed_against_a_log_of_which_a_subscription_told() -> None:
    """Anybody can tell of a log; without a proof the block would be asked for again and again."""
    follower = _started()
    header = _mine_with_logs(follower)
    logs = follower.chain.logs[header.hash]
    tell(follower.tracker, header)
    tell(follower.tracker, msgspec.structs.replace(logs[0], data="0x07"))
    follower.collect()
    follower.tracker.take_logs(AskLogs(header.number, header.hash), logs, 1, proved=True)
    follower.collect()
    assert follower.tracker.tip == header
    assert follower.shown() == follower.expected()


def test_logs_of_another_block_or_outside_the_bloom_are_no_answer() -> None:
    """Garbage that is well formed closes nothing."""
    follower = _started()
    header = _mine_with_logs(follower)
    tell(follower.tracker, header)
    log = follower.chain.logs[header.hash][0]
    ask = AskLogs(header.number, header.hash)
    for garbage in (
        msgspec.structs.replace(log, block_hash=f"0x{bytes(32).hex()}"),
        msgspec.structs.replace(log, block_number="0x0"),
        msgspec.structs.replace(log, address=f"0x{bytes(20).hex()}"),
        msgspec.structs.replace(log, log_index="none"),
    ):
        follower.collect()
        follower.tracker.take_logs(ask, [garbage], 1)
        assert follower.tracker.tip.number == header.number - 1
        follower.tracker.tick()
    assert follower.tracker.faults["logs"] == 4
    follower.settle()
    assert follower.shown() == follower.expected()


def test_a_head_of_another_branch_counts_as_newer_before_anybody_has_confirmed_it() -> None:
    """While nobody answers, what is handed over is behind it; an answer that stands as high ends that."""
    follower = _started(6)
    old, tip = follower.chain.head, follower.tracker.tip
    follower.chain.roll_back(2)
    for _ in range(5):
        tell(follower.tracker, follower.chain.mine(0))
    follower.collect()
    assert (follower.tracker.head, follower.tracker.tip) == (old, tip)
    assert follower.tracker.behind == follower.chain.head.number - tip.number == 3
    follower.settle()
    assert follower.tracker.behind == 0
    assert follower.shown() == follower.expected()


def test_removed_is_a_hint_that_undoes_nothing() -> None:
    """A node that takes back a log of a block that stands is asked for its newest block, no more."""
    follower = _started()
    header = _mine_with_logs(follower)
    tell(follower.tracker, header)
    follower.settle()
    tell(follower.tracker, msgspec.structs.replace(follower.chain.logs[header.hash][0], removed=True))
    follower.collect()
    assert follower.asked == [AskLatest()]
    follower.settle()
    assert not any(isinstance(effect, Reorganised) for effect in follower.effects)


def test_a_chain_that_is_rolled_back_repeats_its_numbers() -> None:
    """Nobody tells of the rollback; the first new head undoes what is not on its chain, down to the ancestor."""
    follower = _started()
    for _ in range(6):
        tell(follower.tracker, follower.chain.mine())
        follower.settle()
    old = follower.chain.head
    follower.chain.roll_back(4)
    ancestor, new = follower.chain.head, follower.chain.mine()
    tell(follower.tracker, new)
    follower.settle()
    undone = [effect for effect in follower.effects if isinstance(effect, Reorganised)]
    assert undone == [Reorganised(ancestor, old, new)]
    assert follower.shown() == follower.expected()


def test_a_node_that_lags_on_its_own_branch_is_not_followed() -> None:
    """One that says once that a lower block of another branch is the newest changes nothing."""
    follower = _started()
    for _ in range(4):
        tell(follower.tracker, follower.chain.mine())
        follower.settle()
    other = ModelChain(Random(9))
    fork = other.mine()
    follower.tracker.subscribed()
    follower.collect()
    follower.asked.clear()
    follower.tracker.take_headers(AskLatest(), [fork])
    follower.settle()
    assert not any(isinstance(effect, Reorganised) for effect in follower.effects)
    assert follower.shown() == follower.expected()


def test_a_reorganisation_as_deep_as_the_history_is_undone_and_a_deeper_one_is_not() -> None:
    """2,000 blocks are rolled back exactly; one more needs a new snapshot, and says that it was too deep."""
    for extra, lost in ((0, False), (1, True)):
        follower = _started(1)
        for _ in range(HISTORY_BLOCKS + 5):
            tell(follower.tracker, follower.chain.mine(1))
        follower.settle(4_000)
        follower.chain.roll_back(HISTORY_BLOCKS + extra)
        for _ in range(HISTORY_BLOCKS + extra + 1):
            follower.chain.mine(1)
        tell(follower.tracker, follower.chain.head)
        follower.settle(4_000)
        assert [one.deep for one in follower.lost] == ([True] if lost else [])
        assert follower.shown() == follower.expected()


def test_back_fill_by_range_halves_what_the_provider_refuses() -> None:
    """An outage of 300 blocks is caught up with; ranges shrink to what the provider allows, the newest go by hash."""
    follower = _started(max_range=100)
    for _ in range(300):
        follower.chain.mine()
    follower.tracker.subscribed()
    widths = []
    for _ in range(2_000):
        follower.collect()
        if not follower.asked:
            break
        ask = follower.asked.pop(0)
        if isinstance(ask, AskLogRange):
            widths.append(ask.blocks)
        follower.chain.answer(ask, cap=20)(follower.tracker)
    assert max(widths) == 100
    assert widths[-1] <= 20
    assert follower.shown() == follower.expected()


def test_a_range_that_a_provider_cuts_off_settles_nothing_behind_its_last_log() -> None:
    """The blocks that an answer may have lost are asked for one by one."""
    follower = _started(max_range=100)
    for _ in range(60):
        follower.chain.mine()
    follower.tracker.subscribed()
    for _ in range(400):
        follower.collect()
        if not follower.asked:
            break
        ask = follower.asked.pop(0)
        if isinstance(ask, AskLogRange):
            many = [
                log
                for header in follower.chain.canonical[ask.first : ask.last + 1]
                for log in follower.chain.logs[header.hash]
            ]
            follower.tracker.take_logs(ask, many[: len(many) // 2], 1)
        else:
            follower.chain.answer(ask)(follower.tracker)
    assert follower.shown() == follower.expected()


def test_a_subscription_that_brings_heads_but_no_logs_is_noticed_two_blocks_later() -> None:
    """Its silence is seen in blocks that have logs."""
    follower = _started()
    closed = 0
    for _ in range(6):
        tell(follower.tracker, _mine_with_logs(follower))
        follower.settle()
        closed += 1
        if any(isinstance(effect, LogsSilent) for effect in follower.effects):
            break
    assert closed == 5  # the first one may have come before the subscription; two are needed, seen two blocks later


def test_logs_of_a_block_whose_head_never_comes_bring_it_nevertheless() -> None:
    """After a few ticks the newest block is asked for."""
    follower = _started()
    header = _mine_with_logs(follower)
    tell(follower.tracker, follower.chain.logs[header.hash][0])
    for _ in range(3):
        follower.tracker.tick()
    follower.settle()
    assert follower.tracker.faults["logs_without_head"] == 1
    assert follower.shown() == follower.expected()


def test_a_head_that_was_falsified_on_its_way_is_put_right_by_an_answer() -> None:
    """A right hash with a wrong parent is no chain; the node's answer replaces it."""
    follower = _started()
    header = _mine_with_logs(follower)
    tell(follower.tracker, header._replace(parent_hash=bytes(32)))
    follower.settle()
    assert follower.tracker.faults["conflicting_header"] == 1
    assert follower.shown() == follower.expected()


def test_watermarks_rise_with_depth_and_tag_and_break_loudly() -> None:
    """Safe by depth; settled by the tag and depth, or by depth alone; a settled block that is undone is told."""
    follower = _started(1, rule=FinalityRule(safe_depth=6, tag="finalized", tagged_depth=8, settled_depth=12))
    for _ in range(40):
        tell(follower.tracker, follower.chain.mine())
        follower.settle()
    marks = follower.tracker.watermarks
    tip = follower.tracker.tip.number
    assert marks.safe == tip - 6
    assert marks.settled is not None
    assert tip - 12 <= marks.settled <= tip - 8
    assert AskFinalized("finalized") not in follower.asked
    follower.chain.roll_back(20)
    for _ in range(21):
        follower.chain.mine()
    tell(follower.tracker, follower.chain.head)
    follower.settle()
    assert any(isinstance(effect, FinalityBroken) for effect in follower.effects)
    assert follower.shown() == follower.expected()


def test_each_log_carries_the_time_at_which_it_was_first_received() -> None:
    """By the subscription if it told of it, else by the answer."""
    follower = _started()
    header = _mine_with_logs(follower)
    logs = follower.chain.logs[header.hash]
    tell(follower.tracker, header)
    follower.tracker.take_log(logs[0], 5)
    follower.tracker.take_log(logs[0], 6)
    follower.tracker.take_logs(AskLogs(header.number, header.hash), logs, 7)
    follower.collect()
    (closed,) = [one for one in follower.effects if isinstance(one, BlockClosed) and one.header == header]
    assert [heard.received_ns for heard in closed.logs] == [5] + [7] * (len(logs) - 1)

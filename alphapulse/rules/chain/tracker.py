"""Follows one chain through heads and logs that are lost, repeated, disordered and taken back. Pure.

Three things are never believed: that a head is the newest because it came last, that a block's logs are all there
because no more of them come, and that a log is gone because a node says `removed`. Heads are joined by parent hashes;
a block is closed when its bloom excludes all wanted logs, when receipts prove them, or when `eth_getLogs` by its hash
has been answered and agrees with bloom and subscription.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from alphapulse.errors import LogRefused
from alphapulse.rules.chain.asks import (
    Ask,
    AskFinalized,
    AskHeader,
    AskHeaders,
    AskLatest,
    AskLogRange,
    AskLogs,
    HeaderAsk,
    LogAsk,
    answers,
)
from alphapulse.rules.chain.effects import (
    Asked,
    BlockClosed,
    Effect,
    FinalityBroken,
    LogsSilent,
    Reorganised,
    SeedLost,
)
from alphapulse.rules.chain.finality import FinalityRule, Watermarks
from alphapulse.rules.chain.head_doubts import HeadDoubts
from alphapulse.rules.chain.head_path import HeadPath
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.chain.log_gathering import LogGathering
from alphapulse.rules.chain.published import PublishedChain
from alphapulse.rules.events.hex_text import read_block_hash
from alphapulse.rules.events.rpc_log import RpcLog

MOST_CATCH_UP = 8_192
"""Blocks that are fetched behind one another; over a longer outage a new snapshot is cheaper."""

FINALIZED_EVERY = 16
"""Blocks after which the chain's final block is asked for."""


class ChainTracker:
    """What a chain's blocks and logs are behind `seed`, the block whose state is known: in order and each once.

    `effects` gives what is to be done after each call. Every ask among it is answered by `take_headers`, `take_logs`
    or `take_finalized`, or by `failed`; what failed is asked again at the next `tick`. After SeedLost nothing more
    comes of it: the next life begins with another seed. `faults` counts what was wrong, by kind.
    """

    def __init__(self, seed: Header, wanted: LogFilter, rule: FinalityRule, max_range: int) -> None:
        self.faults: Counter[str] = Counter()
        self.watermarks = Watermarks(rule)
        self.lost = False
        self._published = PublishedChain(seed)
        self._path = HeadPath(seed)
        self._logs = LogGathering(wanted, max_range, rule.safe_depth, seed.number + 2, self.faults)
        self._effects: list[Effect] = []
        self._outstanding: set[Ask] = set()
        self._later: list[Ask] = []
        self._doubts = HeadDoubts()
        self._begins = False
        self._ask(AskLatest())
        if rule.tag is not None:
            self._ask(AskFinalized(rule.tag))

    @property
    def tip(self) -> Header:
        """The newest block that has been handed over."""
        return self._published.tip

    @property
    def head(self) -> Header:
        """The newest block that is known of."""
        return self._path.head

    @property
    def behind(self) -> int:
        """Blocks between the newest one that was told of, even if nobody has confirmed it, and those handed over."""
        return max(0, self.head.number - self.tip.number, self._doubts.told - self.tip.number)

    def effects(self) -> list[Effect]:
        """What is to be done because of the calls since the last one, in order."""
        effects, self._effects = self._effects, []
        return effects

    def subscribed(self) -> None:
        """The subscriptions have begun anew: what they missed before is no fault of theirs, and is asked for."""
        self._logs.subscribed()
        self._begins = True
        self._ask(AskLatest())

    def take_head(self, header: Header) -> None:
        """A subscription tells of a new head."""
        if header.hash in self._path or header.hash in self._published:
            self.faults["repeated_head"] += 1
            return
        self._path.remember(header)
        self._note_beginning(header)
        if header.parent_hash == self.head.hash and header.number == self.head.number + 1:
            self._path.extend(header)
            if self._path.linked:
                self._logs.want(header)
        else:
            self.faults["unexpected_head"] += 1
            self._doubts.hint(header)
            self._ask(AskLatest())
        self._advance()

    def take_log(self, log: RpcLog, received_ns: int) -> None:
        """A subscription tells of a log, received at `received_ns` (wall clock)."""
        try:
            if log.removed:
                self._take_removal(log)
                return
            block_hash = self._logs.hints.add(log, received_ns)
        except LogRefused as refusal:
            self.faults[refusal.reason] += 1
            return
        if block_hash is None:
            self.faults["repeated_log"] += 1
        elif block_hash in self._published:
            if (ask := self._logs.doubt(block_hash, log)) is not None:
                self._ask(ask)
        elif (header := self._path.known(block_hash)) is None:
            self._doubts.headless(block_hash)
        elif block_hash in self._path and self._logs.contradicts(header, log):
            self._advance()

    def take_headers(self, ask: HeaderAsk, headers: Sequence[Header]) -> None:
        """The answer to an ask for headers; empty where the node knows none."""
        if not self._is_awaited(ask):
            return
        believed = [header for header in headers if answers(ask, header)]
        if len(believed) < len(headers):
            self.faults["wrong_answer"] += 1
        # An answer outranks what a subscription told under the same hash: garbage can look like a header.
        conflicting = [header for header in believed if not self._path.remember(header)]
        self.faults["conflicting_header"] += len(conflicting)
        if any(header.hash in self._path for header in conflicting):
            self._aim(self._path.known(self.head.hash) or self.head)
        if isinstance(ask, AskLatest):
            self._take_latest(believed)
        elif not believed:
            self._take_absence(ask)
        else:
            self._path.answered()
        self._advance()

    def take_logs(self, ask: LogAsk, logs: Sequence[RpcLog], received_ns: int, *, proved: bool = False) -> None:
        """The answer to an ask for logs, received at `received_ns` (wall clock); `proved` by the block's receipts."""
        if not self._is_awaited(ask):
            return
        if isinstance(ask, AskLogRange):
            self._logs.take_range(ask, logs, received_ns)
        elif self._logs.is_doubted(ask):
            if (incomplete := self._logs.take_doubted(ask, logs)) is not None:
                self._hand_over_again(incomplete)
        elif not self._logs.take_block(ask, logs, received_ns, proved=proved):
            self._later.append(ask)
        self._advance()

    def take_finalized(self, ask: AskFinalized, header: Header | None) -> None:
        """The chain's final block, as a node tells it; None where it has none."""
        if not self._is_awaited(ask) or header is None:
            return
        mine = self._published.at(header.number)
        if mine is not None and mine.hash != header.hash:
            self.faults["finality_contradicted"] += 1
            if self.tip.number - header.number >= self.watermarks.rule.safe_depth:
                problem = f"block {header.number} is called {ask.tag} under another hash than the one here"
                self._do(FinalityBroken(problem))
        elif not self.watermarks.take_tagged(header.number):
            self.faults["finality_went_back"] += 1
        else:
            self.watermarks.advance(self.tip.number)

    def failed(self, ask: Ask) -> None:
        """An ask could not be answered; it is asked again at the next tick, if it still matters then.

        What is final is asked for every few blocks anyway: some chains do not tell it.
        """
        if self._is_awaited(ask) and not isinstance(ask, AskFinalized):
            self._later.append(ask)

    def too_wide(self, ask: AskLogRange) -> None:
        """The node refuses a range of that width."""
        if self._is_awaited(ask):
            self._logs.queue.plan.too_wide(ask.blocks)
            self._logs.queue.put_back(self._logs.queue.members(ask))
            self._advance()

    def tick(self) -> None:
        """Some time has passed: what failed is asked again, and what is strange is looked into."""
        later, self._later = self._later, []
        for ask in later:
            self._ask_again(ask)
        missing = self._doubts.tick(lambda one: self._path.known(one) is not None or one in self._published)
        self.faults["logs_without_head"] += missing
        if missing or self._doubts.unconfirmed:
            self._ask(AskLatest())
        self._logs.tick()
        if not self.lost and self._logs.look_back(self.tip.number):
            self._do(LogsSilent(self.tip.number))
        self._advance()

    def _take_latest(self, headers: Sequence[Header]) -> None:
        if not headers:
            self._later.append(AskLatest())
            return
        header = headers[0]
        self._note_beginning(header)
        if header.hash not in self._path and header.hash not in self._published:
            if header.number >= self.head.number or self._doubts.is_told_twice(header):
                self._aim(header)
            else:
                self._later.append(AskLatest())
        self._doubts.answered(header, lambda one: one in self._path)

    def _note_beginning(self, header: Header) -> None:
        """The first head that is known behind the beginning of a subscription: logs are told from its grandchild on."""
        if self._begins:
            self._begins = False
            self._logs.heard_from = header.number + 2

    def _take_absence(self, ask: HeaderAsk) -> None:
        """Nobody knows a header that the path needs: perhaps the head is gone, or its header was not what it is."""
        self.faults["absent_header"] += 1
        self._path.answered()
        self._later.append(AskLatest())
        if isinstance(ask, AskHeader) and (low := self._path.lowest) is not None and low.parent_hash == ask.hash:
            self._later.append(AskHeader(low.hash))
        self._later.append(ask)

    def _take_removal(self, log: RpcLog) -> None:
        """A hint that the block is not on the chain any more."""
        self.faults["removed"] += 1
        block_hash = b"" if log.block_hash is None else read_block_hash(log.block_hash)
        if block_hash in self._published or block_hash in self._path:
            self._ask(AskLatest())

    def _hand_over_again(self, incomplete: Header) -> None:
        """A closed block has logs that were not handed over."""
        parent = self._published.header(incomplete.parent_hash)
        if parent is None:
            if incomplete.hash in self._published:
                self._lose(f"block {incomplete.number} was incomplete and nothing older is kept", deep=False)
            return
        self.faults["incomplete_block"] += 1
        head = self.head
        self._undo_to(parent)
        self._aim(head)

    def _aim(self, header: Header) -> None:
        self._path.aim(header, header.number - self.tip.number)
        self._logs.restart()

    def _advance(self) -> None:
        """Join, close and ask as far as what is known allows."""
        if self.lost or not self._link():
            return
        while (header := self._path.lowest) is not None and self._logs.queue.logs_of(header) is not None:
            self._close(header)
        for ask in self._logs.queue.next_asks(self.head.number):
            self._ask(ask)

    def _link(self) -> bool:
        """Walk from the head down to what has been handed over. True if the path is whole."""
        published, path = self._published, self._path
        while not path.linked and (low := path.lowest) is not None:
            ancestor = published.header(low.parent_hash)
            if ancestor is not None and ancestor.number + 1 == low.number:
                path.linked = True
                if ancestor.hash != published.tip.hash:
                    self._undo_to(ancestor)
                self._logs.restart(path.headers)
            elif low.number <= published.oldest.number:
                depth = published.tip.number - low.number + 1
                self._lose(f"the chain was reorganised {depth} blocks deep or more", deep=published.forgot)
                return False
            elif (missed := self.head.number - self.tip.number) > MOST_CATCH_UP:
                self._lose(f"{missed} blocks were missed", deep=False)
                return False
            elif not path.step_down():
                if not any(isinstance(ask, AskHeader | AskHeaders) for ask in (*self._outstanding, *self._later)):
                    self._ask(path.next_ask())
                return False
        return path.linked

    def _undo_to(self, ancestor: Header) -> None:
        taken = self._published.cut_to(ancestor)
        for header in taken:
            self._path.remember(header)
        self._logs.undo_to(ancestor.number)
        self.faults["reorganisation"] += 1
        broken = self.watermarks.undo(ancestor.number)
        self._do(Reorganised(ancestor, taken[0], self.head))
        if broken:
            self._do(FinalityBroken(f"blocks behind {ancestor.number} were settled and are undone"))

    def _lose(self, reason: str, *, deep: bool) -> None:
        self.lost = True
        self._do(SeedLost(reason, deep))

    def _close(self, header: Header) -> None:
        logs = self._logs.close(header)
        self._path.pop()
        self._published.append(header)
        self.watermarks.advance(header.number)
        self._do(BlockClosed(header, logs))
        if (tag := self.watermarks.rule.tag) is not None and header.number % FINALIZED_EVERY == 0:
            self._ask(AskFinalized(tag))

    def _is_awaited(self, ask: Ask) -> bool:
        """True if this answer is waited for; then it is not any more."""
        awaited = ask in self._outstanding and not self.lost
        self._outstanding.discard(ask)
        return awaited

    def _ask_again(self, ask: Ask) -> None:
        match ask:
            case AskLogs():
                if self._logs.queue.wanted(ask) is not None or self._logs.is_doubted(ask):
                    self._ask(ask)
            case AskLogRange():
                self._logs.queue.put_back(self._logs.queue.members(ask))
            case AskLatest() | AskFinalized():
                self._ask(ask)
            case AskHeader():
                # Others are asked for by the walk, if it still needs them.
                if ask.hash in self._path:
                    self._ask(ask)

    def _ask(self, ask: Ask) -> None:
        if ask not in self._outstanding:
            self._outstanding.add(ask)
            self._do(Asked(ask))

    def _do(self, effect: Effect) -> None:
        self._effects.append(effect)

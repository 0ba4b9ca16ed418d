"""The broadcaster: one task that tells all dashboards what changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import attrs
import msgspec
import trio

from alphapulse_web.api.book_shapes import Pnl
from alphapulse_web.api.messages import AskedTopic, FrameSample, PairAppend, Topics
from alphapulse_web.api.pair_shapes import Pairs, PairView
from alphapulse_web.api.schemas import Shape
from alphapulse_web.backend import TOPICS, Backend, Topic
from alphapulse_web.instants import instant

ROUND_S = 0.1
"""At most 10 rounds a second, each of 6 topics and 2 pairs; with frames and a beat that is fewer than 100 messages."""
PAIRS_PER_ROUND = 2
FRAMES_EVERY_S = 0.2
ASKED_EVERY_S = 1.0
BEAT_S = 1.0
ROUND_LIMIT_S = 2.0
FAULT_PAUSE_S = 1.0
QUEUE = 128
"""Frames that wait for one client, more than a second's worth. Full: the client is shed with 1013."""
MAX_CLIENTS = 20

STOPPING, FAULT, TOO_SLOW, NOT_LOGGED_IN = 1001, 1011, 1013, 4401

log = logging.getLogger(__name__)


@attrs.frozen
class Frame:
    """A message without its sequence number, which differs from client to client; encoded once for all."""

    kind: str
    rest: str = attrs.field(repr=False)

    def text(self, seq: int) -> str:
        """The message with its number."""
        return f'{{"type":"{self.kind}","seq":{seq}{self.rest}}}'


class Client:
    """One dashboard: a bounded queue and the scope of the task that empties it."""

    def __init__(self, session: str | None) -> None:
        self.session = session
        self.welcomed = False
        self.asked: frozenset[AskedTopic] = frozenset()
        self.scope = trio.CancelScope()
        # A scope that ends by its own deadline is a session that is over.
        self.code, self.reason = NOT_LOGGED_IN, "the session is over"
        self._sender, self.frames = trio.open_memory_channel[Frame](QUEUE)

    def offer(self, frame: Frame) -> None:
        """Queue a frame; a client whose queue is full is shed."""
        try:
            self._sender.send_nowait(frame)
        except trio.WouldBlock:
            self.shed(TOO_SLOW, "this page was too slow")

    def shed(self, code: int, reason: str) -> None:
        """End the connection with that close code; the first reason counts."""
        if not self.scope.cancel_called:
            self.code, self.reason = code, reason
            self.scope.cancel()


class Hub:
    """All dashboards and what they were told last."""

    def __init__(self, backend: Backend, now_ns: Callable[[], int]) -> None:
        self._backend = backend
        self._now_ns = now_ns
        self._clients: set[Client] = set()
        self._occupied = trio.Event()
        self._closed: tuple[int, str] | None = None
        self._told: dict[Topic, int] = {}
        self._run: int | None = None
        self._cursors: dict[str, int] = {}
        self._beat_at = 0.0
        self._frames_at = 0.0
        self._asked_at = 0.0
        self._pool_listeners: set[Client] = set()
        self._pools_told = 0

    def join(self, session: str | None) -> Client:
        """A client that is told everything with the next round; it is already shed if there is no room or no time."""
        client = Client(session)
        if self._closed is not None:
            client.shed(*self._closed)
        elif len(self._clients) >= MAX_CLIENTS:
            client.shed(TOO_SLOW, f"{MAX_CLIENTS} dashboards are open already")
        else:
            self._clients.add(client)
            self._occupied.set()
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)
        self._watch()

    def subscribe(self, client: Client, topics: Iterable[AskedTopic]) -> None:
        """Send these topics to the client too, from the next round on."""
        client.asked = client.asked.union(topics)
        self._asked_at = 0.0
        self._watch()

    def unsubscribe(self, client: Client, topics: Iterable[AskedTopic]) -> None:
        """Send these topics to the client no more."""
        client.asked = client.asked.difference(topics)
        self._watch()

    def end_session(self, session: str) -> None:
        """Shed the clients of a session that was ended."""
        for client in self._clients:
            if client.session == session:
                client.shed(NOT_LOGGED_IN, "logged out")

    def close(self) -> None:
        """Shed everybody and let nobody in until `run` is called again."""
        self._closed = STOPPING, "the daemon stops"
        self._shed(*self._closed)

    async def run(self) -> None:
        """Rounds, until cancelled. A fault of the daemon's side sheds everybody: a page must not look alive then."""
        self._closed = None
        while True:
            await self._occupied.wait()
            try:
                with trio.fail_after(ROUND_LIMIT_S):
                    await self._round()
            except Exception:
                log.exception("a round of the dashboard's broadcaster failed; all clients are cut off")
                self._shed(FAULT, "the daemon could not be read")
                await trio.sleep(FAULT_PAUSE_S)
            if not self._clients:
                self._occupied = trio.Event()
            await trio.sleep(ROUND_S)

    async def _round(self) -> None:
        joining = [client for client in self._clients if not client.welcomed]
        pnl_revision = self._backend.topic_revisions()["pnl"]
        pnl = await self._backend.pnl() if joining or pnl_revision != self._told.get("pnl") else None
        # From here on nothing is awaited, so that everything that is read belongs to one moment.
        revisions = {**self._backend.topic_revisions(), "pnl": pnl_revision}
        welcomed = [client for client in self._clients if client.welcomed]
        if welcomed:
            _tell(welcomed, self._deltas(revisions, pnl))
        joining = [client for client in joining if client in self._clients]
        if joining and pnl is not None:
            if not welcomed:
                self._start_over(revisions)
            _tell(joining, self._greeting(pnl))
            for client in joining:
                client.welcomed = True
        if trio.current_time() >= self._frames_at:
            self._frames_at = trio.current_time() + FRAMES_EVERY_S
            self._tell_frames([client for client in welcomed if "firehose" in client.asked])
        if trio.current_time() >= self._asked_at:
            self._asked_at = trio.current_time() + ASKED_EVERY_S
            self._tell_asked(welcomed)
        if trio.current_time() >= self._beat_at:
            self._beat_at = trio.current_time() + BEAT_S
            beat = Frame("beat", f',"server_time":{_json(instant(self._now_ns()))}')
            _tell(welcomed + joining, [beat])

    def _tell_frames(self, listeners: Sequence[Client]) -> None:
        sample = self._backend.take_frames() if listeners else None
        if sample is not None:
            _tell(listeners, [_append_frames(sample)])

    def _tell_asked(self, clients: Sequence[Client]) -> None:
        """What only some look at, to them: read and encoded once, not at all if nobody does."""
        if listeners := [client for client in clients if "relays" in client.asked]:
            _tell(listeners, [_put("relays", self._backend.relays())])
        if listeners := [client for client in clients if "risk" in client.asked]:
            _tell(listeners, [_put("risk", self._backend.risk())])
        if listeners := [client for client in clients if "why_not" in client.asked]:
            _tell(listeners, [_put("why_not", self._backend.why_not())])
        if listeners := [client for client in clients if "transactions" in client.asked]:
            _tell(listeners, [_put("transactions", self._backend.real_trading.latest())])
        self._tell_pools({client for client in clients if "pools" in client.asked})

    def _tell_pools(self, listeners: set[Client]) -> None:
        """All of them to whoever has not had them, then what changes."""
        revision = self._backend.pools_revision()
        told = self._pool_listeners & listeners
        if told and revision != self._pools_told:
            _tell(told, [_change("pools", self._backend.changed_pools(self._pools_told))])
        if new := listeners - told:
            _tell(new, [_put("pools", self._backend.all_pools())])
        self._pool_listeners, self._pools_told = listeners, revision

    def _watch(self) -> None:
        """Nothing is kept or encoded for a firehose that nobody looks at."""
        self._backend.watch_frames(any("firehose" in client.asked for client in self._clients))

    def _deltas(self, revisions: Mapping[Topic, int], pnl: Pnl | None) -> list[Frame]:
        frames: list[Frame] = []
        new_run = False
        for topic in TOPICS:
            if revisions[topic] == self._told.get(topic):
                continue
            if topic == "pairs":
                pair_frames, finished = self._pair_frames(new_run)
                frames += pair_frames
                if not finished:
                    continue
            elif topic == "status":
                status = self._backend.status()
                new_run, self._run = status.run.number != self._run, status.run.number
                frames.append(_put(topic, status))
            elif topic == "pnl":
                if pnl is None:
                    continue
                frames.append(_put(topic, pnl))
            else:
                frames.append(_put(topic, self._read(topic)))
            self._told[topic] = revisions[topic]
        return frames

    def _read(self, topic: Literal["tree", "chains", "positions", "opportunities"]) -> Shape:
        match topic:
            case "tree":
                return self._backend.tree()
            case "chains":
                return self._backend.chains()
            case "positions":
                return self._backend.positions()
            case "opportunities":
                return self._backend.latest_opportunities()

    def _pair_frames(self, new_run: bool) -> tuple[list[Frame], bool]:
        """Frames of at most two pairs, and whether that was all; the others' turn comes with the next rounds."""
        frames: list[Frame] = []
        if new_run or set(self._backend.pair_ids()) != self._cursors.keys():
            return [self._put_pairs()], True
        # The order of the cursors is the turn: who was served goes to the end.
        for pair_id, cursor in list(self._cursors.items()):
            points = self._backend.pair_points(pair_id, cursor)
            if not points:
                continue
            if points[0].i != cursor + 1:
                return [self._put_pairs()], True
            if len(frames) == PAIRS_PER_ROUND:
                return frames, False
            data = _json(PairAppend(gap_bps=points[-1].gap, points=points))
            frames.append(Frame("delta", f',"topic":"pairs","op":"append","key":{_json(pair_id)},"data":{data}'))
            del self._cursors[pair_id]
            self._cursors[pair_id] = points[-1].i
        return frames, True

    def _put_pairs(self) -> Frame:
        pairs = self._backend.pairs()
        self._cursors = {pair.id: pair.points[-1].i if pair.points else -1 for pair in pairs.pairs}
        return _put("pairs", pairs)

    def _start_over(self, revisions: Mapping[Topic, int]) -> None:
        """Nobody was told anything yet: count from what the greeting will say."""
        self._told = dict(revisions)
        self._run = self._backend.status().run.number
        self._put_pairs()

    def _greeting(self, pnl: Pnl) -> list[Frame]:
        status = self._backend.status()
        now, build = _json(instant(self._now_ns())), _json(status.build)
        hello = f',"server_time":{now},"build":{build},"run":{status.run.number}'
        topics = Topics(
            status=status,
            tree=self._backend.tree(),
            chains=self._backend.chains(),
            pairs=Pairs(pairs=[self._up_to_cursor(pair) for pair in self._backend.pairs().pairs]),
            pnl=pnl,
            positions=self._backend.positions(),
            opportunities=self._backend.latest_opportunities(),
        )
        return [Frame("hello", hello), Frame("snapshot", f',"topics":{_json(topics)}')]

    def _up_to_cursor(self, pair: PairView) -> PairView:
        # Points that the others are told later must not be in the greeting: the next append would repeat them.
        points = [point for point in pair.points if point.i <= self._cursors.get(pair.id, -1)]
        return pair if len(points) == len(pair.points) else msgspec.structs.replace(pair, points=points)

    def _shed(self, code: int, reason: str) -> None:
        for client in self._clients:
            client.shed(code, reason)


def _tell(clients: Iterable[Client], frames: Iterable[Frame]) -> None:
    for client in clients:
        for frame in frames:
            client.offer(frame)


def _put(topic: Topic | AskedTopic, shape: Shape) -> Frame:
    return Frame("delta", f',"topic":"{topic}","op":"put","data":{_json(shape)}')


def _change(topic: AskedTopic, shape: Shape) -> Frame:
    return Frame("delta", f',"topic":"{topic}","op":"change","data":{_json(shape)}')


def _append_frames(sample: FrameSample) -> Frame:
    return Frame("delta", f',"topic":"firehose","op":"append","data":{_json(sample)}')


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

"""A signer in a process of its own: real sockets, real files, and peers that do not behave."""

from __future__ import annotations

import logging
import os
import socket
import stat
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
import msgspec
import pytest
import trio

from alphapulse.composition.environment import Environment
from alphapulse.data.halts import Level
from alphapulse.errors import AddressInUse, SignerUnreachable, SigningRecordError, SigningRefused
from alphapulse.rules.evm.transaction import TYPE, DynamicFeeTransaction
from alphapulse.signing import signer_service
from alphapulse.signing.frames import VERSION, Ask, Failed, Frame, Refused, Signed, Welcome, receive_frame, send_frame
from alphapulse.signing.opening import open_guarded_key, open_signer
from alphapulse.signing.remote_signer import RemoteSigner
from alphapulse.signing.signer import SignerKind
from alphapulse.signing.signer_service import MOST_CONNECTIONS, Clients, SignerService
from alphapulse.signing.signer_terms import RemoteKey
from alphapulse.signing.signing_key import SigningKey
from tests.signing.conftest import CANCEL, EPOCH, KEY, TRADE, Wallet

pytestmark = pytest.mark.real_io
RUN_BLOCKING = Environment().run_blocking
OTHER = SigningKey(bytes(range(2, 34)))
logger = logging.getLogger("tests.signer")


@asynccontextmanager
async def service(wallet: Wallet, path: Path, clients: Clients = Clients()) -> AsyncIterator[None]:  # noqa: B008
    """The signer of a wallet behind a socket."""
    async with (
        open_guarded_key(
            wallet.terms, is_synced=True, run_blocking=RUN_BLOCKING, now_ns=time.time_ns, environ={}
        ) as key,
        trio.open_nursery() as nursery,
    ):
        serving = SignerService(path, key, 137, clients=clients, run_blocking=RUN_BLOCKING, logger=logger)
        await nursery.start(serving.run)
        yield
        nursery.cancel_scope.cancel("the test is over")


@asynccontextmanager
async def impostor(
    path: Path, *answers: Frame | bytes, then: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[None]:
    """Something else at the socket: sends each of its answers, after the first one behind a frame that it reads."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            for place, answer in enumerate(answers):
                if place:
                    await receive_frame(stream)
                if isinstance(answer, bytes):
                    await stream.send_all(answer)
                else:
                    await send_frame(stream, answer)
            if then is not None:
                await then()

    listening = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    await listening.bind(str(path))
    listening.listen()
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, serve, [trio.SocketListener(listening)])
        yield
        nursery.cancel_scope.cancel("the test is over")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "signer.sock"


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[trio.SocketStream]:
    """A bare connection."""
    async with trio.SocketStream(trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as stream:
        await stream.socket.connect(str(path))
        yield stream


def client(path: Path, deadline_s: float = 30) -> RemoteSigner:
    return RemoteSigner(path, KEY.address, 137, deadline_s=deadline_s)


async def refusal(signer: RemoteSigner, transaction: DynamicFeeTransaction, epoch: int = EPOCH) -> SigningRefused:
    with pytest.raises(SigningRefused) as refused:
        await signer.sign(transaction, halt_epoch=epoch)
    return refused.value


async def test_it_signs_as_a_key_in_this_process_does(wallet: Wallet, path: Path) -> None:
    async with service(wallet, path):
        terms = attrs.evolve(wallet.terms, key=RemoteKey(path, KEY.address))
        async with open_signer(terms, run_blocking=RUN_BLOCKING, now_ns=time.time_ns, environ={}) as signer:
            assert (signer.address, signer.kind) == (KEY.address, SignerKind.REMOTE)
            assert await signer.sign(TRADE, halt_epoch=EPOCH) == KEY.sign(TRADE)
            assert await signer.sign(TRADE, halt_epoch=EPOCH) == KEY.sign(TRADE)


async def test_it_enforces_by_itself_whatever_its_client_believes(wallet: Wallet, path: Path) -> None:
    """Chain, destination, value, gas limit, cap, rate, gas of a day, numbers, the latch: each by its name."""
    async with service(wallet.with_limits(most_per_window=2, most_daily_wei=10**9), path):
        signer = client(path)
        for rule, changes in (
            ("chain", {"chain_id": 1}),
            ("destination", {"to": bytes(20)}),
            ("destination", {"to": b""}),
            ("value", {"value_wei": 1}),
            ("gas_limit", {"gas_limit": 2_000_001}),
            ("cap", {"cap_wei": 5_001}),
            ("daily_gas", {"cap_wei": 1_001}),
        ):
            refused = await refusal(signer, attrs.evolve(TRADE, **changes))
            assert refused.rule == rule
        await signer.sign(TRADE, halt_epoch=EPOCH)
        refused = await refusal(signer, attrs.evolve(TRADE, data=b"other"))
        assert (refused.rule, refused.found) == ("nonce", "tip 30 and cap 500 wei for number 7")
        await signer.sign(attrs.evolve(TRADE, nonce=8, gas_limit=1), halt_epoch=EPOCH)
        assert (await refusal(signer, attrs.evolve(TRADE, nonce=9, gas_limit=1))).rule == "rate"
        wallet.say(Level.HALTED)
        assert (await refusal(signer, attrs.evolve(TRADE, nonce=9, gas_limit=1))).rule == "rate"
        await signer.sign(attrs.evolve(CANCEL, tip_wei=33, cap_wei=550), halt_epoch=EPOCH)
        wallet.say(Level.LOCKED)
        assert (await refusal(signer, attrs.evolve(CANCEL, nonce=9))).rule == "locked"
        signer.close()


async def test_halts_reach_it_through_the_file(wallet: Wallet, path: Path) -> None:
    async with service(wallet, path):
        signer = client(path)
        wallet.say(Level.HALTED)
        assert (await refusal(signer, TRADE)).rule == "halted"
        wallet.say(Level.ACTIVE, epoch=EPOCH + 2)
        assert (await refusal(signer, TRADE)).rule == "epoch"
        await signer.sign(TRADE, halt_epoch=EPOCH + 2)
        signer.close()


async def test_it_is_found_again_when_it_was_started_anew(wallet: Wallet, path: Path) -> None:
    """Its record too: what it signed before is signed again, nothing else of that number."""
    signer = client(path)
    async with service(wallet, path):
        first = await signer.sign(TRADE, halt_epoch=EPOCH)
    with pytest.raises(SignerUnreachable, match=r"signer.sock: nobody answers \(No such file or directory\); start it"):
        await signer.sign(TRADE, halt_epoch=EPOCH)
    async with service(wallet, path):
        assert await signer.sign(TRADE, halt_epoch=EPOCH) == first
    async with service(wallet, path):  # the connection that is kept has ended
        assert (await refusal(signer, attrs.evolve(TRADE, data=b"other"))).rule == "nonce"
        signer.close()


async def test_many_ask_at_once(wallet: Wallet, path: Path) -> None:
    """One client's wishes are answered one after the other, several clients' too."""
    done: list[bytes] = []
    async with service(wallet, path):
        clients = [client(path) for _ in range(4)]

        async def sign(nonce: int) -> None:
            signed = await clients[nonce % 4].sign(attrs.evolve(TRADE, nonce=nonce), halt_epoch=EPOCH)
            done.append(signed.hash)

        async with trio.open_nursery() as nursery:
            for nonce in range(40):
                nursery.start_soon(sign, nonce)
        assert len(set(done)) == 40
        for one in clients:
            one.close()


async def test_its_socket_is_for_its_user_alone(wallet: Wallet, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with service(wallet, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        monkeypatch.setattr(signer_service, "peer_user", lambda _connection: 4_000_000)
        with pytest.raises(SignerUnreachable, match="user 4000000 is not among those whom it serves"):
            await client(path).check()
    async with service(wallet, path, Clients(frozenset({4_000_000}), os.getgid())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        signer = client(path)
        await signer.check()
        signer.close()


async def test_two_signers_do_not_share_a_socket(wallet: Wallet, path: Path) -> None:
    second = attrs.evolve(wallet, terms=attrs.evolve(wallet.terms, record_folder=wallet.folder / "second"))
    async with service(wallet, path):
        with pytest.RaisesGroup(AddressInUse, flatten_subgroups=True):
            async with service(second, path):
                pass


async def test_who_comes_beyond_the_last_place_is_turned_away(wallet: Wallet, path: Path) -> None:
    """Who is in stays in: the daemon's connection cannot be pushed out."""
    async with service(wallet, path):
        clients = [client(path) for _ in range(MOST_CONNECTIONS)]
        for one in clients:
            await one.check()
        with pytest.raises(SignerUnreachable, match="it serves 16 others already"):
            await client(path).check()
        await clients[0].sign(TRADE, halt_epoch=EPOCH)
        for one in clients:
            one.close()


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 4,
        (5).to_bytes(4, "big") + b"\xc1\xc1\xc1\xc1\xc1",
        (50).to_bytes(4, "big") + b"cut",
        struct.pack(">I", len(body := msgspec.msgpack.encode(Welcome(1, 1, b"")))) + body,
        struct.pack(">I", len(body := msgspec.msgpack.encode({"is": "sign", "unsigned": b"", "more": 1}))) + body,
        b"",
    ],
)
async def test_hostile_bytes_end_their_own_connection_only(wallet: Wallet, path: Path, said: bytes) -> None:
    async with service(wallet, path):
        good = client(path)
        await good.check()
        async with connected(path) as connection:
            assert isinstance(await receive_frame(connection), Welcome)
            await connection.send_all(said)
            await connection.send_eof()
            with trio.fail_after(60), suppress(trio.BrokenResourceError):  # it hangs up with bytes unread
                assert await receive_frame(connection) is None
        await good.sign(TRADE, halt_epoch=EPOCH)
        good.close()


@pytest.mark.parametrize("unsigned", [b"", b"\x01abc", TYPE + b"\xc0", b"\x02" + b"\xff" * 100])
async def test_bytes_that_are_no_transaction_are_refused(wallet: Wallet, path: Path, unsigned: bytes) -> None:
    async with service(wallet, path), connected(path) as connection:
        await receive_frame(connection)
        await send_frame(connection, Ask(unsigned, EPOCH))
        answer = await receive_frame(connection)
    assert isinstance(answer, Refused)
    assert answer.rule == "transaction"


async def test_a_halt_while_the_disk_writes_is_not_overtaken(
    wallet: Wallet, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(descriptor: int) -> None:
        wallet.say(Level.HALTED)

    monkeypatch.setattr("alphapulse.signing.signing_record.os.fdatasync", slow)
    async with service(wallet, path):
        signer = client(path)
        assert (await refusal(signer, TRADE)).rule == "halted"
        signer.close()


async def test_a_record_that_cannot_be_written_is_told(
    wallet: Wallet, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("alphapulse.signing.signing_record.os.fdatasync", broken)
    async with service(wallet, path):
        signer = client(path)
        with pytest.raises(SigningRecordError, match="was not written: Input/output error"):
            await signer.sign(TRADE, halt_epoch=EPOCH)
        signer.close()


async def test_a_fault_of_the_signer_is_told_without_its_words(
    wallet: Wallet, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError(f"a key: {KEY.reveal().hex()}")

    monkeypatch.setattr("alphapulse.signing.guarded_key.check_halt", fault)
    async with service(wallet, path):
        signer = client(path)
        with pytest.raises(SignerUnreachable, match="a fault in the signer, see its log: RuntimeError") as told:
            await signer.sign(TRADE, halt_epoch=EPOCH)
        assert KEY.reveal().hex() not in str(told.value)


WELCOME = Welcome(VERSION, 137, KEY.address)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((b"",), "expected a welcome, found none"),
        ((Welcome(2, 137, KEY.address),), "expected version 1, found 2"),
        (
            (Welcome(VERSION, 1, KEY.address),),
            "expected it to sign for 0x6370.* on chain 137, found 0x6370.* on chain 1",
        ),
        ((Welcome(VERSION, 137, OTHER.address),), "expected it to sign for 0x6370"),
        ((Refused("a", "b", "c"),), "expected a welcome"),
        ((Failed("not for you", is_record=False),), "signer.sock: not for you"),
        ((b"HTTP/1.1 400 Bad Request\r\n",), "expected a frame of at most"),
        ((WELCOME, b""), "it hung up"),
        ((WELCOME, WELCOME), "expected an answer, found another frame"),
        ((WELCOME, b"\0\0\0\5abc"), "expected 5 bytes, found the end after 3"),
        ((WELCOME, Signed(b"rubbish")), "expected a signed transaction, found other bytes"),
        ((WELCOME, Signed(OTHER.sign(TRADE).raw)), "signed by its key, found another"),
        ((WELCOME, Signed(KEY.sign(CANCEL).raw)), "the transaction that was asked for"),
    ],
)
async def test_what_is_not_the_account_s_signature_is_not_believed(
    tmp_path: Path, answers: tuple[Frame | bytes, ...], words: str
) -> None:
    path = tmp_path / "signer.sock"
    async with impostor(path, *answers):
        with pytest.raises(SignerUnreachable, match=words):
            await client(path).sign(TRADE, halt_epoch=EPOCH)


async def test_an_answer_that_does_not_come_is_waited_for_until_the_deadline(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Also by those who wait behind the first; the connection on which it may still come is not used again."""
    path = tmp_path / "signer.sock"
    ended: list[float] = []
    async with impostor(path, WELCOME, b"\0", then=trio.sleep_forever):
        signer = client(path, deadline_s=2)

        async def ask() -> None:
            with pytest.raises(SignerUnreachable, match="no answer within 2 s"):
                await signer.sign(TRADE, halt_epoch=EPOCH)
            ended.append(trio.current_time())

        await signer.check()
        before = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            nursery.start_soon(ask)
        assert [moment - before for moment in ended] == [2, 2]
        assert signer._stream is None


async def test_who_does_not_finish_a_frame_is_not_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    """Between two frames a connection may be silent for days."""
    ours, theirs = trio.testing.memory_stream_pair()
    began = trio.current_time()
    await ours.send_all((5).to_bytes(4, "big") + b"ab")
    with pytest.raises(SignerUnreachable, match="expected 5 bytes within 2 s, found fewer"):
        await receive_frame(theirs)
    assert trio.current_time() - began == 2
    with trio.move_on_after(86_400):
        await receive_frame(theirs)
    assert trio.current_time() - began == 2 + 86_400


async def test_nobody_at_the_socket_is_said_at_once(tmp_path: Path) -> None:
    for path in (tmp_path / "none.sock", tmp_path):
        with pytest.raises(SignerUnreachable, match="nobody answers"):
            await client(path).check()
    with pytest.raises(SignerUnreachable, match=r"nobody answers \(No such file or directory\)"):
        await client(tmp_path / "no folder" / "signer.sock").check()


async def test_a_caller_that_is_cancelled_leaves_no_answer_behind(wallet: Wallet, path: Path) -> None:
    """The next wish gets its own answer, not that of the one before."""
    async with service(wallet, path):
        signer = client(path)
        await signer.check()
        for nonce in range(10):
            with trio.CancelScope() as scope:
                scope.cancel("a test")
                await signer.sign(attrs.evolve(TRADE, nonce=nonce), halt_epoch=EPOCH)
            transaction = attrs.evolve(TRADE, nonce=nonce + 20)
            assert (await signer.sign(transaction, halt_epoch=EPOCH)).transaction == transaction
        signer.close()

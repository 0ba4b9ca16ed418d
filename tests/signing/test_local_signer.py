"""A key in this process: opened from its files, held to its limits, and to what it has signed before."""

from __future__ import annotations

import errno
import os
import time
import traceback
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import attrs
import pytest
import trio

from alphapulse.composition.environment import Environment
from alphapulse.data.halts import Level
from alphapulse.errors import ConfigError, KeystoreError, SigningRecordError, SigningRefused
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction, read_signed
from alphapulse.signing.key_files import PasswordSource
from alphapulse.signing.opening import open_signer
from alphapulse.signing.signer import Signer, SignerKind
from alphapulse.signing.signer_terms import EnvironmentKey, KeystoreKey, SignerTerms
from alphapulse.signing.signing_record import FILE_SIZE, record_path
from tests.fakes.signers import SCALAR
from tests.signing.conftest import CANCEL, EPOCH, KEY, PASSWORD, TRADE, Wallet

pytestmark = pytest.mark.real_io
RUN_BLOCKING = Environment().run_blocking


def opened(terms: SignerTerms, **environ: str) -> AbstractAsyncContextManager[Signer]:
    return open_signer(terms, run_blocking=RUN_BLOCKING, now_ns=time.time_ns, environ=environ)


async def refusal(signer: Signer, transaction: DynamicFeeTransaction, epoch: int = EPOCH) -> str:
    with pytest.raises(SigningRefused) as refused:
        await signer.sign(transaction, halt_epoch=epoch)
    return refused.value.rule


async def test_a_keystore_signs(wallet: Wallet) -> None:
    async with opened(wallet.terms) as signer:
        signed = await signer.sign(TRADE, halt_epoch=EPOCH)
        assert (signer.address, signer.kind) == (KEY.address, SignerKind.KEYSTORE)
    assert read_signed(signed.raw) == (signed, KEY.address)
    assert signed.transaction == TRADE


async def test_a_limit_refuses_and_nothing_is_written_down(wallet: Wallet) -> None:
    async with opened(wallet.terms) as signer:
        assert await refusal(signer, attrs.evolve(TRADE, to=bytes(20))) == "destination"
        assert await refusal(signer, attrs.evolve(TRADE, cap_wei=5_001)) == "cap"
        await signer.sign(TRADE, halt_epoch=EPOCH)


async def test_the_latch_decides_at_each_signature(wallet: Wallet) -> None:
    """Its file is the truth, whatever the daemon believes: halted, locked, gone, broken, of another epoch."""
    latch = wallet.terms.latch
    async with opened(wallet.terms) as signer:
        wallet.say(Level.HALTED)
        assert await refusal(signer, TRADE) == "halted"
        await signer.sign(CANCEL, halt_epoch=EPOCH)
        wallet.say(Level.LOCKED)
        assert await refusal(signer, CANCEL) == "locked"
        wallet.say(Level.ACTIVE, epoch=EPOCH + 1)
        trade = attrs.evolve(TRADE, nonce=8)
        assert await refusal(signer, trade) == "epoch"
        await signer.sign(trade, halt_epoch=EPOCH + 1)
        latch.write_bytes(b"rot")
        assert await refusal(signer, trade, EPOCH + 1) == "halted"
        latch.unlink()
        assert await refusal(signer, trade, EPOCH + 1) == "halted"
        for level in (Level.REDUCING, Level.PROBATION, Level.ACTIVE):
            wallet.say(level)
            await signer.sign(trade, halt_epoch=EPOCH)
        wallet.terms.halt_file.touch()
        assert await refusal(signer, trade) == "halted"


async def test_a_number_is_protected_over_restarts(wallet: Wallet) -> None:
    """Whoever has lost his books and begins anew is told no."""
    async with opened(wallet.terms) as signer:
        first = await signer.sign(TRADE, halt_epoch=EPOCH)
    async with opened(wallet.terms) as signer:
        assert await refusal(signer, attrs.evolve(TRADE, data=b"other")) == "nonce"
        assert await signer.sign(TRADE, halt_epoch=EPOCH) == first
        await signer.sign(attrs.evolve(CANCEL, tip_wei=33, cap_wei=550), halt_epoch=EPOCH)
        assert await refusal(signer, TRADE) == "nonce"


async def test_two_processes_do_not_sign_for_one_account(wallet: Wallet) -> None:
    async with opened(wallet.terms):
        with pytest.raises(
            SigningRecordError, match="another process signs for 0x6370eF2f4Db3611D657b90667De398a2Cc2a370C"
        ):
            async with opened(wallet.terms):
                pass
    async with opened(wallet.terms):
        pass


@pytest.mark.parametrize("place", [0, 40, 128 * 8 + 5])
async def test_a_record_that_was_changed_is_not_believed(wallet: Wallet, place: int) -> None:
    async with opened(wallet.terms) as signer:
        await signer.sign(TRADE, halt_epoch=EPOCH)
    path = record_path(wallet.terms.record_folder, 137, KEY.address)
    data = bytearray(path.read_bytes())
    assert len(data) == FILE_SIZE
    data[place] ^= 1
    path.write_bytes(data)
    await expect_record_error(wallet.terms, "what was signed before is not known any more")


async def test_a_record_of_another_length_or_kind_is_not_believed(wallet: Wallet) -> None:
    path = record_path(wallet.terms.record_folder, 137, KEY.address)
    path.parent.mkdir()
    path.write_bytes(b"")
    await expect_record_error(wallet.terms, "expected the record of 0x6370")
    path.unlink()
    path.mkdir()
    await expect_record_error(wallet.terms, "cannot be opened: Is a directory")


async def test_the_record_is_for_its_owner_alone(wallet: Wallet) -> None:
    async with opened(wallet.terms):
        path = record_path(wallet.terms.record_folder, 137, KEY.address)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_what_cannot_be_written_down_is_not_signed(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even after the disk has recovered: what it holds is not known."""

    def full(descriptor: int, data: bytes, at: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with opened(wallet.terms) as signer:
        with monkeypatch.context() as broken:
            broken.setattr("alphapulse.signing.signing_record.os.pwrite", full)
            with pytest.raises(SigningRecordError, match="was not written: No space left on device"):
                await signer.sign(TRADE, halt_epoch=EPOCH)
        for transaction in (TRADE, CANCEL):
            with pytest.raises(SigningRecordError, match="start the signer anew"):
                await signer.sign(transaction, halt_epoch=EPOCH)
    async with opened(wallet.terms) as signer:
        await signer.sign(TRADE, halt_epoch=EPOCH)


async def test_a_halt_while_the_disk_writes_is_not_overtaken(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite

    def slow(descriptor: int, data: bytes, at: int) -> int:
        wallet.say(Level.HALTED)
        return write(descriptor, data, at)

    other = attrs.evolve(TRADE, data=b"other")
    async with opened(wallet.terms) as signer:
        with monkeypatch.context() as busy:
            busy.setattr("alphapulse.signing.signing_record.os.pwrite", slow)
            assert await refusal(signer, TRADE) == "halted"
        wallet.say(Level.ACTIVE)
        await signer.sign(other, halt_epoch=EPOCH)  # nothing was signed for the number
    async with opened(wallet.terms) as signer:
        assert await refusal(signer, TRADE) == "nonce"


async def test_many_that_ask_at_once_are_all_signed(wallet: Wallet) -> None:
    signed: list[SignedTransaction] = []
    async with opened(wallet.terms) as signer:

        async def sign(nonce: int) -> None:
            signed.append(await signer.sign(attrs.evolve(TRADE, nonce=nonce), halt_epoch=EPOCH))

        async with trio.open_nursery() as nursery:
            for nonce in range(50):
                nursery.start_soon(sign, nonce)
    assert {one.transaction.nonce for one in signed} == set(range(50))
    async with opened(wallet.terms) as signer:
        for nonce in range(50):
            assert await refusal(signer, attrs.evolve(TRADE, nonce=nonce, data=b"other")) == "nonce"


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("main.json", 0o644, "keystore: .*main.json: .*expected mode 0600, found 0644"),
        ("main.password", 0o640, "password: .*main.password: .*expected mode 0600, found 0640"),
    ],
)
async def test_a_file_that_others_can_read_is_refused(wallet: Wallet, name: str, mode: int, words: str) -> None:
    (wallet.folder / "keys" / name).chmod(mode)
    with pytest.raises(ConfigError, match=words):
        async with opened(wallet.terms):
            pass


@pytest.mark.parametrize("name", ["main.json", "main.password"])
async def test_a_file_that_is_missing_a_link_a_folder_or_in_an_open_folder_is_refused(
    wallet: Wallet, name: str
) -> None:
    path = wallet.folder / "keys" / name
    kept = path.with_suffix(".kept")
    path.rename(kept)
    await expect_config_error(wallet.terms, "expected a file, found none")
    path.symlink_to(kept)
    await expect_config_error(wallet.terms, "expected a readable file that is no link")
    path.unlink()
    path.mkdir()
    await expect_config_error(wallet.terms, "expected a regular file, found a folder")
    path.rmdir()
    kept.rename(path)
    path.parent.chmod(0o777)
    await expect_config_error(wallet.terms, "expected a folder that not everybody can write to")


async def expect_record_error(terms: SignerTerms, words: str) -> None:
    with pytest.raises(SigningRecordError, match=words):
        async with opened(terms):
            pass


async def expect_config_error(terms: SignerTerms, words: str, **environ: str) -> None:
    with pytest.raises(ConfigError, match=words):
        async with opened(terms, **environ):
            pass


def with_password(wallet: Wallet, source: PasswordSource) -> SignerTerms:
    return attrs.evolve(wallet.terms, key=KeystoreKey(wallet.folder / "keys" / "main.json", source))


async def test_a_password_comes_from_the_environment_too(wallet: Wallet) -> None:
    terms = with_password(wallet, PasswordSource(env="KEY_PASSWORD"))
    async with opened(terms, KEY_PASSWORD=PASSWORD) as signer:
        assert signer.address == KEY.address
    await expect_config_error(terms, "environment variable KEY_PASSWORD, found nothing")
    with pytest.raises(KeystoreError, match=r"main.json: expected the password of this keystore, found another"):
        async with opened(terms, KEY_PASSWORD=PASSWORD + "\n"):
            pass


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"\n", "found an empty file"), (b"\xff", "expected text in UTF-8"), (b"x" * 2_000, "at most 1024 bytes")],
)
async def test_a_password_file_that_holds_none_is_refused(wallet: Wallet, text: bytes, words: str) -> None:
    (wallet.folder / "keys" / "main.password").write_bytes(text)
    await expect_config_error(wallet.terms, words)


def test_a_password_has_one_source() -> None:
    for sources in ({}, {"file": Path("a"), "env": "B"}):
        with pytest.raises(ValueError, match="exactly one of"):
            PasswordSource(**sources)  # type: ignore[arg-type]


async def test_a_key_in_the_environment_is_used_by_consent_only(wallet: Wallet) -> None:
    terms = attrs.evolve(wallet.terms, key=EnvironmentKey("WALLET_KEY", accepted=True))
    async with opened(terms, WALLET_KEY="0x" + SCALAR.hex()) as signer:
        assert (signer.address, signer.kind) == (KEY.address, SignerKind.ENVIRONMENT)
    await expect_config_error(terms, "environment variable WALLET_KEY, found nothing")
    refused = attrs.evolve(wallet.terms, key=EnvironmentKey("WALLET_KEY", accepted=False))
    await expect_config_error(refused, "every process of this user can read the key", WALLET_KEY="0x" + SCALAR.hex())


async def test_no_error_and_no_log_shows_a_key_or_a_password(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails on the way from the files to the signature, with every traceback and its causes."""
    key, password = SCALAR.hex(), PASSWORD
    environment = attrs.evolve(wallet.terms, key=EnvironmentKey("WALLET_KEY", accepted=True))
    wrong = with_password(wallet, PasswordSource(env="KEY_PASSWORD"))
    shown: list[str] = []

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "a disk")

    for place in ("opening.opened_keystore", "opening.open_record", "signing_key.address_of", "opening.LatchView"):
        with monkeypatch.context() as broken:
            broken.setattr(f"alphapulse.signing.{place}", fail)
            for terms in (wallet.terms, environment):
                try:
                    async with opened(terms, WALLET_KEY=key):
                        pass
                except (OSError, ExceptionGroup) as error:
                    shown.append(words_of(error))
    for terms, variable in ((wrong, f"{password}x"), (environment, f"{key}00")):
        with pytest.raises((KeystoreError, ConfigError)) as refused:
            async with opened(terms, KEY_PASSWORD=variable, WALLET_KEY=variable):
                pass
        shown.append(words_of(refused.value))
    assert len(shown) >= 8
    text = "\n".join((*shown, caplog.text))
    assert password not in text
    assert key not in text


def words_of(error: BaseException) -> str:
    return "\n".join((str(error), repr(error), *traceback.format_exception(error)))

"""Keystores: ours open with other programs, theirs open here, and nothing else does."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, Literal

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.errors import KeystoreError
from alphapulse.rules.evm.secp256k1 import ORDER
from alphapulse.secret import SHOWN, Secret, masked
from alphapulse.signing.keystore import keystore_address, opened_keystore, sealed_keystore
from alphapulse.signing.signing_key import SigningKey
from tests.fakes.signers import SCALAR

KEY = SigningKey(SCALAR)
PASSWORD = "correct horse Bäckerei 🔑"
CHEAP = 2
"""The cost of a guess in tests; a real one takes half a second."""
Fields = dict[str, Any]


def chance(size: int) -> bytes:
    return bytes(range(100, 100 + size))


def sealed(password: str = PASSWORD, key: SigningKey = KEY) -> Fields:
    text = sealed_keystore(key, Secret(password), chance=chance, scrypt_n=CHEAP)
    return dict(json.loads(text))


def opened(fields: Fields, password: str = PASSWORD) -> SigningKey:
    return opened_keystore(json.dumps(fields).encode(), Secret(password))


@settings(max_examples=15, deadline=None)
@given(st.integers(1, ORDER - 1), st.text(max_size=20).filter(str.isprintable))
def test_what_was_sealed_is_opened_here_and_by_eth_account(scalar: int, password: str) -> None:
    key = SigningKey(scalar.to_bytes(32, "big"))
    text = sealed_keystore(key, Secret(password), chance=chance, scrypt_n=CHEAP)
    assert opened_keystore(text, Secret(password)).reveal() == key.reveal()
    assert Account.decrypt(text.decode(), password) == key.reveal()
    assert keystore_address(text) == key.address


@pytest.mark.parametrize("kdf", ["scrypt", "pbkdf2"])
def test_what_eth_account_has_sealed_is_opened(kdf: Literal["scrypt", "pbkdf2"]) -> None:
    theirs = Account.encrypt(SCALAR, PASSWORD, kdf=kdf, iterations=2)
    assert opened(theirs).address == KEY.address
    assert opened({**theirs, "Crypto": theirs["crypto"], "address": "0x" + theirs["address"]}).address == KEY.address
    with pytest.raises(KeystoreError, match="expected the password of this keystore, found another"):
        opened(theirs, PASSWORD + " ")


STANDARD: Fields = {
    "pbkdf2": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "scrypt": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf": "scrypt",
        "kdfparams": {
            "dklen": 32,
            "n": 262144,
            "r": 1,
            "p": 8,
            "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
        },
        "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    },
}
"""The two examples of the definition of Web3 Secret Storage."""


@pytest.mark.slow
@pytest.mark.parametrize("kdf", ["pbkdf2", "scrypt"])
def test_the_examples_of_the_definition_are_opened(kdf: str) -> None:
    key = opened({"crypto": STANDARD[kdf], "version": 3, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6"}, "testpassword")
    assert key.reveal().hex() == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


@pytest.mark.slow
def test_the_usual_cost_is_that_of_geth() -> None:
    text = sealed_keystore(KEY, Secret(PASSWORD), chance=chance)
    assert json.loads(text)["crypto"]["kdfparams"]["n"] == 262_144
    assert Account.decrypt(text.decode(), PASSWORD) == SCALAR


@pytest.mark.parametrize("field", ["ciphertext", "mac", "iv", "salt"])
def test_a_changed_file_is_not_opened(field: str) -> None:
    fields = sealed()
    crypto: Fields = fields["crypto"]
    places: dict[str, Fields] = {"iv": crypto["cipherparams"], "salt": crypto["kdfparams"]}
    place = places.get(field, crypto)
    place[field] = ("1" if place[field][0] == "0" else "0") + place[field][1:]
    # The first block of the key stream follows from the vector alone: its change is seen by the address.
    words = "address: expected that of the key inside" if field == "iv" else "expected the password of this keystore"
    with pytest.raises(KeystoreError, match=words):
        opened(fields)


def test_another_s_address_is_not_believed() -> None:
    with pytest.raises(KeystoreError, match="address: expected that of the key inside, found another"):
        opened({**sealed(), "address": "00" * 20})


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("version",), 4, "version: expected 3, found 4"),
        (("version",), "3", "Expected `int`"),
        (("crypto",), "x", "Expected `object`"),
        (("crypto", "cipher"), "aes-256-gcm", "cipher: expected aes-128-ctr"),
        (("crypto", "kdf"), "argon2", "kdf: expected scrypt or pbkdf2"),
        (("crypto", "ciphertext"), "zz", "ciphertext: expected hex digits"),
        (("crypto", "mac"), "é", "mac: expected hex digits"),
        (("crypto", "kdfparams", "salt"), 5, "kdfparams.salt: expected hex digits"),
        (("crypto", "kdfparams", "dklen"), 16, "kdfparams.dklen: expected 32, found 16"),
        (("crypto", "kdfparams", "n"), 3, "n as a power of two"),
        (("crypto", "kdfparams", "n"), 1, "n as a power of two"),
        (("crypto", "kdfparams", "n"), 2**40, "n as a power of two"),
        (("crypto", "kdfparams", "p"), 2**40, "n as a power of two"),
        (("crypto", "kdfparams", "r"), True, "kdfparams.r: expected a whole number"),
        (("crypto", "kdfparams", "n"), "2", "kdfparams.n: expected a whole number"),
    ],
)
def test_a_keystore_that_cannot_be_is_refused(path: tuple[str, ...], value: object, words: str) -> None:
    """Also one that would keep the machine busy for an hour."""
    fields = sealed()
    place = fields
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(KeystoreError, match=words):
        opened(fields)


def test_many_rounds_are_refused_too() -> None:
    theirs = Account.encrypt(SCALAR, PASSWORD, kdf="pbkdf2", iterations=2)
    for name, value in (("c", 10**9), ("c", 0), ("prf", "hmac-md5")):
        fields = copy.deepcopy(theirs)
        fields["crypto"]["kdfparams"][name] = value
        with pytest.raises(KeystoreError, match=f"kdfparams.{name}: expected"):
            opened(fields)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b'"' + SCALAR.hex().encode() + b'"', b"x" * 20_000])
def test_other_files_are_refused_and_not_repeated(text: bytes) -> None:
    for read in (keystore_address, lambda other: opened_keystore(other, Secret(PASSWORD))):
        with pytest.raises(KeystoreError, match="expected a keystore") as refused:
            read(text)
        assert SCALAR.hex() not in str(refused.value)
        assert refused.value.__cause__ is None


@given(st.binary(max_size=40))
def test_any_bytes_are_a_keystore_or_refused(data: bytes) -> None:
    with pytest.raises(KeystoreError):
        opened_keystore(data, Secret(PASSWORD))


def test_a_key_is_shown_nowhere_and_copied_nowhere() -> None:
    key = SigningKey(SCALAR)
    assert repr(key) == f"SigningKey({Account.from_key(SCALAR).address})"
    assert masked(f"oh: {SCALAR.hex()}") == f"oh: {SHOWN}"
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="was a key; it stays where it is"):
            copied(key)


@pytest.mark.parametrize("scalar", [bytes(32), ORDER.to_bytes(32, "big"), bytes(31), bytes(33), b""])
def test_what_is_no_key_is_refused(scalar: bytes) -> None:
    with pytest.raises(KeystoreError, match="between 0 and the order of the curve"):
        SigningKey(scalar)


def test_a_key_is_read_from_its_digits() -> None:
    for text in (SCALAR.hex(), f" 0x{SCALAR.hex().upper()}\n"):
        assert SigningKey.from_text(Secret(text)).address == KEY.address
    for text in ("", "0x", SCALAR.hex()[:-1], SCALAR.hex()[:-2], SCALAR.hex() + "00", "g" + SCALAR.hex()[1:]):
        with pytest.raises(KeystoreError) as refused:
            SigningKey.from_text(Secret(text))
        assert SCALAR.hex()[1:-2] not in str(refused.value)
        assert refused.value.__cause__ is None

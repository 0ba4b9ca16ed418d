"""Keys encrypted with a password: Web3 Secret Storage, version 3, as geth, eth-account and others write it.

https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from alphapulse.errors import KeystoreError
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.secret import Secret
from alphapulse.signing.signing_key import SigningKey

VERSION = 3
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 18, 8, 1
"""Geth's standard: half a second, and 256 MiB that whoever guesses must have for each guess."""
MOST_SCRYPT_BYTES = 1 << 30
"""Memory that a file may ask for: 128 * n * r."""
MOST_SCRYPT_WORK = 1 << 26
"""n * r * p, thirty times geth's standard: beyond, a file only wants to keep us busy."""
MOST_ROUNDS = 10_000_000
DERIVED_SIZE = 32
KEY_SIZE = 16
SALT_SIZE = 32
IV_SIZE = 16
MOST_BYTES = 16_384
"""Of a file; usual ones have 500."""


class _CipherParams(msgspec.Struct):
    iv: str


class _Crypto(msgspec.Struct):
    cipher: str
    ciphertext: str
    cipherparams: _CipherParams
    kdf: str
    kdfparams: dict[str, Any]
    mac: str


class _Keystore(msgspec.Struct):
    version: int
    crypto: _Crypto
    id: str = ""
    address: str = ""


def sealed_keystore(
    key: SigningKey, password: Secret, *, chance: Callable[[int], bytes], scrypt_n: int = SCRYPT_N
) -> bytes:
    """The text of a keystore. Blocks for half a second.

    Args:
        key: what to seal.
        password: who knows it can open the keystore.
        chance: so many bytes that nobody can foretell.
        scrypt_n: the cost of a guess; a power of two.
    """
    salt, iv = chance(SALT_SIZE), chance(IV_SIZE)
    derived = _scrypt(password, salt, scrypt_n, SCRYPT_R, SCRYPT_P)
    ciphertext = _ctr(derived[:KEY_SIZE], iv, key.reveal())
    store = _Keystore(
        version=VERSION,
        id=str(uuid.UUID(bytes=chance(16), version=4)),
        address=key.address.hex(),
        crypto=_Crypto(
            cipher="aes-128-ctr",
            ciphertext=ciphertext.hex(),
            cipherparams=_CipherParams(iv=iv.hex()),
            kdf="scrypt",
            kdfparams={"dklen": DERIVED_SIZE, "n": scrypt_n, "r": SCRYPT_R, "p": SCRYPT_P, "salt": salt.hex()},
            mac=keccak256(derived[KEY_SIZE:] + ciphertext).hex(),
        ),
    )
    return msgspec.json.format(msgspec.json.encode(store), indent=1) + b"\n"


def opened_keystore(text: bytes, password: Secret) -> SigningKey:
    """The key of a keystore. Blocks for as long as its file wants, which is bounded.

    Raises:
        KeystoreError: the text is no keystore that can be read, the password is wrong, or the key is another's.
    """
    store = _read(text)
    crypto = store.crypto
    if crypto.cipher != "aes-128-ctr":
        raise KeystoreError(f"cipher: expected aes-128-ctr, found {crypto.cipher[:40]!r}")
    derived = _derived(crypto, password)
    ciphertext, iv = _bytes("ciphertext", crypto.ciphertext), _bytes("cipherparams.iv", crypto.cipherparams.iv)
    mac = keccak256(derived[KEY_SIZE : 2 * KEY_SIZE] + ciphertext)
    if not hmac.compare_digest(mac, _bytes("mac", crypto.mac)):
        raise KeystoreError("expected the password of this keystore, found another; or the file was changed")
    if len(iv) != IV_SIZE:
        raise KeystoreError(f"cipherparams.iv: expected {IV_SIZE} bytes, found {len(iv)}")
    key = SigningKey(_ctr(derived[:KEY_SIZE], iv, ciphertext))
    if store.address and _bytes("address", store.address) != key.address:
        raise KeystoreError("address: expected that of the key inside, found another; the file was changed")
    return key


def keystore_address(text: bytes) -> bytes | None:
    """The address that a keystore says is its key's; None if it says none. It is believed only once it was opened.

    Raises:
        KeystoreError: the text is no keystore that can be read.
    """
    said = _read(text).address
    return _bytes("address", said) if said else None


def _read(text: bytes) -> _Keystore:
    if len(text) > MOST_BYTES:
        raise KeystoreError(f"expected a keystore of at most {MOST_BYTES} bytes, found {len(text)}")
    try:
        raw = msgspec.json.decode(text, type=dict[str, Any])
        # Some programs write `Crypto`.
        store = msgspec.convert({name.lower(): value for name, value in raw.items()}, _Keystore)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # Not chained, and only what was expected: a wrong file may hold a key in plain text.
        problem = str(error) if isinstance(error, msgspec.ValidationError) else "no JSON"
        raise KeystoreError(f"expected a keystore (Web3 Secret Storage, version 3), found: {problem}") from None
    if store.version != VERSION:
        raise KeystoreError(f"version: expected {VERSION}, found {store.version}")
    return store


def _derived(crypto: _Crypto, password: Secret) -> bytes:
    params = crypto.kdfparams
    salt = _bytes("kdfparams.salt", params.get("salt"))
    if _number(params, "dklen") != DERIVED_SIZE:
        raise KeystoreError(f"kdfparams.dklen: expected {DERIVED_SIZE}, found {params['dklen']}")
    if crypto.kdf == "scrypt":
        return _scrypt(password, salt, *(_number(params, name) for name in ("n", "r", "p")))
    if crypto.kdf == "pbkdf2":
        if params.get("prf") != "hmac-sha256":
            raise KeystoreError("kdfparams.prf: expected hmac-sha256, found another")
        rounds = _number(params, "c")
        if rounds > MOST_ROUNDS:
            raise KeystoreError(f"kdfparams.c: expected at most {MOST_ROUNDS}, found {rounds}")
        return hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), salt, rounds, DERIVED_SIZE)
    raise KeystoreError(f"kdf: expected scrypt or pbkdf2, found {crypto.kdf[:40]!r}")


def _scrypt(password: Secret, salt: bytes, n: int, r: int, p: int) -> bytes:
    if n < 2 or n & (n - 1) or 128 * n * r > MOST_SCRYPT_BYTES or n * r * p > MOST_SCRYPT_WORK:
        raise KeystoreError(
            f"kdfparams: expected n as a power of two, 128*n*r of at most {MOST_SCRYPT_BYTES} and n*r*p of at most "
            f"{MOST_SCRYPT_WORK}, found n {n}, r {r}, p {p}"
        )
    # Not OpenSSL's, as hashlib has it: it refuses the definition's own example (n = 2^18 with r = 1).
    from Crypto.Protocol.KDF import scrypt  # noqa: PLC0415 - opened once, and the library brings cffi along

    try:
        derived: bytes = scrypt(password.reveal().encode(), salt, DERIVED_SIZE, n, r, p)  # type: ignore[arg-type,assignment]
    except (ValueError, MemoryError) as error:
        raise KeystoreError(f"kdfparams: scrypt with n {n}, r {r}, p {p} cannot be computed here: {error}") from None
    return derived


def _ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    from Crypto.Cipher import AES  # noqa: PLC0415 - as above

    result: bytes = AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=iv).encrypt(data)
    return result


def _number(params: dict[str, Any], name: str) -> int:
    value = params.get(name)
    if type(value) is not int or value < 1:
        raise KeystoreError(f"kdfparams.{name}: expected a whole number of at least 1, found another value")
    return value


def _bytes(name: str, text: object) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x") if isinstance(text, str) else "?")
    except ValueError:
        raise KeystoreError(f"{name}: expected hex digits, found other characters") from None

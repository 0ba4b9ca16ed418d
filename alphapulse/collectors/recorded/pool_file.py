"""The pool file of a recording: which pools are believed, with their tokens and fees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import msgspec

from alphapulse.data.chains import CHAINS, Chain
from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId, Venue
from alphapulse.data.pools import PAIR_KINDS, Pool, PoolKind, Token
from alphapulse.errors import PoolFileError
from alphapulse.rules.amm.tick_math import MAX_TICK
from alphapulse.rules.arbitrage.pair import PPM
from alphapulse.rules.discovery.pool_info import pool_name

KINDS = {
    "v3": PoolKind.V3,
    "v2": PoolKind.V2,
    "algebra": PoolKind.ALGEBRA,
    "solidly_volatile": PoolKind.SOLIDLY_VOLATILE,
    "solidly_stable": PoolKind.SOLIDLY_STABLE,
}
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


class _TokenEntry(msgspec.Struct):
    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]


class _PoolEntry(msgspec.Struct):
    address: str
    token0: str
    token1: str
    fee_ppm: Annotated[int, msgspec.Meta(ge=0, lt=PPM)] | None = None
    tick_spacing: Annotated[int, msgspec.Meta(gt=0, le=MAX_TICK)] | None = None
    name: str = ""
    kind: str = "v3"
    venue: str = ""


class _Document(msgspec.Struct, rename={"chain_id": "chainId"}):
    chain_id: int
    pools: Annotated[list[_PoolEntry], msgspec.Meta(min_length=1)]
    tokens: dict[str, _TokenEntry]


def load_pools(path: Path) -> tuple[Pool, ...]:
    """The pools in a JSON file of the form `{"chainId", "pools": [...], "tokens": {address: {...}}}`.

    A pool of kind `v2` has no `tick_spacing`, one of kind `algebra` no `fee_ppm`: its fee is dynamic.

    Raises:
        PoolFileError: the file is missing or no JSON, or says something impossible of a pool or a token.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PoolFileError(f"expected a pool file at {path}, found: {error.strerror}") from error
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        problem = str(error).replace(", got ", ", found ")
        raise PoolFileError(f"{path}: no pool file: {problem}") from error
    try:
        return _pools(document)
    except ValueError as error:
        raise PoolFileError(f"{path}: {error}") from error


def _pools(document: _Document) -> tuple[Pool, ...]:
    chain = CHAINS.get(document.chain_id)
    if chain is None:
        known = ", ".join(map(str, sorted(CHAINS)))
        raise ValueError(f"chainId: expected a chain that is known ({known}), found {document.chain_id}")
    tokens: dict[bytes, Token] = {}
    for text, entry in document.tokens.items():
        address = _address(text, "tokens")
        if address in tokens:
            raise ValueError(f"tokens: {text} is listed twice")
        tokens[address] = Token(address, entry.symbol, entry.decimals)
    pools: dict[bytes, Pool] = {}
    for index, pool in enumerate(document.pools):
        where = f"pools[{index}]"
        address = _address(pool.address, f"{where}.address")
        token0, token1 = (_token(tokens, getattr(pool, side), f"{where}.{side}") for side in ("token0", "token1"))
        if token0.address >= token1.address:
            raise ValueError(f"{where}: expected token0 below token1, as on chain; they are swapped or equal")
        if pool.kind not in KINDS:
            raise ValueError(f"{where}.kind: expected {' or '.join(KINDS)}, found {pool.kind!r}")
        kind = KINDS[pool.kind]
        _check_terms(pool, kind, where)
        venue = _venue(pool.venue, chain, f"{where}.venue")
        if address in pools:
            raise ValueError(f"{where}.address: {pool.address} is listed twice")
        name = pool.name or pool_name(token0.symbol, token1.symbol, pool.fee_ppm)
        pools[address] = Pool(
            InstrumentId.from_pool_address(address, venue),
            kind,
            name,
            token0,
            token1,
            pool.fee_ppm,
            pool.tick_spacing,
        )
    return tuple(pools.values())


def _check_terms(pool: _PoolEntry, kind: PoolKind, where: str) -> None:
    """A fee where it is fixed, a spacing where there are ticks, and none where there is none."""
    for field, told, expected in (
        ("fee_ppm", pool.fee_ppm is not None, kind is not PoolKind.ALGEBRA),
        ("tick_spacing", pool.tick_spacing is not None, kind not in PAIR_KINDS),
    ):
        if told is not expected:
            verb = "expected one" if expected else "expected none"
            raise ValueError(f"{where}.{field}: {verb} for a pool of kind {pool.kind}, found {getattr(pool, field)}")


def _venue(text: str, chain: Chain, where: str) -> Venue:
    """The venue that a pool belongs to, such as `uniswap_v3`; by default the chain's own."""
    if not text:
        return chain.venue
    known = {venue.name.lower(): venue for venue, chain_id in CHAIN_OF_VENUE.items() if chain_id == chain.chain_id}
    if text not in known:
        raise ValueError(f"{where}: expected a venue on {chain.name} ({', '.join(known)}), found {text!r}")
    return known[text]


def _token(tokens: dict[bytes, Token], text: str, where: str) -> Token:
    token = tokens.get(_address(text, where))
    if token is None:
        raise ValueError(f"{where}: {text} has no entry under tokens; its decimals are never guessed")
    return token


def _address(text: str, where: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def parse_address(text: str) -> bytes:
    """The 20 bytes of a `0x…` address, in lower case or with its checksum. Raises ValueError if it is none or zero."""
    if not _ADDRESS.fullmatch(text) or not int(text, 16):
        raise ValueError(f"expected an address of 0x and 40 hex digits that is not zero, found {text!r}")
    return bytes.fromhex(text[2:])

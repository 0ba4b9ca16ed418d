"""The pool cache: what was saved comes back, a crash leaves a whole file, what is wrong is told and kept aside."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.collectors.evm.pool_cache import FORM, PoolCache
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pool_cache import PoolCacheHeader, PoolInfo
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.data.wire import Source
from alphapulse.errors import PoolCacheError
from alphapulse.rules.discovery.pool_info import info_of, pool_of
from alphapulse.rules.wire.codec import encode_message

NOW_NS = 1_704_412_800_000_000_000


@cache
def infos(count: int) -> tuple[PoolInfo, ...]:
    """Pools of all kinds."""
    return tuple(info_of(_pool(number), NOW_NS, NOW_NS + number) for number in range(1, count + 1))


def _pool(number: int) -> Pool:
    terms = {0: (PoolKind.V2, 3000, None), 1: (PoolKind.V3, 500, 10), 2: (PoolKind.ALGEBRA, None, 60)}
    kind, fee_ppm, spacing = terms[number % 3]
    id_ = InstrumentId.from_pool_address(number.to_bytes(20, "big"), Venue.QUICKSWAP)
    tokens = Token(b"\1" * 20, "USDC", 6), Token(b"\2" * 20, "WETH", 18)
    fee = {3000: "0.30%", 500: "0.05%", None: "dynamic"}[fee_ppm]
    return Pool(id_, kind, f"USDC/WETH {fee}", *tokens, fee_ppm, spacing)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pools-137.cache"


def test_what_was_saved_comes_back_and_so_do_the_pools(path: Path) -> None:
    cached = PoolCache(path, 137)
    assert cached.load().pools == ()
    for count in (3, 0, 7):
        cached.save(infos(count), NOW_NS)
        found = cached.load()
        assert (found.pools, found.problem) == (infos(count), "")
    assert [pool_of(info) for info in infos(7)] == [_pool(number) for number in range(1, 8)]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600


def damaged(path: Path, data: bytes) -> tuple[tuple[PoolInfo, ...], str]:
    path.write_bytes(data)
    cached = PoolCache(path, 137)
    found = cached.load()
    assert not path.exists()
    assert cached.aside.read_bytes() == data
    assert str(path) in found.problem
    assert "made again" in found.problem
    return found.pools, found.problem


def test_what_is_wrong_is_told_and_kept_aside_and_whole_pools_are_used(path: Path) -> None:
    cached = PoolCache(path, 137)
    cached.save(infos(5), NOW_NS)
    whole = path.read_bytes()
    cached.save(infos(4), NOW_NS)
    size = len(path.read_bytes())
    assert damaged(path, b"") == ((), _told(path, "is empty"))
    assert damaged(path, whole[:-3]) == (infos(4), _told(path, "is damaged; 4 of 5 pools in it are whole"))
    assert damaged(path, whole[:size]) == (infos(4), _told(path, "is damaged; 4 of 5 pools in it are whole"))
    bent = bytearray(whole)
    bent[size + 40] ^= 1
    assert damaged(path, bytes(bent))[0] == infos(4)
    bent = bytearray(whole)
    bent[40] ^= 1
    assert damaged(path, bytes(bent)) == (infos(5), _told(path, "is damaged at its beginning; 5 pools in it are whole"))
    assert damaged(path, whole + whole)[0] == infos(5) * 2
    assert damaged(path, b"hello")[0] == ()


def _told(path: Path, problem: str) -> str:
    return f"the pool cache {path} {problem}; it is kept as {path.name}.aside and made again"


def test_a_file_of_another_form_or_chain_is_not_used(path: Path) -> None:
    PoolCache(path, 1).save(infos(2), NOW_NS)
    assert damaged(path, path.read_bytes()) == ((), _told(path, "is of chain 1, 137 was expected"))
    header = PoolCacheHeader(137, 0, bytes(32), NOW_NS)
    newer = encode_message(header, source=Source.EVM, sequence=FORM + 1, timestamp_ns=NOW_NS)
    assert damaged(path, newer) == ((), _told(path, f"is of form {FORM + 1}, {FORM} was expected"))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_bytes_of_any_kind_are_no_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int) -> None:
    path = tmp_path_factory.getbasetemp() / "any.cache"
    cached = PoolCache(path, 137)
    cached.save(infos(3), NOW_NS)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + data + whole[at + len(data) :])
    assert set(cached.load().pools) <= set(infos(3))


def test_a_folder_that_cannot_be_used_is_told_and_the_old_file_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = PoolCache(path, 137)
    cached.save(infos(2), NOW_NS)

    def sick(descriptor: int) -> None:
        raise OSError(5, os.strerror(5))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sick)
        with pytest.raises(PoolCacheError, match="the old one is still there"):
            cached.save(infos(5), NOW_NS)
    assert cached.load().pools == infos(2)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    path.unlink()
    path.mkdir()
    with pytest.raises(PoolCacheError, match="can be read"):
        cached.load()


@pytest.mark.real_io
@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_file(path: Path) -> None:
    program = [sys.executable, "-m", "tests.collectors.evm.cache_until_killed", str(path)]
    root = Path(__file__).parents[3]
    for saves in (1, 2, 7, 30, 31, 32, 60):
        with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=root) as writer:
            assert writer.stdout is not None
            for _ in range(saves):
                assert writer.stdout.readline()
            writer.kill()
        found = PoolCache(path, 137).load()
        assert found.problem == ""
        assert found.pools == infos(len(found.pools))
        assert 200 <= len(found.pools) < 250


def test_a_pool_that_this_form_cannot_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="CURVE_STABLE"):
        info_of(attrs.evolve(_pool(1), kind=PoolKind.CURVE_STABLE), NOW_NS, NOW_NS)
    one = infos(1)[0]
    for tokens, fee_ppm in ((one.tokens[:1], 3000), (one.tokens, None)):
        with pytest.raises(ValueError, match="expected two tokens"):
            pool_of(PoolInfo(one.pool, one.protocol, tokens, fee_ppm, None, NOW_NS, NOW_NS))

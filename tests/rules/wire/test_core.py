"""The compiled core as it is built: what it serves, and what it leaves to pure Python."""

from __future__ import annotations

import importlib.util
import random
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build_core
from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import Record
from alphapulse.errors import ProtocolError
from alphapulse.rules.wire import pure
from alphapulse.rules.wire.codec import CORE
from alphapulse.rules.wire.cython_source import core_source
from alphapulse.rules.wire.signature import signature
from tests.rules.wire.hostile_input import damage
from tests.rules.wire.test_codec import Empty, Nested, Shelf
from tests.rules.wire.test_shapes import SHELVES, Shapes
from tests.rules.wire.wire_strategies import values
from tests.rules.wire.wire_vectors import sample

needs_core = pytest.mark.skipif(CORE is None, reason="the compiled core is missing, run `make core`")


@needs_core
def test_every_message_is_served() -> None:
    assert CORE is not None
    assert CORE.served() >= {*MESSAGES.values(), LogStamp}, "the core is older than the classes: run `make core`"


def test_the_source_is_the_same_each_time() -> None:
    assert core_source(MESSAGES.values()) == core_source(MESSAGES.values())


def test_a_signature_tells_everything_that_makes_bytes() -> None:
    assert signature(Shelf) == "Shelf(items:list[u8,3])"
    assert signature(PoolSwap).startswith("11/1 PoolSwap(stamp:LogStamp(block_number:u64,")
    assert "list[u16,ALPHAPULSE_MAX_SHELVES<=9]" in signature(Shapes)
    assert "Tone:u32(LOW=1,HIGH=70000)" in signature(Nested)


def test_without_a_compiler_the_core_is_left_out_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALPHAPULSE_PURE", raising=False)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build_core.LeftOut, match="no C compiler was found"):
        build_core.build(tmp_path)


def test_a_switch_leaves_the_core_out_and_removes_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALPHAPULSE_PURE", "1")
    monkeypatch.setattr("sys.argv", ["build_core.py", str(tmp_path)])
    old = [tmp_path / package / f"core{sysconfig.get_config_var('EXT_SUFFIX')}" for package in build_core.PACKAGES]
    for core in old:
        core.parent.mkdir(parents=True)
        core.touch()
    build_core.main()
    assert capsys.readouterr().out.endswith("was left out, pure Python serves: ALPHAPULSE_PURE is 1\n")
    assert not any(core.exists() for core in old)


def built(folder: Path, source: str) -> ModuleType:
    """A core of its own, beside the one that the program uses."""
    path = build_core.build(folder, source)
    spec = importlib.util.spec_from_file_location("alphapulse.rules.wire.core", path)
    assert spec is not None
    assert spec.loader is not None
    core = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(core)
    return core


SHAPES = (Empty, Nested, Shapes, Shelf)


@pytest.fixture(scope="module")
def shapes_core(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return built(tmp_path_factory.mktemp("core"), core_source(SHAPES))


@pytest.mark.slow
@needs_core
@pytest.mark.parametrize("cls", SHAPES)
@settings(max_examples=400)
@given(st.data(), st.randoms(use_true_random=False), st.integers(0, 9))
def test_every_shape_is_compiled(
    cls: type, shapes_core: ModuleType, data: st.DataObject, chance: random.Random, limit: int
) -> None:
    """Shapes that no message has yet are served, with the same bytes and the same errors."""
    value = data.draw(values(Record(cls)))
    encoded, before = pure.encode_value(value), SHELVES.limit
    assert cls in shapes_core.served()
    assert shapes_core.encode_value(value) == encoded
    assert repr(shapes_core.decode_value(cls, encoded)) == repr(value)
    spoilt = bytearray(encoded)
    damage(spoilt, chance)
    SHELVES.limit = limit
    try:
        assert answer(shapes_core, cls, bytes(spoilt)) == answer(pure, cls, bytes(spoilt))
    finally:
        SHELVES.limit = before


def answer(codec: ModuleType, cls: type, data: bytes) -> str:
    try:
        return repr(codec.decode_value(cls, data))
    except ProtocolError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.slow
@needs_core
def test_a_class_that_changed_since_the_build_is_left_to_pure_python(tmp_path: Path) -> None:
    """An old core never writes an old form; what embeds the class is left, too."""
    source = core_source([PoolSwap, Shelf])
    old = source.replace("received_ns:u64", "received_ns:u32")
    assert old != source
    core = built(tmp_path, old)
    assert core.served() == {Shelf}
    swap = sample(Record(PoolSwap), "between")
    assert core.encode_value(swap) == pure.encode_value(swap)
    assert core.decode_value(PoolSwap, pure.encode_value(swap)) == swap

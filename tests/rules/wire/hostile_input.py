"""Hostile input for the parsers of Protocol V2: `python -m tests.rules.wire.hostile_input [COUNT] [SEED]`.

Each input is raw chance, or a sound frame or value that was damaged where it hurts: lengths, counts, types, ends. Half
of the damaged frames are sealed again, so that what lies behind the checksum is reached. Every parser must give a value
or a ProtocolError, and the pure and the compiled codec the same one.
"""

from __future__ import annotations

import random
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

from alphapulse.data.wire import Domain, Record, Source
from alphapulse.errors import ProtocolError
from alphapulse.rules.wire import pure
from alphapulse.rules.wire.codec import CORE
from alphapulse.rules.wire.frame import Frame
from alphapulse.rules.wire.long_frame import TlvSequence
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import sample

SAMPLES: list[Any] = [
    sample(Record(cls), which, salt)
    for cls in MESSAGE_CLASSES
    for which, salt in (("least", 0), ("between", 1), ("between", 9), ("most", 0))
]
VALUES = [(type(message), pure.encode_value(message)) for message in SAMPLES]
FRAMES = [pure.encode_message(message, source=Source.EVM, sequence=7, timestamp_ns=8) for message in SAMPLES]
LINKS = (None, None, None, *Domain)
PARSERS = ("decode_frame", "decode_message", "decode_messages", "frame_spans")
EDGES = (0, 1, 2, 3, 31, 32, 33, 127, 128, 254, 255)
REPEATED = (1, 1, 1, 1, 1, 1, 1, 30)
"""How often a second message stands in a frame; often makes a long frame, of which some values are spoilt."""
EVERY = 100_000
VALUE = "a value"


def damage(data: bytearray, chance: random.Random) -> None:
    """One to four changes in place: a bit, a byte, a cut, a repetition, an insertion, an edge value."""
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data)) if data else 0
        match chance.randrange(6):
            case 0 if data:
                data[at] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[at] = chance.choice(EDGES)
            case 2:
                del data[at : at + chance.choice((1, 2, 8, len(data)))]
            case 3:
                data[at:at] = data[at : at + chance.randrange(1, 40)]
            case 4:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
            case _ if len(data) >= 2:
                at = chance.randrange(len(data) - 1)
                data[at : at + 2] = chance.choice((b"\xff\xff", b"\0\0", b"\xff\0", b"\0\x80", b"\1\0"))


def sealed_again(data: bytearray) -> None:
    """Let size and checksum of a frame be those of its bytes."""
    if len(data) >= 32:
        data[24:28] = (len(data) - 32).to_bytes(4, "little")
        data[28:32] = zlib.crc32(data[32:], zlib.crc32(data[:28])).to_bytes(4, "little")


def hostile_frame(chance: random.Random) -> bytes:
    """Bytes for a parser of frames."""
    kind = chance.randrange(8)
    if kind == 0:
        return chance.randbytes(chance.randrange(80))
    data = bytearray(chance.choice(FRAMES))
    if kind == 1:
        data += chance.choice(FRAMES)[32:] * chance.choice(REPEATED)
    if kind == 2:
        payload = bytearray(data[32:])
        damage(payload, chance)
        data[32:] = payload
    else:
        damage(data, chance)
    if chance.randrange(4):
        sealed_again(data)
    return bytes(data)


def hostile_value(chance: random.Random) -> tuple[type, bytes]:
    """A class, and bytes for its decoder."""
    cls, value = chance.choice(VALUES)
    if not chance.randrange(8):
        return cls, chance.randbytes(chance.randrange(120))
    data = bytearray(value)
    damage(data, chance)
    return cls, bytes(data)


def outcome(parse: Callable[..., Any], *arguments: Any, **links: Any) -> tuple[str, str]:
    """The kind of error, or "a value", and its text; anything but a value or a ProtocolError goes through."""
    try:
        found = parse(*arguments, **links)
    except ProtocolError as error:
        return type(error).__name__, f"{error} {getattr(error, '__notes__', '')}"
    return VALUE, repr(in_full(found))


def in_full(found: Any) -> Any:
    """What a parser gave, with everything that it makes only when asked."""
    if isinstance(found, TlvSequence):
        return list(found)
    return Frame(found.header, tuple(found.messages), tuple(found.unknown)) if isinstance(found, Frame) else found


def attack(
    count: int, seed: int, codecs: list[ModuleType], tell: Callable[[int], object] | None = None
) -> Counter[str]:
    """Give `count` inputs to every codec. Returns how often each kind of outcome came.

    Raises:
        AssertionError: two codecs differ, or a value was let in that is not what would have been written.
    """
    chance = random.Random(seed)
    tally: Counter[str] = Counter()
    for number in range(count):
        if number % 2:
            cls, data = hostile_value(chance)
            arguments: tuple[Any, ...] = (cls, data)
            name, links = "decode_value", {}
        else:
            data = hostile_frame(chance)
            arguments = (data if number % 4 else memoryview(data),)
            name = PARSERS[chance.randrange(len(PARSERS))]
            links = {"domain": chance.choice(LINKS)} if name != "frame_spans" else {}
        found = {outcome(getattr(codec, name), *arguments, **links) for codec in codecs}
        assert len(found) == 1, (name, data.hex(), found)
        ((kind, _),) = found
        tally[kind] += 1
        if name == "decode_value" and kind == VALUE:
            assert pure.encode_value(pure.decode_value(*arguments)) == data, (name, data.hex())
        if tell is not None and number % EVERY == EVERY - 1:
            tell(number + 1)
    return tally


def flip_bits(count: int, seed: int, codec: ModuleType) -> int:
    """Give `count` sound frames with one bit flipped to every parser of frames. Returns how many were let in."""
    chance = random.Random(seed)
    accepted = 0
    for number in range(count):
        data = bytearray(chance.choice(FRAMES))
        bit = chance.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        try:
            getattr(codec, PARSERS[number % len(PARSERS)])(bytes(data))
        except ProtocolError:
            continue
        accepted += 1
    return accepted


def main() -> None:
    """The long run."""
    given = [int(text) for text in sys.argv[1:3]]
    count, seed = (*given, *(10_000_000, 1)[len(given) :])
    codecs = [pure] if CORE is None else [pure, CORE]
    sys.stdout.write(f"{count} inputs, seed {seed}, codecs: {', '.join(codec.__name__ for codec in codecs)}\n")
    tally = attack(count, seed, codecs, lambda done: sys.stderr.write(f"\r{done}"))
    sys.stdout.write("\n" + "".join(f"{kind:>20} {number}\n" for kind, number in tally.most_common()))
    flips = count // 10
    for codec in codecs:
        accepted = flip_bits(flips, seed, codec)
        sys.stdout.write(f"{codec.__name__}: {flips} frames with one bit flipped, {accepted} accepted\n")


if __name__ == "__main__":
    main()

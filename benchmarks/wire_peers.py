"""The same Trades in MessagePack (msgspec) and Protocol Buffers (upb), with the same header fields and a checksum.

Each message is made from the same attrs object and read back field by field, as `benchmarks.wire` does it. Both carry
their checksum in four bytes behind the message.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from alphapulse.data.trades import Trade
from benchmarks.figures import Figure, millions_a_second

NOW_NS = 1_700_000_000_000_000_000
DOMAIN, SOURCE = 1, 2
FIELDS = descriptor_pb2.FieldDescriptorProto


class PackedTrade(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Header and Trade as one array, without names on the wire."""

    domain: int
    source: int
    sequence: int
    timestamp_ns: int
    venue: int
    asset_type: int
    kind: int
    body: bytes
    price_q8: int
    volume_q8: int
    execution_time_ns: int
    side: int


NUMBERED = {
    **dict.fromkeys(("domain", "source"), FIELDS.TYPE_UINT32),
    **dict.fromkeys(("sequence", "timestamp_ns"), FIELDS.TYPE_FIXED64),
    **dict.fromkeys(("venue", "asset_type", "kind"), FIELDS.TYPE_UINT32),
    "body": FIELDS.TYPE_BYTES,
    **dict.fromkeys(("price_q8", "volume_q8"), FIELDS.TYPE_SFIXED64),
    "execution_time_ns": FIELDS.TYPE_FIXED64,
    "side": FIELDS.TYPE_UINT32,
}


def msgpack_trades(trades: Sequence[Trade]) -> list[Figure]:
    """Msgspec's MessagePack."""
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(PackedTrade).decode
    return _peer("msgspec-msgpack", trades, PackedTrade, encode, decode)


def protobuf_trades(trades: Sequence[Trade]) -> list[Figure]:
    """Protocol Buffers; the message class is made here, no protoc is needed."""
    file = descriptor_pb2.FileDescriptorProto(name="trade.proto", package="benchmark", syntax="proto3")
    described = file.message_type.add(name="Trade")
    for number, (name, type_) in enumerate(NUMBERED.items(), 1):
        described.field.add(name=name, number=number, type=type_, label=FIELDS.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("benchmark.Trade"))

    def make(
        domain: int, source: int, sequence: int, timestamp_ns: int, venue: int, asset_type: int, kind: int, body: bytes,
        price_q8: int, volume_q8: int, execution_time_ns: int, side: int,
    ) -> Any:  # fmt: skip
        return made(
            domain=domain, source=source, sequence=sequence, timestamp_ns=timestamp_ns, venue=venue, kind=kind,
            body=body, asset_type=asset_type, price_q8=price_q8, volume_q8=volume_q8, side=side,
            execution_time_ns=execution_time_ns,
        )  # fmt: skip

    return _peer("protobuf (upb)", trades, make, made.SerializeToString, made.FromString)


def _peer(
    name: str,
    trades: Sequence[Trade],
    make: Callable[..., Any],
    encode: Callable[[Any], bytes],
    decode: Callable[[bytes], Any],
) -> list[Figure]:
    def sealed(trade: Trade, sequence: int) -> bytes:
        i = trade.instrument
        made = make(
            DOMAIN, SOURCE, sequence, NOW_NS, i.venue, i.asset_type, i.kind, i.body,
            trade.price_q8, trade.volume_q8, trade.execution_time_ns, trade.side,
        )  # fmt: skip
        data = encode(made)
        return data + zlib.crc32(data).to_bytes(4, "little")

    def opened(frame: bytes) -> Any:
        data = frame[:-4]
        if zlib.crc32(data).to_bytes(4, "little") != frame[-4:]:
            raise ValueError(frame.hex())
        return decode(data)

    read = attrgetter(*NUMBERED)
    frames = [sealed(trade, number) for number, trade in enumerate(trades)]

    def build() -> int:
        for number, trade in enumerate(trades):
            sealed(trade, number)
        return len(trades)

    def parse() -> int:
        for frame in frames:
            opened(frame)
        return len(frames)

    def parse_and_read() -> int:
        for frame in frames:
            read(opened(frame))
        return len(frames)

    size = len(frames[0])
    return [
        millions_a_second(f"{name}: Trade, {size} bytes: construct", build),
        millions_a_second(f"{name}: Trade, {size} bytes: parse", parse),
        millions_a_second(f"{name}: Trade, {size} bytes: parse, read all fields", parse_and_read),
    ]

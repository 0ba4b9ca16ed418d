"""Every error that AlphaPulse raises on purpose.

    AlphaPulseError
    ├─ ConfigError(ValueError)            a setting, with its path, what was expected and found
    ├─ PoolFileError(ValueError)          a pool file that does not say what it must
    ├─ PoolCacheError(OSError)            the cache of pools cannot be read or written
    ├─ BlockFileError(ValueError)         a file of a block's logs that cannot be read
    ├─ RecordingError(ValueError)         a recording that cannot be read on
    ├─ EvidenceError(ValueError)          a file of known answers that cannot be read, or lacks what it follows from
    ├─ LogRefused(ValueError)             one log that is not believed, with its reason
    ├─ AnswerRefused(ValueError)          a header or logs of a node that cannot be what was asked for, with the reason
    ├─ ReorgTooDeep(RuntimeError)         a chain took back more blocks than books can undo
    ├─ FixedPointError(ValueError)        a number that 64 bits at 10^-8 cannot hold exactly
    ├─ AmmError(ValueError)               numbers for which a pool's contract would revert
    │  └─ QuoteRefused                     a trade that a pool refuses, or whose result is not known
    ├─ ProtocolError(ValueError)          bytes or values that are not Protocol V2, with offset, found and hint
    │  ├─ WrongMagic                      not the start of a frame
    │  ├─ UnsupportedVersion              another protocol version
    │  ├─ UnsupportedFlags                compressed or encrypted
    │  ├─ WrongDomain                     a message where another domain's messages travel
    │  ├─ Truncated                       bytes are missing
    │  ├─ TrailingBytes                   bytes are left over
    │  ├─ TooLarge                        over the limit of a frame or a TLV
    │  ├─ ChecksumMismatch                the bytes are not those that were sent
    │  ├─ InvalidFraming                  a TLV header that cannot be
    │  ├─ UnknownType                     a class that does not travel
    │  └─ InvalidValue                    a field's value is out of its width, limit or choices
    ├─ RelayError(RuntimeError)           a message on the wrong relay, a consumer that was cut off
    ├─ AddressError(ValueError)           an address that cannot be read, or a transport that is not available
    ├─ TransportError(ConnectionError)    a connection that cannot be made or kept
    │  ├─ ConnectFailed                   nobody answers there
    │  ├─ AddressInUse                    another process listens there
    │  ├─ PeerRefused(PermissionError)    one side does not let the other in
    │  ├─ LinkClosed                      the connection ended or broke off
    │  ├─ LinkStalled(TimeoutError)       the other side takes no bytes
    │  ├─ TlsFileError(ValueError)        a certificate or key that cannot be used
    │  ├─ MessageTooLarge(ValueError)     more than the server carries in one message
    │  └─ BrokerError                     a server that cannot do, or does not do, what is needed
    ├─ NodeError(ConnectionError)         a node of a chain that does not do what is needed; `node` is its label
    │  ├─ NodeUnreachable                 nobody answers there
    │  ├─ NodeTimeout(TimeoutError)       no whole answer within its deadline
    │  ├─ NodeRefused(PermissionError)    it does not let us in, or sends us elsewhere
    │  ├─ RateLimited                     it wants fewer requests; `retry_after_ns` says when
    │  ├─ NodeFault                       it has failed itself (5xx)
    │  ├─ BadAnswer(ValueError)           bytes that are no answer to what was asked
    │  │  └─ AnswerTooLarge               more bytes than an answer may have
    │  ├─ WrongChain(ValueError)          it serves another chain
    │  ├─ FeedClosed                      its WebSocket has ended or broken a rule
    │  ├─ FeedSilent(TimeoutError)        its WebSocket brings no data any more
    │  ├─ FeedOverrun(BufferError)        its WebSocket brings more than is taken
    │  ├─ NoNode                          no node can be asked now
    │  ├─ NoQuorum                        the nodes do not agree
    │  └─ RelayRefused(PermissionError)   a relay that does not serve the chain or what it is wanted for
    ├─ RpcError(RuntimeError)             one call was answered by an error; `kind` says which, UNKNOWN if no table does
    │  ├─ RangeTooWide(ValueError)        the provider's limit on blocks, results or size of one query
    │  └─ CallReverted                    the contract reverted; `data` is what it said
    ├─ SendRefused(RuntimeError)          a transaction of ours that was not sent; `reason` says why in a word
    │  ├─ FeesRefused(ValueError)         it would have to offer more than the caps allow
    │  ├─ PathRefused(ValueError)         a path that the executor contract cannot run
    │  ├─ SimulationRefused               the pending block would undo it, or nobody could say; `data` is what it said
    │  └─ NoSuchTransaction(LookupError)  there is no such transaction of ours, or no longer
    ├─ BadTransaction(ValueError)         fields or bytes that are no transaction as we sign them
    ├─ KeystoreError(ValueError)          a file with a key that cannot be made, read or opened
    ├─ DeploymentError(RuntimeError)      a contract that cannot be deployed, or does not stand as it must
    ├─ SigningRefused(PermissionError)    a signer that does not sign this; `rule` says why
    ├─ SignerUnreachable(ConnectionError) a signer that gives no answer that can be believed
    ├─ SigningRecordError(RuntimeError)   what was signed cannot be read or written
    ├─ JournalError(RuntimeError)         the journal cannot be trusted or written
    ├─ CaptureError(RuntimeError)         a capture cannot be trusted or written
    ├─ LedgerError(RuntimeError)          the ledger cannot be opened or brought up to date
    ├─ LifecycleError(RuntimeError)       a task that ended, or started too late
    ├─ LimitError(ValueError)             an override that may not be, a limit that is not configured
    ├─ LaunchError(RuntimeError)          a process that did not start, or must not be started now
    ├─ DevnetError(RuntimeError)          a local chain that cannot be made or does not do as it should
    ├─ HaltError(RuntimeError)            a resume that is not allowed, a latch that cannot be read
    └─ OutputError(OSError)               a command's result cannot be written

Messages are lower case and say what was expected, what was found and what to do.

They stand in one module, however long, because the tree is what a reader comes for: whom to catch, and what else that
catches.
"""

# The leaves are named for what happened; `Error` at the end of each would say it twice.

from __future__ import annotations


class AlphaPulseError(Exception):
    """The root of all errors raised on purpose."""


class ConfigError(AlphaPulseError, ValueError):
    """A setting is missing, unknown or wrong. `path` names it, such as `collectors.day.speed`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path


class PoolFileError(AlphaPulseError, ValueError):
    """A pool file is unreadable or says something impossible."""


class PoolCacheError(AlphaPulseError, OSError):
    """The file in which found pools are kept cannot be read or written; nothing depends on it but time."""


class BlockFileError(AlphaPulseError, ValueError):
    """A file with the logs or receipts of a block is missing, cut off or not what it should be."""


class RecordingError(AlphaPulseError, ValueError):
    """A recording is missing, cut off or not what it should be."""


class EvidenceError(AlphaPulseError, ValueError):
    """A file of known answers cannot be read, or what the answers follow from is missing."""


class LogRefused(AlphaPulseError, ValueError):
    """A log is not believed. `reason` is the key under which it is counted."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason = reason


class AnswerRefused(AlphaPulseError, ValueError):
    """A node's header or logs cannot be what was asked for. `reason` is the key under which it is counted."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason = reason


class ReorgTooDeep(AlphaPulseError, RuntimeError):
    """A chain took back more blocks than books can undo: they start anew from a snapshot."""


class ProtocolError(AlphaPulseError, ValueError):
    """Bytes or values that are not Protocol V2.

    `subject` names what is wrong, such as `PoolSwap.stamp.block_number`. `offset` counts bytes from the start of what
    was given to the decoder; it is None while encoding. `hint` says what to do or the likely cause.
    """

    def __init__(
        self, subject: str, *, expected: object, found: object, offset: int | None = None, hint: str = ""
    ) -> None:
        where = "" if offset is None else f" at byte {offset}"
        advice = f"; {hint}" if hint else ""
        super().__init__(f"{subject}{where}: expected {expected}, was {found}{advice}")
        self.subject = subject
        self.expected = expected
        self.found = found
        self.offset = offset
        self.hint = hint


class WrongMagic(ProtocolError):
    """The bytes are not the start of a frame; `hint` tells wrong byte order, empty buffers and lost steps apart."""


class UnsupportedVersion(ProtocolError):
    """The frame's protocol version is not one that is understood here."""


class UnsupportedFlags(ProtocolError):
    """The frame is flagged as compressed or encrypted, so that its payload cannot be read."""


class WrongDomain(ProtocolError):
    """A message travels where another domain's messages do."""


class Truncated(ProtocolError):
    """Bytes are missing: `missing` of them at least. `hint` says whether more of them can still come."""

    def __init__(self, subject: str, *, needed: int, available: int, offset: int, hint: str) -> None:
        self.missing = needed - available
        advice = f"{self.missing} {'byte is' if self.missing == 1 else 'bytes are'} missing, {hint}"
        super().__init__(subject, expected=f"{needed} bytes", found=f"{available} bytes", offset=offset, hint=advice)


class TrailingBytes(ProtocolError):
    """Bytes are left over behind a value or a frame."""


class TooLarge(ProtocolError):
    """A frame or a TLV is larger than the protocol allows."""


class ChecksumMismatch(ProtocolError):
    """The bytes are not those that were sent: the frame says `expected`, its bytes give `calculated`."""

    def __init__(self, *, expected: int, calculated: int, size: int, tlv_count: int, offset: int, hint: str) -> None:
        subject = f"checksum of a frame of {size} bytes with {tlv_count} readable TLVs"
        super().__init__(subject, expected=f"{expected:#010x}", found=f"{calculated:#010x}", offset=offset, hint=hint)
        self.expected = expected
        self.calculated = calculated
        self.size = size
        self.tlv_count = tlv_count


class InvalidFraming(ProtocolError):
    """A TLV header that cannot be: type 0, type 255, or a reserved byte that is not zero."""


class UnknownType(ProtocolError):
    """A value of a class that is no message of the protocol."""


class InvalidValue(ProtocolError):
    """A field's value is out of its width, its limit or its choices."""


class FixedPointError(AlphaPulseError, ValueError):
    """A number that 64 bits at 10^-8 cannot hold exactly, or text that is no number."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, was {found[:60]!r}")
        self.expected = expected
        self.found = found


class AmmError(AlphaPulseError, ValueError):
    """Numbers that a pool's arithmetic does not know: the contract would revert."""


class QuoteRefused(AmmError):
    """A pool gives no quote, and `reason` says why.

    `no_liquidity`: nothing can be traded in that direction; `beyond_known_range`: the trade leaves the range in which
    the pool is known; `reverts`: the contract would refuse; `divergent`: the pool is quarantined; `fee_unknown`: its
    fee is dynamic and has not been told yet.
    """

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason = reason


class RelayError(AlphaPulseError, RuntimeError):
    """A message was published on a relay that does not carry it, or a consumer was cut off."""


class AddressError(AlphaPulseError, ValueError):
    """The text of an address cannot be read, or names a transport that is not available. `address` is the text."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"address {address[:200]!r}: {problem}")
        self.address = address


class TransportError(AlphaPulseError, ConnectionError):
    """A connection to another process cannot be made or kept."""


class ConnectFailed(TransportError):
    """Nobody answers at the address."""


class AddressInUse(TransportError):
    """Another process listens at the address."""


class PeerRefused(TransportError, PermissionError):
    """One side does not let the other in: an allow-list, a certificate, or a listener that is full."""


class LinkClosed(TransportError):
    """The connection ended or broke off, or was closed here."""


class LinkStalled(TransportError, TimeoutError):
    """The other side took no byte for longer than a send may stand still."""


class TlsFileError(TransportError, ValueError):
    """A certificate or a key cannot be read or must not be used."""


class MessageTooLarge(TransportError, ValueError):
    """A message has more bytes than the server carries in one. `size` and `limit` are in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"the message has {size} bytes and the server carries at most {limit} in one; "
            "make smaller batches, or raise max_payload in the server's configuration"
        )
        self.size = size
        self.limit = limit


class BrokerError(TransportError):
    """A NATS server cannot do what is needed: no JetStream, a stream that is missing or set up otherwise."""


class NodeError(AlphaPulseError, ConnectionError):
    """A node does not do what is needed. `node` is its label: its address may hold a key and stands nowhere."""

    def __init__(self, node: str, problem: str) -> None:
        super().__init__(f"{node}: {problem}")
        self.node = node
        self.problem = problem


class NodeUnreachable(NodeError):
    """Nobody answers at the node's address, or the connection broke off before a whole answer was there."""


class NodeTimeout(NodeError, TimeoutError):
    """There was no whole answer within the deadline. Whether the node has done what it was asked is not known."""


class NodeRefused(NodeError, PermissionError):
    """The node does not let us in (401, 403), has a certificate that is not believed, or sends us elsewhere."""


class RateLimited(NodeError):
    """The node wants fewer requests. `retry_after_ns` is how long it wants to be left alone; None: it does not say."""

    def __init__(self, node: str, problem: str, retry_after_ns: int | None = None) -> None:
        super().__init__(node, problem)
        self.retry_after_ns = retry_after_ns


class NodeFault(NodeError):
    """The node has failed itself (5xx)."""


class BadAnswer(NodeError, ValueError):
    """What came is no answer to what was asked."""


class AnswerTooLarge(BadAnswer):
    """The answer has more bytes than one may have; ask for less."""


class WrongChain(NodeError, ValueError):
    """The node serves another chain: its chain id or its genesis block is another one."""


class FeedClosed(NodeError):
    """A WebSocket has ended, or the node has broken the protocol. `code` is the close code of RFC 6455."""

    def __init__(self, node: str, problem: str, code: int | None = None) -> None:
        super().__init__(node, problem)
        self.code = code


class FeedSilent(NodeError, TimeoutError):
    """A WebSocket is open, but what must come does not."""


class FeedOverrun(NodeError, BufferError):
    """A WebSocket brought more than was taken, so that it was closed: ask for what is missing."""


class NoNode(NodeError):
    """No node can be asked now. `node` is the chain."""


class NoQuorum(NodeError):
    """Too few nodes give the same answer. `node` is the chain."""


class RelayRefused(NodeError, PermissionError):
    """A relay serves another chain, or does not know the method that it is wanted for."""


class RpcError(AlphaPulseError, RuntimeError):
    """A node has answered a call by an error. `kind` is its name in a table of texts, `code` and `text` the node's."""

    def __init__(self, node: str, method: str, *, kind: str, code: int, text: str) -> None:
        super().__init__(f"{node}: {method} was answered by error {code} ({kind}): {text}")
        self.node = node
        self.method = method
        self.kind = kind
        self.code = code
        self.text = text


class RangeTooWide(RpcError, ValueError):
    """A query spans more blocks or results than the provider gives. `offered` are the blocks that it would take."""

    def __init__(self, node: str, method: str, *, code: int, text: str, offered: tuple[int, int] | None) -> None:
        super().__init__(node, method, kind="range_too_wide", code=code, text=text)
        self.offered = offered


class CallReverted(RpcError):
    """The contract reverted. `data` is what it returned, empty if nothing."""

    def __init__(self, node: str, method: str, *, code: int, text: str, data: bytes) -> None:
        super().__init__(node, method, kind="reverted", code=code, text=text)
        self.data = data


class SendRefused(AlphaPulseError, RuntimeError):
    """A transaction was not sent: none of its bytes has left, and nothing is left to settle.

    `reason` is one word, such as `gate_closed`, `too_many_unmined`, `cap_reached`, `expired`, `ended`.
    """

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason = reason


class FeesRefused(SendRefused, ValueError):
    """What a transaction would have to offer lies above the caps."""

    def __init__(self, problem: str) -> None:
        super().__init__("cap_reached", problem)


class PathRefused(SendRefused, ValueError):
    """The executor contract cannot run a path: its pools, its funding or its numbers."""


class SimulationRefused(SendRefused):
    """A transaction was tried at the pending block and would be undone there. `data` is what the contract said."""

    def __init__(self, reason: str, problem: str, data: bytes = b"") -> None:
        super().__init__(reason, problem)
        self.data = data


class NoSuchTransaction(SendRefused, LookupError):
    """There is no such transaction of this wallet, or it is so long ago that it was forgotten."""

    def __init__(self, problem: str) -> None:
        super().__init__("no_such_transaction", problem)


class BadTransaction(AlphaPulseError, ValueError):
    """Fields or bytes are no transaction of the one kind that we sign: EIP-1559 without access list."""


class KeystoreError(AlphaPulseError, ValueError):
    """A file with a key cannot be made, read or opened. What it holds is never repeated."""


class DeploymentError(AlphaPulseError, RuntimeError):
    """A contract cannot be deployed, or what stands where it should is something else."""


class SigningRefused(AlphaPulseError, PermissionError):
    """A signer does not sign this. Nothing left it. `rule` is the key of what forbids it."""

    def __init__(self, rule: str, found: str, allowed: str) -> None:
        super().__init__(f"not signed, by the rule {rule}: expected {allowed}, found {found}")
        self.rule = rule
        self.found = found
        self.allowed = allowed


class SignerUnreachable(AlphaPulseError, ConnectionError):
    """A signer gave no answer that can be believed. It may have signed, but what it signed is not here."""


class SigningRecordError(AlphaPulseError, RuntimeError):
    """The record of what was signed cannot be read, believed or written, so that nothing is signed."""


class JournalError(AlphaPulseError, RuntimeError):
    """The journal cannot be trusted or cannot be written."""


class CaptureError(AlphaPulseError, RuntimeError):
    """A capture cannot be trusted, or cannot be written on."""


class LedgerError(AlphaPulseError, RuntimeError):
    """The ledger cannot be opened, migrated or brought up to date."""


class LifecycleError(AlphaPulseError, RuntimeError):
    """A supervised task ended although it should not, or was not ready in time."""


class LimitError(AlphaPulseError, ValueError):
    """There is no such limit, or an override lies beyond what one may do."""


class LaunchError(AlphaPulseError, RuntimeError):
    """A process of the topology did not start or become ready, or somebody else starts and stops them just now."""


class DevnetError(AlphaPulseError, RuntimeError):
    """A local chain lacks its node or contracts, or its node does not do as it should."""


class HaltError(AlphaPulseError, RuntimeError):
    """A resume is not allowed, or the latch cannot be read or written."""


class OutputError(AlphaPulseError, OSError):
    """What a command found cannot be written where it was wanted."""

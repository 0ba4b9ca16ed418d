"""What the error texts of nodes and providers mean: a table. A text that no row knows is UNKNOWN, never a guess. Pure.

Codes alone say little: -32000 stands for most things, -32005 for two limits, -32602 for a range as well as for a typing
error. So texts are matched, in the order of the rows, and a row may be for some methods only.

The texts are those of geth and bor, Erigon, Nethermind, Besu, Reth and anvil, Arbitrum's Nitro, and of the providers
Alchemy, Infura, QuickNode, Ankr, Chainstack, Cloudflare, dRPC, PublicNode and Tenderly, as users have reported them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class FaultKind(StrEnum):
    """What an error means for who has asked."""

    UNKNOWN = "unknown"
    RANGE_TOO_WIDE = "range_too_wide"
    RATE_LIMITED = "rate_limited"
    BLOCK_UNKNOWN = "block_unknown"
    STATE_MISSING = "state_missing"
    METHOD_MISSING = "method_missing"
    BAD_REQUEST = "bad_request"
    REVERTED = "reverted"
    OUT_OF_GAS = "out_of_gas"
    TOO_SLOW = "too_slow"
    ALREADY_KNOWN = "already_known"
    NONCE_TOO_LOW = "nonce_too_low"
    NONCE_TOO_HIGH = "nonce_too_high"
    UNDERPRICED = "underpriced"
    REPLACEMENT_UNDERPRICED = "replacement_underpriced"
    FEE_BELOW_BASE = "fee_below_base"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INVALID_TRANSACTION = "invalid_transaction"
    POOL_FULL = "pool_full"
    NO_ANSWER = "no_answer"
    """The answer to this call is missing, double, or no answer at all."""


class _Row(NamedTuple):
    kind: FaultKind
    text: re.Pattern[str]
    methods: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()


def _row(kind: FaultKind, text: str, *methods: str, codes: tuple[int, ...] = ()) -> _Row:
    return _Row(kind, re.compile(text, re.IGNORECASE), methods, codes)


LOGS = ("eth_getLogs", "eth_getFilterLogs", "trace_filter")
SEND = ("eth_sendRawTransaction", "eth_sendRawTransactionSync", "eth_sendPrivateTransaction", "eth_sendBundle")
CALL = ("eth_call", "eth_estimateGas", "eth_simulateV1", "eth_createAccessList")
EXECUTION_REVERTED = 3
"""The code of a revert whose data are told, as geth writes it."""

TABLE: tuple[_Row, ...] = (
    # A revert's text is the contract's own: it comes first, so that no word in it means anything else.
    _row(FaultKind.REVERTED, ".", *CALL, codes=(EXECUTION_REVERTED,)),
    _row(FaultKind.REVERTED, r"^(vm exception.*|vm execution error.*)?\s*(execution )?revert(ed)?\b", *CALL),
    # Ranges before rates: "exceeds limit" and code -32005 stand for both, and only a log query has a range.
    _row(
        FaultKind.RANGE_TOO_WIDE,
        r"(block|query|logs?|eth_getlogs)\b.{0,40}\brange\b.{0,60}"
        r"(exceed|too (large|wide|big)|limit|larger|greater|max|over|up to)"
        r"|range\b.{0,40}(exceeds|is bigger than|greater than|larger than|too (large|wide|big)|limit)"
        r"|(exceed|max(imum)?|limit(ed)?|up to|over)\b.{0,60}\b(block )?range"
        r"|more than [\d,_]+ (results|logs)|(too many|exceeds? .{0,20}) (logs|results|blocks)\b"
        r"|(limited|up to|restricted) to .{0,20}\bblocks?\b"
        r"|(response|result|logs?) (is |size |set )*(too (large|big)|exceed)|response size|size exceeded"
        r"|reduce.{0,20}range|^limit exceeded$",
        *LOGS,
    ),
    _row(FaultKind.RANGE_TOO_WIDE, r"time(d)? ?-?out|deadline exceeded|took too long|aborted", *LOGS),
    _row(
        FaultKind.RATE_LIMITED,
        r"rate.?limit|too many requests|request(s)? (rate|count|limit)|throttl|capacity|per.second|quota|"
        r"(daily|monthly|compute|credits?|cu|usage)\b.{0,30}(limit|exceed|exhaust)|limit exceeded|try again (later|in)"
        r"|\b429\b",
    ),
    _row(FaultKind.RATE_LIMITED, ".", codes=(429, -32029, -32097)),
    _row(FaultKind.ALREADY_KNOWN, r"already (known|imported|in (the )?(mem)?pool|exists)|known transaction|"
         r"existing tx with same hash|same hash was already imported|alreadyknown", *SEND),
    _row(FaultKind.REPLACEMENT_UNDERPRICED, r"replacement|gas price supplied is too low|could not replace|"
         r"fee too low to replace|replacementnotallowed", *SEND),
    _row(FaultKind.NONCE_TOO_LOW, r"nonce.{0,20}too low|nonce too small|oldnonce|old nonce|invalid transaction nonce|"
         r"nonce has already been used|tx.{0,20}already mined", *SEND),
    _row(FaultKind.NONCE_TOO_HIGH, r"nonce.{0,30}(too high|gap|too (far|distant))|noncegap", *SEND),
    _row(FaultKind.FEE_BELOW_BASE, r"(max ?fee ?per ?gas|fee cap|gas ?price).{0,40}(less|lower|below)"
         r".{0,20}base ?fee|fee cap less than|below (current )?base fee", *SEND),
    _row(FaultKind.UNDERPRICED, r"underpriced|gas tip cap|(gas ?price|tip|fee).{0,20}(too low|below|minimum)|"
         r"feetoolow", *SEND),
    _row(FaultKind.INSUFFICIENT_FUNDS, r"insufficient (funds|balance|eth)|doesn.?t have enough funds|"
         r"upfront cost exceeds account balance|overshot|not enough (funds|balance)", *SEND, *CALL),
    _row(FaultKind.POOL_FULL, r"(tx|transaction) ?pool.{0,20}(full|overflow)|mempool is full|txpool is full|"
         r"discarded|too many (pending|queued)|account limit exceeded", *SEND),
    _row(FaultKind.INVALID_TRANSACTION, r"intrinsic gas|gas limit|gas too low|invalid (sender|signature|chain id)|"
         r"oversized|rlp|decod|unsupported transaction|type not supported|chain.?id|exceeds the configured cap|"
         r"negative value|init ?code|typed transaction|sender (is )?not an eoa", *SEND),
    _row(FaultKind.OUT_OF_GAS, r"out of gas|gas required exceeds|intrinsic gas|gas limit", *CALL),
    _row(FaultKind.REVERTED, r"revert|invalid opcode|stack (under|over)flow|invalid jump|bad instruction", *CALL),
    _row(FaultKind.METHOD_MISSING, r"method.{0,60}(not found|not exist|not available|not supported|unsupported|"
         r"disabled|not allowed|not whitelisted|is not)|unsupported method|unknown method|did not match any variant|"
         r"not enabled|resource not available"),
    _row(FaultKind.METHOD_MISSING, ".", codes=(-32601, -32004)),
    _row(FaultKind.BLOCK_UNKNOWN, r"(header|block|ancestor)\b.{0,60}(not (found|available|exist|canonical)|unknown|"
         r"missing)|unknown block|could not find block|cannot find block|"
         r"hash.{0,20}not (found|canonical|currently canonical)|after last accepted|beyond (the )?(head|current)|"
         r"in the future"),
    _row(FaultKind.STATE_MISSING, r"archive|missing trie node|state.{0,60}(not available|unavailable|missing|pruned|"
         r"not found)|pruned|history.{0,30}(unavailable|not available)|required historical"),
    _row(FaultKind.TOO_SLOW, r"time(d)? ?-?out|deadline exceeded|took too long"),
    _row(FaultKind.BAD_REQUEST, r"invalid (param|argument|request|json)|parse error|missing value|cannot unmarshal|"
         r"batch|too many (parameters|topics|addresses)"),
)  # fmt: skip
"""Kind, text, for which methods (all if none), with which codes (any if none). The first row that fits decides."""

_OFFERED = re.compile(r"\[\s*(0x[0-9a-f]{1,16}|\d{1,19})\s*,\s*(0x[0-9a-f]{1,16}|\d{1,19})\s*\]", re.IGNORECASE)
_READ = 2_000
"""Characters of a text that are looked at: no longer one has said more than its beginning."""


def fault_kind(method: str, code: int, text: str) -> FaultKind:
    """What the error means that a node gave to a call of `method`."""
    text = text[:_READ]
    for row in TABLE:
        if row.methods and method not in row.methods:
            continue
        if row.codes and code not in row.codes:
            continue
        if row.codes or row.text.search(text):
            return row.kind
    return FaultKind.UNKNOWN


def offered_range(text: str) -> tuple[int, int] | None:
    """The blocks (first, last) that a provider says it would take instead, such as `[0x2710, 0x2903]`."""
    found = _OFFERED.search(text[:_READ])
    if found is None:
        return None
    first, last = (int(number, 16 if number[:2].lower() == "0x" else 10) for number in found.groups())
    return (first, last) if first <= last else None

# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, initializedcheck=False
# The compiled form of `plain_swap`, with the same values and None for whatever is unusual. Built by `build_core.py`.

include "numbers.pxi"

from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK
from alphapulse.rules.events.hex_text import MAX_TIME_S, NS_PER_SECOND
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.wire.slots import slots_of

cdef extern from *:
    """
    static signed char DIGITS[256];

    static void make_digits(void) {
        memset(DIGITS, -1, sizeof DIGITS);
        for (int i = 0; i < 10; i++) DIGITS['0' + i] = (signed char)i;
        for (int i = 0; i < 6; i++) DIGITS['a' + i] = DIGITS['A' + i] = (signed char)(10 + i);
    }

    /* The bytes that `2 * size` hex digits say, `to[0]` the first or (`turned`) the last of them; 0 if one is none. */
    static inline int hex_bytes(const char *from, unsigned char *to, int size, int turned) {
        int wrong = 0;
        for (int i = 0; i < size; i++) {
            int high = DIGITS[(unsigned char)from[2 * i]], low = DIGITS[(unsigned char)from[2 * i + 1]];
            wrong |= high | low;
            to[turned ? size - 1 - i : i] = (unsigned char)(high << 4 | low);
        }
        return wrong >= 0;
    }

    static inline int are_zeros(const unsigned char *from, int size) {
        unsigned char any = 0;
        for (int i = 0; i < size; i++) any |= from[i];
        return any == 0;
    }
    """
    signed char DIGITS[256]
    void make_digits()
    bint hex_bytes(const char* source, unsigned char* to, int size, bint turned)
    bint are_zeros(const unsigned char* source, int size)

cdef enum:
    WORD = 32

cdef Py_ssize_t LOG_SLOTS[8]
cdef Py_ssize_t STAMP_SLOTS[7]
cdef Py_ssize_t SWAP_SLOTS[7]
cdef unsigned char LEAST_PRICE[WORD]
cdef unsigned char PRICE_LIMIT[WORD]
cdef int64_t LEAST_TICK = MIN_TICK
cdef int64_t MOST_TICK = MAX_TICK
cdef uint64_t MOST_TIME_S = MAX_TIME_S
cdef uint64_t SECOND_NS = NS_PER_SECOND
cdef object LAST_HASH = b""  # of a block: its logs share one object


cdef inline const char* digits(object text, Py_ssize_t least, Py_ssize_t most, Py_ssize_t* size) except NULL:
    # The hex digits behind `0x`, as many as allowed.
    cdef const char* start
    if not PyUnicode_CheckExact(text):
        refuse()
    start = PyUnicode_AsUTF8AndSize(text, size)
    size[0] -= 2
    if size[0] < least or size[0] > most or start[0] != b"0" or start[1] != b"x":
        refuse()
    return start + 2


cdef inline int word(const char* source, unsigned char* to) except -1:
    # 64 digits as a little-endian number of 32 bytes.
    if not hex_bytes(source, to, WORD, True):
        refuse()
    return 0


cdef inline int check_address(object topic) except -1:
    cdef Py_ssize_t size
    cdef unsigned char value[WORD]
    word(digits(topic, 64, 64, &size), value)
    if not are_zeros(value + 20, 12):
        refuse()
    return 0


cdef inline object read_hash(object text):
    cdef Py_ssize_t size
    cdef unsigned char value[WORD]
    if not hex_bytes(digits(text, 64, 64, &size), value, WORD, False):
        refuse()
    return PyBytes_FromStringAndSize(<char*>value, WORD)


cdef inline object read_block_hash(object text):
    global LAST_HASH
    if text is None:
        return None
    found = read_hash(text)
    if found != LAST_HASH:
        LAST_HASH = found
    return LAST_HASH


cdef inline uint64_t read_number(object text, Py_ssize_t most, bint plain) except? 0xFFFFFFFFFFFFFFFF:
    # `plain`: as nodes write it, without zeros in front and in lower case.
    cdef Py_ssize_t i, size
    cdef const char* source = digits(text, 1, most, &size)
    cdef uint64_t value = 0
    cdef int digit
    if plain and size > 1 and source[0] == b"0":
        refuse()
    for i in range(size):
        digit = DIGITS[<unsigned char>source[i]]
        if digit < 0 or (plain and source[i] < b"a" and digit > 9):
            refuse()
        value = value << 4 | <uint64_t>digit
    return value


cdef inline int in_price_range(const unsigned char* price) noexcept:
    # Little-endian: LEAST_PRICE <= price < PRICE_LIMIT.
    cdef int i, above = 1, below = 0
    for i in range(WORD):
        if price[i] != LEAST_PRICE[i]:
            above = price[i] > LEAST_PRICE[i]
        if price[i] != PRICE_LIMIT[i]:
            below = price[i] < PRICE_LIMIT[i]
    return above and below


cdef inline int64_t read_tick(const unsigned char* value) except? -1:
    cdef int32_t tick
    cdef int i
    cdef unsigned char sign = 0xFF if value[3] & 0x80 else 0
    memcpy(&tick, value, 4)
    for i in range(4, WORD):
        if value[i] != sign:
            refuse()
    if tick < LEAST_TICK or tick > MOST_TICK:
        refuse()
    return tick


cdef object swap_of(object log, object pool, object received_ns):
    cdef unsigned char words[5][WORD]
    cdef Py_ssize_t i, size
    cdef const char* source
    cdef uint64_t block_number, time_s
    cdef int64_t tick
    topics = slot_value(log, LOG_SLOTS[0])
    if not PyTuple_CheckExact(topics) or PyTuple_GET_SIZE(topics) != 3:
        refuse()
    check_address(<object>PyTuple_GET_ITEM(topics, 1))
    check_address(<object>PyTuple_GET_ITEM(topics, 2))
    data = slot_value(log, LOG_SLOTS[1])
    source = digits(data, 5 * 64, 5 * 64, &size)
    for i in range(5):
        word(source + 64 * i, words[i])
    tick = read_tick(words[4])
    if not in_price_range(words[2]) or not are_zeros(words[3] + 16, 16):
        refuse()
    block_number = read_number(slot_value(log, LOG_SLOTS[2]), 16, True)
    time_s = read_number(slot_value(log, LOG_SLOTS[3]), 16, True)
    if time_s > MOST_TIME_S:
        refuse()
    stamp = fresh(LogStamp)
    fill_slot(stamp, STAMP_SLOTS[0], PyLong_FromUnsignedLongLong(block_number))
    fill_slot(stamp, STAMP_SLOTS[1], PyLong_FromUnsignedLongLong(read_number(slot_value(log, LOG_SLOTS[4]), 8, False)))
    fill_slot(stamp, STAMP_SLOTS[2], PyLong_FromUnsignedLongLong(read_number(slot_value(log, LOG_SLOTS[5]), 8, False)))
    fill_slot(stamp, STAMP_SLOTS[3], read_hash(slot_value(log, LOG_SLOTS[6])))
    fill_slot(stamp, STAMP_SLOTS[4], read_block_hash(slot_value(log, LOG_SLOTS[7])))
    fill_slot(stamp, STAMP_SLOTS[5], PyLong_FromUnsignedLongLong(time_s * SECOND_NS))
    fill_slot(stamp, STAMP_SLOTS[6], received_ns)
    swap = fresh(PoolSwap)
    fill_slot(swap, SWAP_SLOTS[0], stamp)
    fill_slot(swap, SWAP_SLOTS[1], pool)
    fill_slot(swap, SWAP_SLOTS[2], read_long(words[0], WORD, True))
    fill_slot(swap, SWAP_SLOTS[3], read_long(words[1], WORD, True))
    fill_slot(swap, SWAP_SLOTS[4], read_long(words[2], 20, False))
    fill_slot(swap, SWAP_SLOTS[5], read_long(words[3], 16, False))
    fill_slot(swap, SWAP_SLOTS[6], PyLong_FromLongLong(tick))
    return swap


def plain_swap(log, pool, received_ns):
    """As `alphapulse.rules.events.plain_swap.plain_swap`."""
    if type(log) is not RpcLog:
        return None
    try:
        return swap_of(log, pool.id, received_ns)
    except (ValueError, TypeError):
        return None


cdef int keep_slots(object cls, tuple names, Py_ssize_t* slots) except -1:
    cdef Py_ssize_t i
    for i, name in enumerate(names):
        slots[i] = slot_offset(cls.__dict__[name])
        if slots[i] < 0:
            raise ImportError(f"{cls.__name__}.{name} is no plain slot")
    return 0


LOG = ("topics", "data", "block_number", "block_timestamp")
LOG += ("log_index", "transaction_index", "transaction_hash", "block_hash")
STAMP = ("block_number", "log_index", "transaction_index", "transaction_hash")
STAMP += ("block_hash", "venue_time_ns", "received_ns")
SWAP = ("stamp", "pool", "amount0", "amount1", "sqrt_price_x96", "liquidity", "tick")

# A build fills the fields that the classes had then: with others it would leave some empty.
for _cls, _names in ((LogStamp, STAMP), (PoolSwap, SWAP)):
    if tuple(field.name for field in _cls.__attrs_attrs__) != _names or slots_of(_cls) is None:
        raise ImportError(f"it is not for the {_cls.__name__} of today")
keep_slots(RpcLog, LOG, LOG_SLOTS)
keep_slots(LogStamp, STAMP, STAMP_SLOTS)
keep_slots(PoolSwap, SWAP, SWAP_SLOTS)
write_long(MIN_SQRT_RATIO, LEAST_PRICE, WORD, False)
write_long(MAX_SQRT_RATIO, PRICE_LIMIT, WORD, False)
make_digits()

# Frames around the values: what `alphapulse.rules.wire.pure` does, on the good path only. Included behind the readers
# and writers of the classes.

from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import Domain, Source
from alphapulse.rules.wire import pure
from alphapulse.rules.wire.header import Header
from alphapulse.rules.wire.long_frame import MAX_SHORT as LONGEST_SHORT
from alphapulse.rules.wire.long_frame import long_messages, long_spans
from alphapulse.rules.wire.pure import Frame
from alphapulse.rules.wire.signature import signature
from alphapulse.rules.wire.slots import slots_of

cdef extern from *:
    """
    static uint32_t CRC_TABLES[16][256];

    static void make_crc_tables(void) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
            CRC_TABLES[0][i] = crc;
        }
        for (int k = 1; k < 16; k++)
            for (int i = 0; i < 256; i++)
                CRC_TABLES[k][i] = CRC_TABLES[k - 1][i] >> 8 ^ CRC_TABLES[0][CRC_TABLES[k - 1][i] & 0xFF];
    }

    /* Four bytes that `behind` more follow in the same step. */
    static inline uint32_t crc_word(uint32_t word, int behind) {
        return CRC_TABLES[behind + 3][word & 0xFF] ^ CRC_TABLES[behind + 2][word >> 8 & 0xFF]
            ^ CRC_TABLES[behind + 1][word >> 16 & 0xFF] ^ CRC_TABLES[behind][word >> 24];
    }

    /* CRC-32 as in zlib, sixteen bytes a step; `crc` is inverted before the first and after the last piece. */
    static inline uint32_t crc_of(uint32_t crc, const unsigned char *at, Py_ssize_t size) {
        uint32_t words[4];
        for (; size >= 16; size -= 16, at += 16) {
            memcpy(words, at, 16);
            crc = crc_word(words[0] ^ crc, 12) ^ crc_word(words[1], 8) ^ crc_word(words[2], 4) ^ crc_word(words[3], 0);
        }
        for (; size >= 4; size -= 4, at += 4) {
            memcpy(words, at, 4);
            crc = crc_word(words[0] ^ crc, 0);
        }
        while (size-- > 0) crc = crc >> 8 ^ CRC_TABLES[0][(crc ^ *at++) & 0xFF];
        return crc;
    }

    /* The checksum of a frame: bytes 0 to 27 and 32 to the end. */
    static inline uint32_t frame_checksum(const unsigned char *frame, Py_ssize_t size) {
        return ~crc_of(crc_of(0xFFFFFFFFu, frame, 28), frame + 32, size - 32);
    }
    """
    void make_crc_tables()
    uint32_t frame_checksum(const unsigned char* frame, Py_ssize_t size)

cdef enum:
    HEADER = 32
    LARGEST_FRAME = 1048576
    LARGEST_VALUE = 65535
    REFUSED_FLAGS = 3

ctypedef object (*ReadValue)(Reader*)
ctypedef int (*WriteValue)(Writer*, object) except -1


cdef class Codec:
    """How one class is read and written. `type` and `domain` are 0 for a record."""

    cdef ReadValue read
    cdef WriteValue write
    cdef int type
    cdef int domain
    cdef Py_ssize_t most


ctypedef struct HeaderFields:
    uint32_t magic
    uint8_t domain
    uint8_t version
    uint8_t source
    uint8_t flags
    uint64_t sequence
    uint64_t timestamp_ns
    uint32_t payload_size
    uint32_t checksum


cdef unsigned char SCRATCH[LARGEST_FRAME + LARGEST_VALUE + 64]  # untouched pages cost nothing
cdef dict CODECS = {}
cdef PyObject* BY_TYPE[256]
cdef PyObject* DOMAINS[256]
cdef PyObject* SOURCES[256]
cdef int SYSTEM = Domain.SYSTEM
cdef Py_ssize_t MAX_SHORT = LONGEST_SHORT
cdef object NO_UNKNOWN = ()

make_crc_tables()
keep_members(Domain, DOMAINS)
keep_members(Source, SOURCES)


cdef int serve(object cls, str written, ReadValue read, WriteValue write, Py_ssize_t most, Py_ssize_t* slots) except -1:
    # Answer for a class, if it is still the one that was `written` about; else the pure codec serves it.
    cdef Py_ssize_t i
    cdef Codec codec
    found = slots_of(cls)
    if found is None or signature(cls) != written:
        return 0
    for part in parts(Record(cls)):
        if isinstance(part, Record) and part.cls is not InstrumentId and part.cls is not cls and part.cls not in CODECS:
            return 0
    for i, slot in enumerate(found):
        slots[i] = slot_offset(slot)
        if slots[i] < 0:
            return 0
    codec = Codec.__new__(Codec)
    codec.read, codec.write, codec.most = read, write, most
    described = getattr(cls, "DESCRIPTION", None)
    if described is not None:
        if MESSAGES.get(described.type) is not cls:
            return 0
        codec.type, codec.domain = described.type, described.domain
        BY_TYPE[codec.type] = <PyObject*>codec
    CODECS[cls] = codec
    return 0


def served():
    """The classes that this build knows."""
    return frozenset(CODECS)

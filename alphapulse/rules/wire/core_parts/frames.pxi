# Frames around the values: what `alphapulse.rules.wire.pure` does, on the good path only. Included behind the readers
# and writers of the classes.

from alphapulse.data.registry import MESSAGES
from alphapulse.data.wire import DOMAIN_TYPES, Domain, Source
from alphapulse.rules.wire import pure
from alphapulse.rules.wire.header import Header
from alphapulse.rules.wire.pure import Frame
from alphapulse.rules.wire.signature import signature
from alphapulse.rules.wire.slots import slots_of

cdef extern from *:
    """
    static uint32_t CRC_TABLES[8][256];

    static void make_crc_tables(void) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
            CRC_TABLES[0][i] = crc;
        }
        for (int k = 1; k < 8; k++)
            for (int i = 0; i < 256; i++)
                CRC_TABLES[k][i] = CRC_TABLES[k - 1][i] >> 8 ^ CRC_TABLES[0][CRC_TABLES[k - 1][i] & 0xFF];
    }

    /* CRC-32 as in zlib, eight bytes a step; `crc` is inverted before the first and after the last piece. */
    static inline uint32_t crc_of(uint32_t crc, const unsigned char *at, Py_ssize_t size) {
        for (; size >= 8; size -= 8, at += 8) {
            uint32_t low, high;
            memcpy(&low, at, 4);
            memcpy(&high, at + 4, 4);
            low ^= crc;
            crc = CRC_TABLES[7][low & 0xFF] ^ CRC_TABLES[6][low >> 8 & 0xFF]
                ^ CRC_TABLES[5][low >> 16 & 0xFF] ^ CRC_TABLES[4][low >> 24]
                ^ CRC_TABLES[3][high & 0xFF] ^ CRC_TABLES[2][high >> 8 & 0xFF]
                ^ CRC_TABLES[1][high >> 16 & 0xFF] ^ CRC_TABLES[0][high >> 24];
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

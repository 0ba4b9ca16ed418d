# Flags, bytes, text, members of enumerations and instrument ids.

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import Bound, Many, Record
from alphapulse.rules.wire.ids import decode_instrument
from alphapulse.rules.wire.signature import parts

ctypedef struct KeptId:
    uint64_t words[3]
    PyObject* value

cdef KeptId KEPT[1024]
cdef Py_ssize_t ID_SLOTS[4]


cdef inline bint read_flag(Reader* r) except -1:
    cdef unsigned char found = take(r, 1)[0]
    if found > 1:
        refuse()
    return found


cdef inline int write_flag(Writer* w, object value) except -1:
    if value is True:
        w[0][0] = 1
    elif value is False:
        w[0][0] = 0
    else:
        refuse()
    w[0] += 1
    return 0


cdef inline object read_bytes(Reader* r, Py_ssize_t size):
    return PyBytes_FromStringAndSize(<const char*>take(r, size), size)


cdef inline int write_bytes(Writer* w, object value, Py_ssize_t size) except -1:
    if not PyBytes_CheckExact(value) or PyBytes_GET_SIZE(value) != size:
        refuse()
    memcpy(w[0], PyBytes_AS_STRING(value), size)
    w[0] += size
    return 0


cdef inline Py_ssize_t read_count(Reader* r, Py_ssize_t limit) except -1:
    cdef uint16_t count
    memcpy(&count, take(r, 2), 2)
    if count > limit:
        refuse()
    return count


cdef inline int write_count(Writer* w, Py_ssize_t count, Py_ssize_t limit) except -1:
    cdef uint16_t found = <uint16_t>count
    if count > limit or count > 0xFFFF:
        refuse()
    memcpy(w[0], &found, 2)
    w[0] += 2
    return 0


cdef inline object read_blob(Reader* r, Py_ssize_t limit):
    return read_bytes(r, read_count(r, limit))


cdef inline int write_blob(Writer* w, object value, Py_ssize_t limit) except -1:
    if not PyBytes_CheckExact(value):
        refuse()
    write_count(w, PyBytes_GET_SIZE(value), limit)
    return write_bytes(w, value, PyBytes_GET_SIZE(value))


cdef inline object read_text(Reader* r, Py_ssize_t limit):
    cdef Py_ssize_t size = read_count(r, limit)
    return PyUnicode_DecodeUTF8(<char*>take(r, size), size, NULL)


cdef inline int write_text(Writer* w, object value, Py_ssize_t limit) except -1:
    cdef Py_ssize_t size
    cdef const char* text
    if not PyUnicode_CheckExact(value):
        refuse()
    text = PyUnicode_AsUTF8AndSize(value, &size)
    write_count(w, size, limit)
    memcpy(w[0], text, size)
    w[0] += size
    return 0


cdef inline int read_padding(Reader* r, Py_ssize_t size) except -1:
    cdef const unsigned char* padding = take(r, size)
    cdef Py_ssize_t i
    for i in range(size):
        if padding[i]:
            refuse()
    return 0


cdef inline int write_padding(Writer* w, Py_ssize_t size) except -1:
    memset(w[0], 0, size)
    w[0] += size
    return 0


cdef inline object read_member(Reader* r, PyObject** members):
    cdef PyObject* member = members[take(r, 1)[0]]
    if member is NULL:
        refuse()
    return <object>member


cdef inline object read_wide_member(Reader* r, Py_ssize_t size, dict members):
    cdef PyObject* member = PyDict_GetItem(members, read_wide(r, size, False))
    if member is NULL:
        refuse()
    return <object>member


cdef int keep_members(object enum, PyObject** members) except -1:
    # Members live as long as their class, which this module holds.
    for member in enum:
        members[<unsigned char>member] = <PyObject*>member
    return 0


cdef inline KeptId* place(uint64_t* words) noexcept:
    cdef uint64_t mixed = words[0] * 0x9E3779B97F4A7C15ULL ^ words[1] * 0xC2B2AE3D27D4EB4FULL
    return &KEPT[(mixed ^ words[2] * 0x165667B19E3779F9ULL) >> 54]


cdef object bound_in(object cls, str variable):
    # The limit of that name in a class. None if the class has changed since, and is served no more.
    for part in parts(Record(cls)):
        if isinstance(part, Many) and isinstance(part.limit, Bound) and part.limit.variable == variable:
            return part.limit
    return None


cdef inline object read_instrument(Reader* r):
    cdef uint64_t words[3]
    cdef KeptId* kept
    memcpy(words, take(r, 24), 24)
    kept = place(words)
    if kept.value is not NULL and kept.words[0] == words[0] and kept.words[1] == words[1] and kept.words[2] == words[2]:
        return <object>kept.value
    return keep_instrument(words)


cdef object keep_instrument(uint64_t* words):
    # Ids are few and met often; one that is pushed out of its place here is still found by `decode_instrument`.
    cdef object value = decode_instrument(PyBytes_FromStringAndSize(<char*>words, 24))
    cdef KeptId* kept = place(words)
    cdef object before = <object>kept.value if kept.value is not NULL else None
    memcpy(kept.words, words, 24)
    Py_INCREF(value)
    kept.value = <PyObject*>value
    if before is not None:
        Py_DECREF(before)
    return value


cdef inline int write_instrument(Writer* w, object value) except -1:
    if type(value) is not InstrumentId:
        refuse()
    write_u16(w, slot_value(value, ID_SLOTS[0]))
    write_u8(w, slot_value(value, ID_SLOTS[1]))
    write_u8(w, slot_value(value, ID_SLOTS[2]))
    return write_bytes(w, slot_value(value, ID_SLOTS[3]), 20)


for _i, _name in enumerate(("venue", "asset_type", "kind", "body")):
    ID_SLOTS[_i] = slot_offset(InstrumentId.__dict__[_name])
    if ID_SLOTS[_i] < 0:
        raise ImportError("InstrumentId has no plain slots")

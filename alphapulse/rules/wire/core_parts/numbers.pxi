# How single values are read and written, below the functions that `cython_source` writes for each class.
#
# A reader or writer that meets anything unusual refuses with ValueError or OverflowError and without a word: the pure
# codec is asked again and says why. A reader looks at no byte behind its end. A writer writes into `SCRATCH`, which has
# room for every value that a class allows, so it checks limits but no end.

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_AsLongLong, PyLong_AsUnsignedLongLong, PyLong_Check
from cpython.long cimport PyLong_FromLongLong, PyLong_FromUnsignedLongLong
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_CheckExact, PyUnicode_DecodeUTF8
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

cdef extern from *:
    """
    #include <structmember.h>
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "the compiled core is for little-endian machines"
    #endif

    static inline PyObject *slot_value(PyObject *owner, Py_ssize_t offset) {
        PyObject *value = *(PyObject **)((char *)owner + offset);
        if (value == NULL) {
            PyErr_SetString(PyExc_ValueError, "refused");
            return NULL;
        }
        Py_INCREF(value);
        return value;
    }

    /* The slot is empty: the object is fresh. */
    static inline void fill_slot(PyObject *owner, Py_ssize_t offset, PyObject *value) {
        Py_INCREF(value);
        *(PyObject **)((char *)owner + offset) = value;
    }

    static inline PyObject *fresh(PyObject *type) {
        return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    }

    static inline PyObject *fresh_tuple(PyObject *type, Py_ssize_t size) {
        return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, size);
    }

    /* Where a slot lies in its object; -1 if the descriptor is none of a plain slot. */
    static Py_ssize_t slot_offset(PyObject *descriptor) {
        PyMemberDef *member;
        if (Py_TYPE(descriptor) != &PyMemberDescr_Type) return -1;
        member = ((PyMemberDescrObject *)descriptor)->d_member;
        return member->type == T_OBJECT_EX ? member->offset : -1;
    }

    /* An integer of `size` bytes, little-endian; -1 with an error if it does not fit. */
    static inline int write_long(PyObject *value, unsigned char *to, size_t size, int is_signed) {
    #if PY_VERSION_HEX >= 0x030D0000
        int flags = Py_ASNATIVEBYTES_LITTLE_ENDIAN;
        if (!is_signed) flags |= Py_ASNATIVEBYTES_UNSIGNED_BUFFER | Py_ASNATIVEBYTES_REJECT_NEGATIVE;
        Py_ssize_t needed = PyLong_AsNativeBytes(value, to, (Py_ssize_t)size, flags);
        if (needed > (Py_ssize_t)size) PyErr_SetString(PyExc_OverflowError, "refused");
        return needed < 0 || needed > (Py_ssize_t)size ? -1 : 0;
    #else
        return _PyLong_AsByteArray((PyLongObject *)value, to, size, 1, is_signed);
    #endif
    }

    static inline PyObject *read_long(const unsigned char *from, size_t size, int is_signed) {
    #if PY_VERSION_HEX >= 0x030D0000
        return is_signed ? PyLong_FromNativeBytes(from, size, Py_ASNATIVEBYTES_LITTLE_ENDIAN)
                         : PyLong_FromUnsignedNativeBytes(from, size, Py_ASNATIVEBYTES_LITTLE_ENDIAN);
    #else
        return _PyLong_FromByteArray(from, size, 1, is_signed);
    #endif
    }
    """
    object slot_value(object owner, Py_ssize_t offset)
    void fill_slot(object owner, Py_ssize_t offset, object value)
    object fresh(object type)
    object fresh_tuple(object type, Py_ssize_t size)
    Py_ssize_t slot_offset(object descriptor)
    int write_long(object value, unsigned char* to, size_t size, int is_signed) except -1
    object read_long(const unsigned char* source, size_t size, int is_signed)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

ctypedef struct Reader:
    const unsigned char* at
    const unsigned char* end

ctypedef unsigned char* Writer


cdef int refuse() except -1:
    raise ValueError


cdef inline const unsigned char* take(Reader* r, Py_ssize_t size) except NULL:
    cdef const unsigned char* start = r.at
    if r.end - start < size:
        refuse()
    r.at = start + size
    return start


# Integers ---------------------------------------------------------------------------------------------------------

cdef inline object read_u8(Reader* r):
    return <long>take(r, 1)[0]


cdef inline object read_u16(Reader* r):
    cdef uint16_t value
    memcpy(&value, take(r, 2), 2)
    return <long>value


cdef inline object read_u32(Reader* r):
    cdef uint32_t value
    memcpy(&value, take(r, 4), 4)
    return PyLong_FromLongLong(value)


cdef inline object read_u64(Reader* r):
    cdef uint64_t value
    memcpy(&value, take(r, 8), 8)
    return PyLong_FromUnsignedLongLong(value)


cdef inline object read_i8(Reader* r):
    return <long><int8_t>take(r, 1)[0]


cdef inline object read_i16(Reader* r):
    cdef int16_t value
    memcpy(&value, take(r, 2), 2)
    return <long>value


cdef inline object read_i32(Reader* r):
    cdef int32_t value
    memcpy(&value, take(r, 4), 4)
    return <long>value


cdef inline object read_i64(Reader* r):
    cdef int64_t value
    memcpy(&value, take(r, 8), 8)
    return PyLong_FromLongLong(value)


cdef inline object read_wide(Reader* r, Py_ssize_t size, bint is_signed):
    return read_long(take(r, size), size, is_signed)


cdef inline int64_t number(object value, int64_t low, int64_t high) except? -1:
    cdef int64_t found
    if not PyLong_Check(value):
        refuse()
    found = PyLong_AsLongLong(value)
    if found < low or found > high:
        refuse()
    return found


cdef inline int write_u8(Writer* w, object value) except -1:
    w[0][0] = <uint8_t>number(value, 0, 0xFF)
    w[0] += 1
    return 0


cdef inline int write_u16(Writer* w, object value) except -1:
    cdef uint16_t found = <uint16_t>number(value, 0, 0xFFFF)
    memcpy(w[0], &found, 2)
    w[0] += 2
    return 0


cdef inline int write_u32(Writer* w, object value) except -1:
    cdef uint32_t found = <uint32_t>number(value, 0, 0xFFFFFFFF)
    memcpy(w[0], &found, 4)
    w[0] += 4
    return 0


cdef inline int write_u64(Writer* w, object value) except -1:
    cdef uint64_t found
    if not PyLong_Check(value):
        refuse()
    found = PyLong_AsUnsignedLongLong(value)
    memcpy(w[0], &found, 8)
    w[0] += 8
    return 0


cdef inline int write_i8(Writer* w, object value) except -1:
    w[0][0] = <uint8_t>number(value, -0x80, 0x7F)
    w[0] += 1
    return 0


cdef inline int write_i16(Writer* w, object value) except -1:
    cdef int16_t found = <int16_t>number(value, -0x8000, 0x7FFF)
    memcpy(w[0], &found, 2)
    w[0] += 2
    return 0


cdef inline int write_i32(Writer* w, object value) except -1:
    cdef int32_t found = <int32_t>number(value, -0x80000000, 0x7FFFFFFF)
    memcpy(w[0], &found, 4)
    w[0] += 4
    return 0


cdef inline int write_i64(Writer* w, object value) except -1:
    cdef int64_t found
    if not PyLong_Check(value):
        refuse()
    found = PyLong_AsLongLong(value)
    memcpy(w[0], &found, 8)
    w[0] += 8
    return 0


cdef inline int write_wide(Writer* w, object value, Py_ssize_t size, bint is_signed) except -1:
    if not PyLong_Check(value):
        refuse()
    write_long(value, w[0], size, is_signed)
    w[0] += size
    return 0

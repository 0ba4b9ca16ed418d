# Reading frames.

cdef inline int open_frame(const unsigned char* data, Py_ssize_t size, int wanted, HeaderFields* header) except -1:
    # Everything that `pure` checks before it reads a value. `wanted` is the domain of the link, 0 for any.
    if size < HEADER:
        refuse()
    memcpy(header, data, HEADER)
    if (
        header.magic != 0xDEADBEEF
        or header.version != 1
        or header.flags & REFUSED_FLAGS
        or DOMAINS[header.domain] is NULL
        or SOURCES[header.source] is NULL
        or size > LARGEST_FRAME
        or header.payload_size != size - HEADER
        or frame_checksum(data, size) != header.checksum
        or (wanted and header.domain != wanted and header.domain != SYSTEM)
    ):
        refuse()
    return 0


cdef inline int next_tlv(Reader* r, Reader* value) except -1:
    # The type of the next TLV; `value` is where its bytes lie.
    cdef const unsigned char* head = take(r, 2)
    cdef int type = head[0]
    cdef Py_ssize_t size = head[1]
    if type == 255:
        if size:
            refuse()
        head = take(r, 3)
        type = head[0]
        size = head[1] | head[2] << 8
    if type == 0 or type == 255:
        refuse()
    value.at = take(r, size)
    value.end = r.at
    return type


cdef inline const unsigned char* value_place(Reader* r) noexcept:
    # Where the value of the next TLV lies, of which there is one byte at least.
    return r.at + (5 if r.at[0] == 255 else 2)


cdef inline object read_message(Reader* r, int domain):
    cdef Reader value
    cdef int type = next_tlv(r, &value)
    cdef Codec codec
    if BY_TYPE[type] is NULL:
        refuse()
    codec = <Codec>BY_TYPE[type]
    if codec.domain != domain and codec.domain != SYSTEM:
        refuse()
    message = codec.read(&value)
    if value.at != value.end:
        refuse()
    return message


cdef inline int put(object values, Py_ssize_t i, object value) except -1:
    Py_INCREF(value)
    PyTuple_SET_ITEM(values, i, value)
    return 0


cdef object opened_frame(const unsigned char* data, Py_ssize_t size, int wanted):
    cdef HeaderFields fields
    cdef Reader r
    cdef list found
    open_frame(data, size, wanted, &fields)
    r.at, r.end = data + HEADER, data + size
    if r.at == r.end:
        messages = ()
    else:
        message = read_message(&r, fields.domain)
        if r.at == r.end:
            messages = (message,)
        else:
            found = [message]
            while r.at != r.end and value_place(&r) - data <= MAX_SHORT:
                found.append(read_message(&r, fields.domain))
            if r.at == r.end:
                messages = tuple(found)
            else:
                while r.at != r.end:
                    read_message(&r, fields.domain)
                messages = long_messages(PyBytes_FromStringAndSize(<const char*>data, size), decode_value)
    header = fresh_tuple(Header, 7)
    put(header, 0, <object>DOMAINS[fields.domain])
    put(header, 1, <object>SOURCES[fields.source])
    put(header, 2, PyLong_FromUnsignedLongLong(fields.sequence))
    put(header, 3, PyLong_FromUnsignedLongLong(fields.timestamp_ns))
    put(header, 4, <long>fields.payload_size)
    put(header, 5, PyLong_FromLongLong(fields.checksum))
    put(header, 6, <long>fields.flags)
    frame = fresh_tuple(Frame, 3)
    put(frame, 0, header)
    put(frame, 1, messages)
    put(frame, 2, NO_UNKNOWN)
    return frame


cdef object opened_message(const unsigned char* data, Py_ssize_t size, int wanted):
    cdef HeaderFields fields
    cdef Reader r
    open_frame(data, size, wanted, &fields)
    r.at, r.end = data + HEADER, data + size
    message = read_message(&r, fields.domain)
    if r.at != r.end:
        refuse()
    return message


cdef object opened_messages(const unsigned char* data, Py_ssize_t size, int wanted):
    cdef Py_ssize_t position = 0, frame
    cdef uint32_t payload
    cdef list messages = []
    while position < size:
        if size - position < HEADER:
            refuse()
        memcpy(&payload, data + position + 24, 4)
        frame = HEADER + <Py_ssize_t>payload
        if frame > size - position:
            refuse()
        messages.append(opened_message(data + position, frame, wanted))
        position += frame
    return messages


cdef object opened_spans(const unsigned char* data, Py_ssize_t size, int wanted):
    cdef HeaderFields fields
    cdef Reader r, value
    cdef list spans = []
    cdef bint is_long = False
    cdef int type
    open_frame(data, size, wanted, &fields)
    r.at, r.end = data + HEADER, data + size
    while r.at != r.end:
        type = next_tlv(&r, &value)
        if value.at - data > MAX_SHORT and spans:
            is_long = True
        else:
            spans.append((type, value.at - data, value.end - data))
    return long_spans(PyBytes_FromStringAndSize(<const char*>data, size)) if is_long else spans


ctypedef object (*Opened)(const unsigned char*, Py_ssize_t, int)


cdef object opened(object data, object domain, Opened work):
    # What `work` makes of the bytes, which are not copied; None if it refused.
    cdef Py_buffer view
    cdef int wanted = 0
    if domain is not None:
        if type(domain) is not Domain:
            return None
        wanted = domain
    try:
        if PyBytes_CheckExact(data):
            return work(<unsigned char*>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), wanted)
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            return work(<unsigned char*>view.buf, view.len, wanted)
        finally:
            PyBuffer_Release(&view)
    except (ValueError, OverflowError, TypeError, BufferError):
        return None


def decode_value(cls, data):
    """As `pure.decode_value`."""
    cdef Py_buffer view
    cdef Reader r
    cdef PyObject* found = PyDict_GetItem(CODECS, cls)
    if found is not NULL:
        try:
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            try:
                r.at = <unsigned char*>view.buf
                r.end = r.at + view.len
                value = (<Codec>found).read(&r)
                if r.at == r.end:
                    return value
            finally:
                PyBuffer_Release(&view)
        except (ValueError, OverflowError, TypeError, BufferError):
            pass
    return pure.decode_value(cls, data)


def decode_message(data, *, domain=None):
    """As `pure.decode_message`."""
    message = opened(data, domain, opened_message)
    return pure.decode_message(data, domain=domain) if message is None else message


def decode_messages(data, *, domain=None):
    """As `pure.decode_messages`."""
    messages = opened(data, domain, opened_messages)
    return pure.decode_messages(data, domain=domain) if messages is None else messages


def decode_frame(data, *, domain=None):
    """As `pure.decode_frame`."""
    frame = opened(data, domain, opened_frame)
    return pure.decode_frame(data, domain=domain) if frame is None else frame


def frame_spans(data):
    """As `pure.frame_spans`."""
    spans = opened(data, None, opened_spans)
    return pure.frame_spans(data) if spans is None else spans


def are_instruments(ids):
    """Whether every 24 bytes in `ids` are an instrument id."""
    cdef Py_buffer view
    cdef Reader r
    PyObject_GetBuffer(ids, &view, PyBUF_SIMPLE)
    r.at = <unsigned char*>view.buf
    r.end = r.at + view.len
    try:
        while r.at != r.end:
            read_instrument(&r)
    except ValueError:
        return False
    finally:
        PyBuffer_Release(&view)
    return True


def checksums(frames, Py_ssize_t size, sums):
    """Put the checksum of each frame of `size` bytes in `frames` into `sums`, a buffer of as many u32."""
    cdef Py_buffer source, target
    cdef Py_ssize_t i
    PyObject_GetBuffer(frames, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(sums, &target, PyBUF_WRITABLE)
        try:
            if size < HEADER or source.len % size or source.len // size != target.len // 4:
                raise ValueError("expected frames of one size, and as many sums")
            for i in range(source.len // size):
                (<uint32_t*>target.buf)[i] = frame_checksum(<unsigned char*>source.buf + i * size, size)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)

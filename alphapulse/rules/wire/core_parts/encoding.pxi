# Writing frames. Nothing here runs Python code between the first byte and the last, so `SCRATCH` is never shared.

cdef inline Codec codec_of(object cls):
    cdef PyObject* found = PyDict_GetItem(CODECS, cls)
    if found is NULL:
        refuse()
    return <Codec>found


cdef inline int write_tlv(Writer* w, Codec codec, object message) except -1:
    cdef unsigned char* start = w[0]
    cdef Py_ssize_t size
    if codec.type == 0:
        refuse()
    if codec.most <= 255:
        w[0] = start + 2
        codec.write(w, message)
        size = w[0] - start - 2
    else:
        w[0] = start + 5
        codec.write(w, message)
        size = w[0] - start - 5
        if size > 255:
            start[0], start[1], start[2], start[3], start[4] = 255, 0, codec.type, size & 0xFF, size >> 8
            return 0
        memmove(start + 2, start + 5, size)
        w[0] -= 3
    start[0], start[1] = codec.type, <unsigned char>size
    return 0


cdef inline int write_header(
    unsigned char* frame, Py_ssize_t size, int domain, object source, uint64_t sequence, uint64_t timestamp_ns
) except -1:
    cdef HeaderFields header
    cdef uint32_t checksum
    if size > LARGEST_FRAME:
        refuse()
    header.magic = 0xDEADBEEF
    header.domain = domain
    header.version = 1
    header.source = <uint8_t>number(source, 0, 0xFF)
    header.flags = 0
    header.sequence = sequence
    header.timestamp_ns = timestamp_ns
    header.payload_size = <uint32_t>(size - HEADER)
    memcpy(frame, &header, HEADER - 4)
    checksum = frame_checksum(frame, size)
    memcpy(frame + HEADER - 4, &checksum, 4)
    return 0


cdef inline uint64_t unsigned(object value) except? 0xFFFFFFFFFFFFFFFF:
    if not PyLong_Check(value):
        refuse()
    return PyLong_AsUnsignedLongLong(value)


cdef object sealed_message(object message, object source, object sequence, object timestamp_ns):
    cdef Writer w = SCRATCH + HEADER
    cdef Codec codec = codec_of(type(message))
    write_tlv(&w, codec, message)
    write_header(SCRATCH, w - SCRATCH, codec.domain, source, unsigned(sequence), unsigned(timestamp_ns))
    return PyBytes_FromStringAndSize(<char*>SCRATCH, w - SCRATCH)


cdef object sealed_frame(object messages, object source, object sequence, object timestamp_ns):
    cdef Writer w = SCRATCH + HEADER
    cdef Py_ssize_t i, count = size_of(messages)
    cdef Codec codec
    cdef int domain = 0
    if count == 0:
        refuse()
    for i in range(count):
        message = item_of(messages, i)
        codec = codec_of(type(message))
        if i == 0:
            domain = codec.domain
        if (codec.domain != domain and codec.domain != SYSTEM) or w - SCRATCH > LARGEST_FRAME:
            refuse()
        write_tlv(&w, codec, message)
    write_header(SCRATCH, w - SCRATCH, domain, source, unsigned(sequence), unsigned(timestamp_ns))
    return PyBytes_FromStringAndSize(<char*>SCRATCH, w - SCRATCH)


cdef object sealed_messages(object messages, object source, object first_sequence, object timestamp_ns):
    cdef Py_ssize_t i, count = size_of(messages)
    cdef uint64_t first = unsigned(first_sequence), time_ns = unsigned(timestamp_ns)
    cdef Codec codec
    cdef Writer w = SCRATCH
    cdef unsigned char* frame
    cdef list pieces = []
    if count and first + <uint64_t>(count - 1) < first:
        refuse()
    for i in range(count):
        message = item_of(messages, i)
        codec = codec_of(type(message))
        if w - SCRATCH > LARGEST_FRAME - LARGEST_VALUE:
            pieces.append(PyBytes_FromStringAndSize(<char*>SCRATCH, w - SCRATCH))
            w = SCRATCH
        frame = w
        w += HEADER
        write_tlv(&w, codec, message)
        write_header(frame, w - frame, codec.domain, source, first + <uint64_t>i, time_ns)
    last = PyBytes_FromStringAndSize(<char*>SCRATCH, w - SCRATCH)
    return b"".join([*pieces, last]) if pieces else last


cdef object sealed_payload(object payload, object domain, object source, object sequence, object timestamp_ns):
    cdef Py_ssize_t size
    if not PyBytes_CheckExact(payload) or type(domain) is not Domain:
        refuse()
    size = HEADER + PyBytes_GET_SIZE(payload)
    if size > LARGEST_FRAME:
        refuse()
    memcpy(SCRATCH + HEADER, PyBytes_AS_STRING(payload), size - HEADER)
    write_header(SCRATCH, size, domain, source, unsigned(sequence), unsigned(timestamp_ns))
    return PyBytes_FromStringAndSize(<char*>SCRATCH, size)


cdef inline Py_ssize_t size_of(object messages) except -1:
    if PyList_CheckExact(messages):
        return PyList_GET_SIZE(messages)
    if PyTuple_CheckExact(messages):
        return PyTuple_GET_SIZE(messages)
    return refuse()


cdef inline object item_of(object messages, Py_ssize_t i):
    # Nothing that runs between two items can shorten a list: writers run no Python code.
    return <object>(PyList_GET_ITEM(messages, i) if PyList_CheckExact(messages) else PyTuple_GET_ITEM(messages, i))


def encode_value(message):
    """As `pure.encode_value`."""
    cdef Writer w = SCRATCH
    try:
        codec_of(type(message)).write(&w, message)
        return PyBytes_FromStringAndSize(<char*>SCRATCH, w - SCRATCH)
    except (ValueError, OverflowError):
        pass
    return pure.encode_value(message)


def encode_message(message, *, source, sequence, timestamp_ns):
    """As `pure.encode_message`."""
    try:
        return sealed_message(message, source, sequence, timestamp_ns)
    except (ValueError, OverflowError):
        pass
    return pure.encode_message(message, source=source, sequence=sequence, timestamp_ns=timestamp_ns)


def encode_frame(messages, *, source, sequence, timestamp_ns):
    """As `pure.encode_frame`."""
    try:
        return sealed_frame(messages, source, sequence, timestamp_ns)
    except (ValueError, OverflowError):
        pass
    return pure.encode_frame(messages, source=source, sequence=sequence, timestamp_ns=timestamp_ns)


def encode_messages(messages, *, source, first_sequence, timestamp_ns):
    """As `pure.encode_messages`."""
    if not PyList_CheckExact(messages) and not PyTuple_CheckExact(messages):
        messages = list(messages)
    try:
        return sealed_messages(messages, source, first_sequence, timestamp_ns)
    except (ValueError, OverflowError):
        pass
    return pure.encode_messages(messages, source=source, first_sequence=first_sequence, timestamp_ns=timestamp_ns)


def seal(payload, *, domain, source, sequence, timestamp_ns):
    """As `pure.seal`."""
    try:
        return sealed_payload(payload, domain, source, sequence, timestamp_ns)
    except (ValueError, OverflowError):
        pass
    return pure.seal(payload, domain=domain, source=source, sequence=sequence, timestamp_ns=timestamp_ns)

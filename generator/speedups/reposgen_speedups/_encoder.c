/* Arguments and rows of COPY in PostgreSQL's binary format.

   Only values that are exactly of the usual class are encoded here: an int, not one of a
   subclass; a time in UTC itself. Every other value goes to the column's dumper, which is
   the one that would be called without this module. If a dumper raises, the methods say
   that they did nothing, and the caller encodes the same values with the dumpers alone. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <datetime.h>
#include <structmember.h>

#include <stdint.h>
#include <string.h>

enum kind {
    KIND_DUMP,
    KIND_BOOL,
    KIND_INT2,
    KIND_INT4,
    KIND_INT8,
    KIND_FLOAT8,
    KIND_TEXT,
    KIND_BYTEA,
    KIND_UUID,
    KIND_DATE,
    KIND_TIMESTAMP,
    KIND_TIMESTAMPTZ,
    KIND_JSON,
    KIND_JSONB,
    KIND_COUNT
};

static const char *const kind_names[KIND_COUNT] = {
    "dump",  "bool", "int2", "int4",      "int8",        "float8", "text",
    "bytea", "uuid", "date", "timestamp", "timestamptz", "json",   "jsonb",
};

/* extra: of JSON, what makes bytes of a value. */
typedef struct {
    enum kind kind;
    PyObject *dump;
    PyObject *extra;
} Column;

typedef struct {
    PyObject_HEAD
    Py_ssize_t count;
    Column *columns;
} Encoder;

/* What grows while a row is encoded. */
typedef struct {
    char *data;
    Py_ssize_t size;
    Py_ssize_t room;
} Buffer;

static PyTypeObject *uuid_class;
static Py_ssize_t uuid_int_offset;

static char *
extend(Buffer *buffer, Py_ssize_t by)
{
    if (by > buffer->room - buffer->size) {
        if (by > PY_SSIZE_T_MAX / 2 - buffer->size) {
            PyErr_NoMemory();
            return NULL;
        }
        Py_ssize_t room = 2 * (buffer->size + by);
        char *data = PyMem_Realloc(buffer->data, (size_t)room);
        if (data == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        buffer->data = data;
        buffer->room = room;
    }
    char *place = buffer->data + buffer->size;
    buffer->size += by;
    return place;
}

static void
put(char *place, uint64_t value, int size)
{
    for (int i = size; i-- > 0; value >>= 8)
        place[i] = (char)(value & 0xff);
}

/* The functions below add a value without its length. They return 1, or 0 if it is the
   dumper's to encode, or -1 with an error. */

static int
add_number(Buffer *buffer, uint64_t value, int size)
{
    char *place = extend(buffer, size);
    if (place == NULL)
        return -1;
    put(place, value, size);
    return 1;
}

static int
add_bytes(Buffer *buffer, const char *data, Py_ssize_t size)
{
    char *place = extend(buffer, size);
    if (place == NULL)
        return -1;
    memcpy(place, data, (size_t)size);
    return 1;
}

static int
add_int(Buffer *buffer, PyObject *value, int size)
{
    int overflow;
    if (!PyLong_CheckExact(value))
        return 0;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow || (size < 8 && (number < -(1LL << (8 * size - 1))
                                  || number >= 1LL << (8 * size - 1))))
        return 0;
    return add_number(buffer, (uint64_t)number, size);
}

static int
add_text(Buffer *buffer, PyObject *value)
{
    if (!PyUnicode_CheckExact(value))
        return 0;
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        const char *data = (const char *)PyUnicode_1BYTE_DATA(value);
        Py_ssize_t size = PyUnicode_GET_LENGTH(value);
        if (memchr(data, 0, (size_t)size) != NULL)
            return 0;
        return add_bytes(buffer, data, size);
    }
    PyObject *bytes = PyUnicode_AsUTF8String(value);
    if (bytes == NULL) {
        PyErr_Clear(); /* half of a surrogate pair */
        return 0;
    }
    const char *data = PyBytes_AS_STRING(bytes);
    Py_ssize_t size = PyBytes_GET_SIZE(bytes);
    int status = memchr(data, 0, (size_t)size) ? 0 : add_bytes(buffer, data, size);
    Py_DECREF(bytes);
    return status;
}

static int
add_uuid(Buffer *buffer, PyObject *value)
{
    if (!Py_IS_TYPE(value, uuid_class))
        return 0;
    PyObject *number = *(PyObject **)((char *)value + uuid_int_offset);
    if (number == NULL || !PyLong_CheckExact(number))
        return 0;
    char *place = extend(buffer, 16);
    if (place == NULL)
        return -1;
#if PY_VERSION_HEX >= 0x030d0000
    int status = _PyLong_AsByteArray(
        (PyLongObject *)number, (unsigned char *)place, 16, 0, 0, 1
    );
#else
    int status =
        _PyLong_AsByteArray((PyLongObject *)number, (unsigned char *)place, 16, 0, 0);
#endif
    if (status == 0)
        return 1;
    PyErr_Clear();
    return 0;
}

/* Days from 2000-01-01 on. */
static int64_t
days_of(PyObject *date)
{
    int64_t year = PyDateTime_GET_YEAR(date), month = PyDateTime_GET_MONTH(date);
    int64_t day = PyDateTime_GET_DAY(date);
    year -= month <= 2;
    int64_t era = year / 400; /* years are positive, or 0 for the first months */
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730425;
}

static int
add_date(Buffer *buffer, PyObject *value)
{
    if (!PyDate_CheckExact(value))
        return 0;
    return add_number(buffer, (uint64_t)days_of(value), 4);
}

static int
add_timestamp(Buffer *buffer, PyObject *value, PyObject *zone)
{
    if (!PyDateTime_CheckExact(value) || PyDateTime_DATE_GET_TZINFO(value) != zone)
        return 0;
    int64_t seconds = days_of(value) * 86400 + PyDateTime_DATE_GET_HOUR(value) * 3600
        + PyDateTime_DATE_GET_MINUTE(value) * 60 + PyDateTime_DATE_GET_SECOND(value);
    int64_t moment = seconds * 1000000 + PyDateTime_DATE_GET_MICROSECOND(value);
    return add_number(buffer, (uint64_t)moment, 8);
}

static int
contains_null(const char *data, Py_ssize_t size)
{
    const char *stop = data + size;
    while (stop - data >= 4 && (data = memchr(data, 'n', (size_t)(stop - data - 3)))) {
        if (memcmp(data, "null", 4) == 0)
            return 1;
        data++;
    }
    return 0;
}

static int
add_json(Buffer *buffer, const Column *column, PyObject *value)
{
    PyObject *text = PyObject_CallOneArg(column->extra, value);
    if (text == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_Exception))
            return -1;
        PyErr_Clear();
        return 0;
    }
    int status = 0;
    /* Where there is a null, it may have been a NaN. */
    if (PyBytes_CheckExact(text)
        && !contains_null(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))) {
        status = column->kind == KIND_JSON ? 1 : add_number(buffer, 1, 1);
        if (status > 0)
            status =
                add_bytes(buffer, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text));
    }
    Py_DECREF(text);
    return status;
}

static int
add_fast(Buffer *buffer, const Column *column, PyObject *value)
{
    switch (column->kind) {
    case KIND_BOOL:
        return PyBool_Check(value) ? add_number(buffer, value == Py_True, 1) : 0;
    case KIND_INT2:
        return add_int(buffer, value, 2);
    case KIND_INT4:
        return add_int(buffer, value, 4);
    case KIND_INT8:
        return add_int(buffer, value, 8);
    case KIND_FLOAT8: {
        uint64_t bits;
        if (!PyFloat_CheckExact(value))
            return 0;
        memcpy(&bits, &((PyFloatObject *)value)->ob_fval, 8);
        return add_number(buffer, bits, 8);
    }
    case KIND_TEXT:
        return add_text(buffer, value);
    case KIND_BYTEA:
        if (!PyBytes_CheckExact(value))
            return 0;
        return add_bytes(buffer, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    case KIND_UUID:
        return add_uuid(buffer, value);
    case KIND_DATE:
        return add_date(buffer, value);
    case KIND_TIMESTAMP:
        return add_timestamp(buffer, value, Py_None);
    case KIND_TIMESTAMPTZ:
        return add_timestamp(buffer, value, PyDateTime_TimeZone_UTC);
    case KIND_JSON:
    case KIND_JSONB:
        return add_json(buffer, column, value);
    case KIND_DUMP:
    case KIND_COUNT:
        break;
    }
    return 0;
}

/* Add what a dumper makes of a value: 1, or 0 for NULL, or -1 with an error. */
static int
add_dumped(Buffer *buffer, const Column *column, PyObject *value)
{
    PyObject *dumped = PyObject_CallOneArg(column->dump, value);
    if (dumped == NULL)
        return -1;
    int status = 0;
    if (dumped != Py_None) {
        Py_buffer view;
        status = PyObject_GetBuffer(dumped, &view, PyBUF_SIMPLE);
        if (status == 0) {
            status = add_bytes(buffer, view.buf, view.len);
            PyBuffer_Release(&view);
        }
    }
    Py_DECREF(dumped);
    return status;
}

/* Add a value behind its length, which is -1 for NULL. */
static int
add_value(Buffer *buffer, const Column *column, PyObject *value)
{
    Py_ssize_t start = buffer->size;
    if (extend(buffer, 4) == NULL)
        return -1;
    int status = 0;
    if (value != Py_None) {
        status = add_fast(buffer, column, value);
        if (status == 0) {
            buffer->size = start + 4;
            status = add_dumped(buffer, column, value);
        }
    }
    if (status < 0)
        return -1;
    Py_ssize_t size = buffer->size - start - 4;
    if (size > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "too long for a value");
        return -1;
    }
    put(buffer->data + start, status > 0 ? (uint64_t)size : UINT64_MAX, 4);
    return 0;
}

/* What went wrong is for the dumpers alone to find out, unless it is no error of
   theirs: an interrupt. */
static PyObject *
nothing_done(void)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return NULL;
    PyErr_Clear();
    Py_RETURN_NONE;
}

static PyObject *
encoder_row(Encoder *self, PyObject *given)
{
    Buffer buffer = {NULL, 0, 0};
    PyObject *row = NULL;
    PyObject *values = PySequence_Tuple(given);
    if (values == NULL)
        return nothing_done();
    if (PyTuple_GET_SIZE(values) != self->count || self->count > INT16_MAX) {
        Py_DECREF(values);
        Py_RETURN_NONE;
    }
    int status = add_number(&buffer, (uint64_t)self->count, 2);
    for (Py_ssize_t i = 0; status >= 0 && i < self->count; i++)
        status = add_value(&buffer, &self->columns[i], PyTuple_GET_ITEM(values, i));
    if (status >= 0)
        row = PyBytes_FromStringAndSize(buffer.data, buffer.size);
    PyMem_Free(buffer.data);
    Py_DECREF(values);
    return row == NULL ? nothing_done() : row;
}

static int
encoder_traverse(Encoder *self, visitproc visit, void *arg)
{
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Py_VISIT(self->columns[i].dump);
        Py_VISIT(self->columns[i].extra);
    }
    return 0;
}

static int
encoder_clear(Encoder *self)
{
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Py_CLEAR(self->columns[i].dump);
        Py_CLEAR(self->columns[i].extra);
    }
    return 0;
}

static void
encoder_dealloc(Encoder *self)
{
    PyObject_GC_UnTrack(self);
    encoder_clear(self);
    PyMem_Free(self->columns);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *
encoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"columns", NULL};
    PyObject *given;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O!", names, &PyTuple_Type, &given
        ))
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(given);
    Encoder *self = (Encoder *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->columns = PyMem_Calloc((size_t)count + 1, sizeof(Column));
    if (self->columns == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->count = count;
    for (Py_ssize_t i = 0; i < count; i++) {
        const char *name;
        PyObject *dump, *extra;
        if (!PyArg_ParseTuple(
                PyTuple_GET_ITEM(given, i), "sOO", &name, &dump, &extra
            ))
            goto failed;
        int kind = 0;
        while (kind < KIND_COUNT && strcmp(name, kind_names[kind]) != 0)
            kind++;
        if (kind == KIND_COUNT) {
            PyErr_Format(PyExc_ValueError, "no kind of column: %s", name);
            goto failed;
        }
        self->columns[i].kind = (enum kind)kind;
        self->columns[i].dump = Py_NewRef(dump);
        self->columns[i].extra = Py_NewRef(extra);
    }
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

static PyMethodDef encoder_methods[] = {
    {"row", (PyCFunction)encoder_row, METH_O,
     PyDoc_STR("Return a row of COPY's binary format.\n\n"
               "None: it is to be made without this module, which raises the error.")},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject encoder_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "reposgen_speedups._encoder.Encoder",
    .tp_doc = PyDoc_STR("Makes rows of COPY of values."),
    .tp_basicsize = sizeof(Encoder),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = encoder_new,
    .tp_traverse = (traverseproc)encoder_traverse,
    .tp_clear = (inquiry)encoder_clear,
    .tp_dealloc = (destructor)encoder_dealloc,
    .tp_methods = encoder_methods,
};

static int
find_uuid(void)
{
    PyObject *module = PyImport_ImportModule("uuid");
    if (module == NULL)
        return -1;
    PyObject *found = PyObject_GetAttrString(module, "UUID");
    Py_DECREF(module);
    PyObject *slot = found == NULL ? NULL : PyObject_GetAttrString(found, "int");
    if (slot == NULL || !PyType_Check(found) || !Py_IS_TYPE(slot, &PyMemberDescr_Type)
        || ((PyMemberDescrObject *)slot)->d_member->type != T_OBJECT_EX) {
        Py_XDECREF(found);
        Py_XDECREF(slot);
        PyErr_SetString(PyExc_ImportError, "uuid.UUID has no slots");
        return -1;
    }
    uuid_class = (PyTypeObject *)found;
    uuid_int_offset = ((PyMemberDescrObject *)slot)->d_member->offset;
    Py_DECREF(slot);
    return 0;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "reposgen_speedups._encoder",
    .m_doc = PyDoc_STR("Values in PostgreSQL's binary format."),
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit__encoder(void)
{
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == NULL || find_uuid() < 0 || PyType_Ready(&encoder_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL
        || PyModule_AddObjectRef(module, "Encoder", (PyObject *)&encoder_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}

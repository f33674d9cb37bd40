/* Rows of a libpq result as Python objects, without a tuple or a call in between.

   Each column has a kind. What a kind does not cover (an infinite date, a numeric of
   many digits, data of a wrong length) goes to the column's loader, which is the one
   that would be called without this module. If anything raises, `rows` returns None,
   and the caller makes the same rows with the loaders alone: they know the error.

   The functions of libpq are looked up in the library that made the results. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <datetime.h>
#include <structmember.h>

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

typedef struct pg_result PGresult;

static int (*pq_ntuples)(const PGresult *);
static int (*pq_nfields)(const PGresult *);
static int (*pq_fformat)(const PGresult *, int);
static char *(*pq_getvalue)(const PGresult *, int, int);
static int (*pq_getlength)(const PGresult *, int, int);
static int (*pq_getisnull)(const PGresult *, int, int);

enum kind {
    KIND_LOAD,
    KIND_BOOL,
    KIND_INT2,
    KIND_INT4,
    KIND_INT8,
    KIND_OID,
    KIND_FLOAT4,
    KIND_FLOAT8,
    KIND_TEXT,
    KIND_BYTEA,
    KIND_UUID,
    KIND_DATE,
    KIND_TIMESTAMP,
    KIND_TIMESTAMPTZ,
    KIND_INTERVAL,
    KIND_NUMERIC,
    KIND_JSON,
    KIND_JSONB,
    KIND_ENUM,
    KIND_ARRAY,
    KIND_COMPOSITE,
    KIND_COUNT
};

static const char *const kind_names[KIND_COUNT] = {
    "load",      "bool",        "int2",     "int4",    "int8", "oid",   "float4",
    "float8",    "text",        "bytea",    "uuid",    "date", "timestamp",
    "timestamptz", "interval",  "numeric",  "json",    "jsonb", "enum", "array",
    "composite",
};

/* How values of one type are read.

   extra: timestamptz: what gives a time in UTC its zone, as `tzinfo.fromutc` does, or
   None for UTC itself; numeric: Decimal; json: loads; enum: members by label;
   composite: builds a value.
   zone: of timestamptz.
   items: of an array the elements, of a composite the attributes; oids: their types. */
typedef struct spec {
    enum kind kind;
    PyObject *load;
    PyObject *extra;
    PyObject *zone;
    Py_ssize_t count;
    struct spec *items;
    uint32_t *oids;
} Spec;

typedef struct {
    PyObject_HEAD
    Spec row;             /* its items are the columns */
    PyObject *make;       /* the class of rows; None: a row is its first column */
    Py_ssize_t *offsets;  /* of the slots that are written directly, if they are */
} Decoder;

static PyObject *uuid_class;
static PyObject *uuid_is_safe;
static Py_ssize_t uuid_int_offset;
static Py_ssize_t uuid_is_safe_offset;

/* Numbers in network order. */

static inline uint16_t
get_u16(const unsigned char *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static inline uint32_t
get_u32(const unsigned char *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16
        | (uint32_t)data[2] << 8 | (uint32_t)data[3];
}

static inline int64_t
get_i64(const unsigned char *data)
{
    return (int64_t)((uint64_t)get_u32(data) << 32 | get_u32(data + 4));
}

static inline void
floor_divide(int64_t value, int64_t by, int64_t *quotient, int64_t *rest)
{
    *quotient = value / by;
    *rest = value % by;
    if (*rest < 0) {
        *rest += by;
        *quotient -= 1;
    }
}

/* Days since 2000-01-01 as a date of the proleptic Gregorian calendar; false beyond
   the years 1 to 9999. */
static int
civil(int64_t days, int *year, int *month, int *day)
{
    /* 0001-01-01 and 9999-12-31. */
    if (days < -730119 || days > 2921939)
        return 0;
    days += 730425; /* since 0000-03-01 */
    int64_t era = days / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year_of_era =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year =
        of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
    return 1;
}

/* Each function below returns a new reference; NULL without an error if the value is
   the loader's to read. */

static PyObject *decode(const Spec *spec, const unsigned char *data, Py_ssize_t size);

static PyObject *
decode_uuid(const unsigned char *data)
{
    PyTypeObject *type = (PyTypeObject *)uuid_class;
    PyObject *number = _PyLong_FromByteArray(data, 16, 0, 0);
    if (number == NULL)
        return NULL;
    PyObject *uuid = type->tp_alloc(type, 0);
    if (uuid == NULL) {
        Py_DECREF(number);
        return NULL;
    }
    *(PyObject **)((char *)uuid + uuid_int_offset) = number;
    Py_INCREF(uuid_is_safe);
    *(PyObject **)((char *)uuid + uuid_is_safe_offset) = uuid_is_safe;
    return uuid;
}

static PyObject *
decode_date(const unsigned char *data)
{
    int year, month, day;
    if (!civil((int32_t)get_u32(data), &year, &month, &day))
        return NULL;
    return PyDate_FromDate(year, month, day);
}

static PyObject *
decode_timestamp(const unsigned char *data, PyObject *zone)
{
    int64_t days, rest;
    int year, month, day;
    floor_divide(get_i64(data), INT64_C(86400000000), &days, &rest);
    if (!civil(days, &year, &month, &day))
        return NULL;
    int64_t seconds = rest / 1000000;
    return PyDateTimeAPI->DateTime_FromDateAndTime(
        year, month, day, (int)(seconds / 3600), (int)(seconds / 60 % 60),
        (int)(seconds % 60), (int)(rest % 1000000), zone, PyDateTimeAPI->DateTimeType
    );
}

static PyObject *
decode_timestamptz(const Spec *spec, const unsigned char *data)
{
    PyObject *utc = decode_timestamp(data, spec->zone);
    if (utc == NULL || spec->extra == Py_None)
        return utc;
    PyObject *local = PyObject_CallOneArg(spec->extra, utc);
    Py_DECREF(utc);
    return local;
}

static PyObject *
decode_interval(const unsigned char *data)
{
    int64_t days, rest;
    if (get_u32(data + 12) != 0)
        return NULL; /* months */
    floor_divide(get_i64(data), INT64_C(86400000000), &days, &rest);
    days += (int32_t)get_u32(data + 8);
    if (days < -999999999 || days > 999999999)
        return NULL;
    return PyDelta_FromDSU((int)days, (int)(rest / 1000000), (int)(rest % 1000000));
}

/* More digits than most have; the rest is the loader's. */
#define NUMERIC_GROUPS 16
#define NUMERIC_SCALE 64

static PyObject *
decode_numeric(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    char text[2 + 4 * NUMERIC_GROUPS + NUMERIC_SCALE + 4];
    char *end = text;
    if (size < 8)
        return NULL;
    int count = get_u16(data);
    int weight = (int16_t)get_u16(data + 2);
    int sign = get_u16(data + 4);
    int scale = get_u16(data + 6);
    if ((sign != 0 && sign != 0x4000) || size != 8 + 2 * count)
        return NULL; /* not a number, an infinity, or no numeric */
    if (weight >= NUMERIC_GROUPS || weight < -NUMERIC_GROUPS || scale > NUMERIC_SCALE)
        return NULL;
    /* No more behind the point than the scale says. */
    if (4 * (count - weight - 1) > scale + 3)
        return NULL;
    const unsigned char *groups = data + 8;
    for (int i = 0; i < count; i++)
        if (get_u16(groups + 2 * i) > 9999)
            return NULL;
    if (sign)
        *end++ = '-';
    if (weight < 0)
        *end++ = '0';
    for (int i = 0; i <= weight; i++) {
        int group = i < count ? get_u16(groups + 2 * i) : 0;
        if (i > 0 || group >= 1000)
            *end++ = (char)('0' + group / 1000);
        if (i > 0 || group >= 100)
            *end++ = (char)('0' + group / 100 % 10);
        if (i > 0 || group >= 10)
            *end++ = (char)('0' + group / 10 % 10);
        *end++ = (char)('0' + group % 10);
    }
    if (scale > 0) {
        *end++ = '.';
        char *stop = end + scale;
        for (int i = weight + 1; end < stop; i++) {
            int group = i >= 0 && i < count ? get_u16(groups + 2 * i) : 0;
            *end++ = (char)('0' + group / 1000);
            *end++ = (char)('0' + group / 100 % 10);
            *end++ = (char)('0' + group / 10 % 10);
            *end++ = (char)('0' + group % 10);
        }
        /* Digits that the scale does not show are none that count. */
        for (char *digit = stop; digit < end; digit++)
            if (*digit != '0')
                return NULL;
        end = stop;
    }
    PyObject *digits = PyUnicode_DecodeASCII(text, end - text, NULL);
    if (digits == NULL)
        return NULL;
    PyObject *number = PyObject_CallOneArg(spec->extra, digits);
    Py_DECREF(digits);
    return number;
}

/* Whether there are so many digits in a row that they may be an integer beyond 64 bits,
   which orjson reads as a float. */
static int
has_many_digits(const unsigned char *data, Py_ssize_t size)
{
    int digits = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        if (data[i] < '0' || data[i] > '9')
            digits = 0;
        else if (++digits == 19)
            return 1;
    }
    return 0;
}

static PyObject *
decode_json(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    if (has_many_digits(data, size))
        return NULL;
    PyObject *text = PyBytes_FromStringAndSize((const char *)data, size);
    if (text == NULL)
        return NULL;
    PyObject *value = PyObject_CallOneArg(spec->extra, text);
    Py_DECREF(text);
    if (value == NULL && PyErr_ExceptionMatches(PyExc_ValueError))
        PyErr_Clear(); /* the loader has another parser */
    return value;
}

static PyObject *
decode_enum(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    PyObject *label = PyBytes_FromStringAndSize((const char *)data, size);
    if (label == NULL)
        return NULL;
    PyObject *member = PyDict_GetItemWithError(spec->extra, label);
    Py_DECREF(label);
    Py_XINCREF(member);
    return member;
}

static PyObject *
decode_array(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    if (size < 12)
        return NULL;
    uint32_t dimensions = get_u32(data);
    if (dimensions == 0)
        return size == 12 ? PyList_New(0) : NULL;
    if (dimensions != 1 || size < 20 || get_u32(data + 8) != spec->oids[0]
        || get_u32(data + 16) != 1)
        return NULL;
    uint32_t count = get_u32(data + 12);
    /* Each element takes 4 bytes at least. */
    if (count > (uint32_t)((size - 20) / 4))
        return NULL;
    PyObject *list = PyList_New((Py_ssize_t)count);
    if (list == NULL)
        return NULL;
    const unsigned char *place = data + 20, *stop = data + size;
    for (uint32_t i = 0; i < count; i++) {
        PyObject *item;
        if (stop - place < 4)
            goto misfit;
        int32_t length = (int32_t)get_u32(place);
        place += 4;
        if (length == -1) {
            item = Py_None;
            Py_INCREF(item);
        } else if (length < 0 || length > stop - place) {
            goto misfit;
        } else {
            item = decode(&spec->items[0], place, length);
            place += length;
        }
        if (item == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    if (place == stop)
        return list;
misfit:
    Py_DECREF(list);
    return NULL;
}

static PyObject *
decode_composite(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    if (size < 4 || (int32_t)get_u32(data) < spec->count)
        return NULL;
    PyObject *values = PyTuple_New(spec->count);
    if (values == NULL)
        return NULL;
    const unsigned char *place = data + 4, *stop = data + size;
    for (Py_ssize_t i = 0; i < spec->count; i++) {
        PyObject *value;
        if (stop - place < 8 || get_u32(place) != spec->oids[i])
            goto misfit;
        int32_t length = (int32_t)get_u32(place + 4);
        place += 8;
        if (length == -1) {
            value = Py_None;
            Py_INCREF(value);
        } else if (length < 0 || length > stop - place) {
            goto misfit;
        } else {
            value = decode(&spec->items[i], place, length);
            place += length;
        }
        if (value == NULL) {
            Py_DECREF(values);
            return NULL;
        }
        PyTuple_SET_ITEM(values, i, value);
    }
    PyObject *built = PyObject_CallOneArg(spec->extra, values);
    Py_DECREF(values);
    return built;
misfit:
    Py_DECREF(values);
    return NULL;
}

static PyObject *
decode_fast(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    switch (spec->kind) {
    case KIND_BOOL:
        if (size != 1 || data[0] > 1)
            return NULL;
        return PyBool_FromLong(data[0]);
    case KIND_INT2:
        return size == 2 ? PyLong_FromLong((int16_t)get_u16(data)) : NULL;
    case KIND_INT4:
        return size == 4 ? PyLong_FromLong((int32_t)get_u32(data)) : NULL;
    case KIND_INT8:
        return size == 8 ? PyLong_FromLongLong(get_i64(data)) : NULL;
    case KIND_OID:
        return size == 4 ? PyLong_FromUnsignedLong(get_u32(data)) : NULL;
    case KIND_FLOAT4:
        return size == 4 ? PyFloat_FromDouble(PyFloat_Unpack4((const char *)data, 0))
                         : NULL;
    case KIND_FLOAT8:
        return size == 8 ? PyFloat_FromDouble(PyFloat_Unpack8((const char *)data, 0))
                         : NULL;
    case KIND_TEXT:
        return PyUnicode_DecodeUTF8((const char *)data, size, NULL);
    case KIND_BYTEA:
        return PyBytes_FromStringAndSize((const char *)data, size);
    case KIND_UUID:
        return size == 16 ? decode_uuid(data) : NULL;
    case KIND_DATE:
        return size == 4 ? decode_date(data) : NULL;
    case KIND_TIMESTAMP:
        return size == 8 ? decode_timestamp(data, Py_None) : NULL;
    case KIND_TIMESTAMPTZ:
        return size == 8 ? decode_timestamptz(spec, data) : NULL;
    case KIND_INTERVAL:
        return size == 16 ? decode_interval(data) : NULL;
    case KIND_NUMERIC:
        return decode_numeric(spec, data, size);
    case KIND_JSON:
        return decode_json(spec, data, size);
    case KIND_JSONB:
        return size > 0 && data[0] == 1 ? decode_json(spec, data + 1, size - 1) : NULL;
    case KIND_ENUM:
        return decode_enum(spec, data, size);
    case KIND_ARRAY:
        return decode_array(spec, data, size);
    case KIND_COMPOSITE:
        return decode_composite(spec, data, size);
    case KIND_LOAD:
    case KIND_COUNT:
        break;
    }
    return NULL;
}

static PyObject *
decode(const Spec *spec, const unsigned char *data, Py_ssize_t size)
{
    PyObject *value = decode_fast(spec, data, size);
    if (value != NULL || PyErr_Occurred())
        return value;
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)data, size);
    if (bytes == NULL)
        return NULL;
    value = PyObject_CallOneArg(spec->load, bytes);
    Py_DECREF(bytes);
    return value;
}

/* A row of its values, whose references this takes over. */
static PyObject *
make_row(const Decoder *self, PyObject **values)
{
    Py_ssize_t count = self->row.count;
    PyObject *row;
    if (self->offsets != NULL) {
        PyTypeObject *type = (PyTypeObject *)self->make;
        row = type->tp_alloc(type, 0);
        if (row != NULL) {
            for (Py_ssize_t i = 0; i < count; i++)
                *(PyObject **)((char *)row + self->offsets[i]) = values[i];
            return row;
        }
    } else if (self->make == Py_None) {
        row = values[0];
        Py_INCREF(row);
    } else {
        row = PyObject_Vectorcall(self->make, values, (size_t)count, NULL);
    }
    for (Py_ssize_t i = 0; i < count; i++)
        Py_DECREF(values[i]);
    return row;
}

static PyObject *
decode_rows(const Decoder *self, const PGresult *result, int start, int end)
{
    Py_ssize_t count = self->row.count;
    PyObject *rows = PyList_New(0);
    PyObject **values = PyMem_New(PyObject *, count);
    if (rows == NULL || values == NULL) {
        PyErr_NoMemory();
        goto failed;
    }
    for (int number = start; number < end; number++) {
        for (Py_ssize_t i = 0; i < count; i++) {
            int column = (int)i;
            if (pq_getisnull(result, number, column)) {
                values[i] = Py_None;
                Py_INCREF(Py_None);
                continue;
            }
            values[i] = decode(
                &self->row.items[i],
                (const unsigned char *)pq_getvalue(result, number, column),
                pq_getlength(result, number, column)
            );
            if (values[i] == NULL) {
                while (i-- > 0)
                    Py_DECREF(values[i]);
                goto failed;
            }
        }
        PyObject *row = make_row(self, values);
        if (row == NULL)
            goto failed;
        int status = PyList_Append(rows, row);
        Py_DECREF(row);
        if (status < 0)
            goto failed;
    }
    PyMem_Free(values);
    return rows;
failed:
    PyMem_Free(values);
    Py_XDECREF(rows);
    return NULL;
}

static PyObject *
decoder_rows(Decoder *self, PyObject *const *arguments, Py_ssize_t given)
{
    if (given != 3) {
        PyErr_SetString(PyExc_TypeError, "rows() takes a result, a start and an end");
        return NULL;
    }
    /* The address of a psycopg.pq.PGresult; None once that is cleared. */
    PyObject *address = PyObject_GetAttrString(arguments[0], "pgresult_ptr");
    if (address == NULL)
        return NULL;
    const PGresult *result = address == Py_None ? NULL : PyLong_AsVoidPtr(address);
    Py_DECREF(address);
    long start = PyLong_AsLong(arguments[1]);
    long end = PyLong_AsLong(arguments[2]);
    if (PyErr_Occurred())
        return NULL;
    if (result == NULL || pq_nfields == NULL || pq_nfields(result) != self->row.count
        || start < 0 || start > end || end > pq_ntuples(result))
        Py_RETURN_NONE;
    for (int column = 0; column < self->row.count; column++)
        if (pq_fformat(result, column) != 1)
            Py_RETURN_NONE;
    PyObject *rows = decode_rows(self, result, (int)start, (int)end);
    if (rows == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    return rows;
}

/* How a decoder is made, and ends. */

static void
clear_spec(Spec *spec)
{
    Py_CLEAR(spec->load);
    Py_CLEAR(spec->extra);
    Py_CLEAR(spec->zone);
    for (Py_ssize_t i = 0; i < spec->count; i++)
        clear_spec(&spec->items[i]);
}

static void
free_spec(Spec *spec)
{
    for (Py_ssize_t i = 0; i < spec->count; i++)
        free_spec(&spec->items[i]);
    PyMem_Free(spec->items);
    PyMem_Free(spec->oids);
}

static int
visit_spec(const Spec *spec, visitproc visit, void *arg)
{
    Py_VISIT(spec->load);
    Py_VISIT(spec->extra);
    Py_VISIT(spec->zone);
    for (Py_ssize_t i = 0; i < spec->count; i++) {
        int status = visit_spec(&spec->items[i], visit, arg);
        if (status)
            return status;
    }
    return 0;
}

/* Take in tuples (kind, load, extra, zone, items, oids). */
static int
read_specs(Spec *spec, PyObject *given)
{
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "specs are a tuple");
        return -1;
    }
    Py_ssize_t count = PyTuple_GET_SIZE(given);
    spec->items = PyMem_Calloc((size_t)count + 1, sizeof(Spec));
    if (spec->items == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    spec->count = count;
    for (Py_ssize_t i = 0; i < count; i++) {
        Spec *item = &spec->items[i];
        const char *name;
        PyObject *load, *extra, *zone, *items, *oids;
        if (!PyArg_ParseTuple(
                PyTuple_GET_ITEM(given, i), "sOOOO!O!", &name, &load, &extra, &zone,
                &PyTuple_Type, &items, &PyTuple_Type, &oids
            ))
            return -1;
        int kind = 0;
        while (kind < KIND_COUNT && strcmp(name, kind_names[kind]) != 0)
            kind++;
        int wants_items = kind == KIND_ARRAY || kind == KIND_COMPOSITE;
        if (kind == KIND_COUNT || (kind == KIND_ENUM && !PyDict_Check(extra))
            || (kind == KIND_ARRAY && PyTuple_GET_SIZE(items) != 1)
            || PyTuple_GET_SIZE(items) != PyTuple_GET_SIZE(oids)
            || (!wants_items && PyTuple_GET_SIZE(items) != 0)) {
            PyErr_Format(PyExc_ValueError, "no kind of column: %s", name);
            return -1;
        }
        item->kind = (enum kind)kind;
        item->load = Py_NewRef(load);
        item->extra = Py_NewRef(extra);
        item->zone = Py_NewRef(zone);
        if (read_specs(item, items) < 0)
            return -1;
        item->oids = PyMem_New(uint32_t, item->count + 1);
        if (item->oids == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        for (Py_ssize_t j = 0; j < item->count; j++) {
            unsigned long oid = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(oids, j));
            if (PyErr_Occurred())
                return -1;
            item->oids[j] = (uint32_t)oid;
        }
    }
    return 0;
}

/* The place of a slot that any object can be written to; -1 if it is something else. */
static Py_ssize_t
slot_offset(PyObject *cls, PyObject *descriptor)
{
    if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type)
        || !PyType_IsSubtype((PyTypeObject *)cls, PyDescr_TYPE(descriptor)))
        return -1;
    const PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
    if (member->type != T_OBJECT_EX || member->flags & READONLY)
        return -1;
    return member->offset;
}

static int
read_slots(Decoder *self, PyObject *slots)
{
    Py_ssize_t count = self->row.count;
    if (!PyType_Check(self->make) || !PyTuple_Check(slots)
        || PyTuple_GET_SIZE(slots) != count) {
        PyErr_SetString(PyExc_ValueError, "a slot for each column is needed");
        return -1;
    }
    self->offsets = PyMem_New(Py_ssize_t, count + 1);
    if (self->offsets == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        self->offsets[i] = slot_offset(self->make, PyTuple_GET_ITEM(slots, i));
        if (self->offsets[i] < 0) {
            PyErr_SetString(PyExc_ValueError, "not a slot of the class");
            return -1;
        }
        for (Py_ssize_t j = 0; j < i; j++)
            if (self->offsets[i] == self->offsets[j]) {
                PyErr_SetString(PyExc_ValueError, "two columns for one slot");
                return -1;
            }
    }
    return 0;
}

static PyObject *
decoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"columns", "make", "slots", NULL};
    PyObject *columns, *make, *slots;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOO", names, &columns, &make, &slots
        ))
        return NULL;
    Decoder *self = (Decoder *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->make = Py_NewRef(make);
    if (read_specs(&self->row, columns) < 0
        || (slots != Py_None && read_slots(self, slots) < 0)) {
        Py_DECREF(self);
        return NULL;
    }
    if (self->row.count == 0) {
        Py_DECREF(self);
        PyErr_SetString(PyExc_ValueError, "there are no columns");
        return NULL;
    }
    return (PyObject *)self;
}

static int
decoder_traverse(Decoder *self, visitproc visit, void *arg)
{
    Py_VISIT(self->make);
    return visit_spec(&self->row, visit, arg);
}

static int
decoder_clear(Decoder *self)
{
    /* `rows` may be running in a caller further up: it holds a reference. */
    Py_CLEAR(self->make);
    clear_spec(&self->row);
    return 0;
}

static void
decoder_dealloc(Decoder *self)
{
    PyObject_GC_UnTrack(self);
    decoder_clear(self);
    free_spec(&self->row);
    PyMem_Free(self->offsets);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef decoder_methods[] = {
    {"rows", (PyCFunction)(void (*)(void))decoder_rows, METH_FASTCALL,
     PyDoc_STR("Return the rows from `start` to `end` of a result.\n\n"
               "None: they are to be made without this module, which raises the error.")},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject decoder_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "reposgen_speedups._decoder.Decoder",
    .tp_doc = PyDoc_STR("Makes row objects of the binary results of one statement."),
    .tp_basicsize = sizeof(Decoder),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = decoder_new,
    .tp_traverse = (traverseproc)decoder_traverse,
    .tp_clear = (inquiry)decoder_clear,
    .tp_dealloc = (destructor)decoder_dealloc,
    .tp_methods = decoder_methods,
};

/* Binding libpq. */

static PyObject *
bind(PyObject *module, PyObject *args)
{
    const char *path;
    int expected;
    (void)module;
    if (!PyArg_ParseTuple(args, "si", &path, &expected))
        return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        PyErr_SetString(PyExc_OSError, dlerror());
        return NULL;
    }
    int (*version)(void) = (int (*)(void))dlsym(library, "PQlibVersion");
    if (version == NULL || version() != expected) {
        PyErr_SetString(PyExc_OSError, "not the libpq that psycopg uses");
        return NULL;
    }
    const struct {
        const char *name;
        void *target;
    } functions[] = {
        {"PQntuples", &pq_ntuples},     {"PQnfields", &pq_nfields},
        {"PQfformat", &pq_fformat},     {"PQgetvalue", &pq_getvalue},
        {"PQgetlength", &pq_getlength}, {"PQgetisnull", &pq_getisnull},
    };
    void *found[6];
    for (int i = 0; i < 6; i++) {
        found[i] = dlsym(library, functions[i].name);
        if (found[i] == NULL) {
            PyErr_Format(PyExc_OSError, "libpq has no %s", functions[i].name);
            return NULL;
        }
    }
    for (int i = 0; i < 6; i++)
        memcpy(functions[i].target, &found[i], sizeof(void *));
    Py_RETURN_NONE;
}

static int
find_uuid(void)
{
    PyObject *module = PyImport_ImportModule("uuid");
    if (module == NULL)
        return -1;
    int status = -1;
    PyObject *safe = NULL, *number = NULL, *is_safe = NULL;
    uuid_class = PyObject_GetAttrString(module, "UUID");
    safe = PyObject_GetAttrString(module, "SafeUUID");
    if (uuid_class == NULL || safe == NULL)
        goto done;
    uuid_is_safe = PyObject_GetAttrString(safe, "unknown");
    number = PyObject_GetAttrString(uuid_class, "int");
    is_safe = PyObject_GetAttrString(uuid_class, "is_safe");
    if (uuid_is_safe == NULL || number == NULL || is_safe == NULL)
        goto done;
    uuid_int_offset = slot_offset(uuid_class, number);
    uuid_is_safe_offset = slot_offset(uuid_class, is_safe);
    if (uuid_int_offset < 0 || uuid_is_safe_offset < 0) {
        PyErr_SetString(PyExc_ImportError, "uuid.UUID has no slots");
        goto done;
    }
    status = 0;
done:
    Py_DECREF(module);
    Py_XDECREF(safe);
    Py_XDECREF(number);
    Py_XDECREF(is_safe);
    return status;
}

static PyMethodDef functions[] = {
    {"bind", bind, METH_VARARGS,
     PyDoc_STR("Use the libpq that the library at `path` is linked with.\n\n"
               "Raises:\n    OSError: it has none, or one of another version.")},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "reposgen_speedups._decoder",
    .m_doc = PyDoc_STR("Rows of a libpq result as Python objects."),
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit__decoder(void)
{
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == NULL || find_uuid() < 0 || PyType_Ready(&decoder_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL
        || PyModule_AddObjectRef(module, "Decoder", (PyObject *)&decoder_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}

#include "site.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000

#include <opcode.h>

struct units {
    const unsigned char *bytes; /* as they were compiled: cache entries are 0, no opcode's number */
    uint32_t n;
};

static int opcode(const struct units *units, uint32_t at)
{
    return at < units->n ? units->bytes[2 * at] : -1;
}

static int is_jump_back(int opcode)
{
    switch (opcode) {
    case JUMP_BACKWARD:
    case JUMP_BACKWARD_NO_INTERRUPT:
    case POP_JUMP_BACKWARD_IF_NONE:
    case POP_JUMP_BACKWARD_IF_NOT_NONE:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_TRUE:
        return 1;
    default:
        return 0;
    }
}

static int is_jumped_to(const struct units *units, uint32_t target)
{
    uint32_t arg = 0;
    for (uint32_t at = target; at < units->n; at++) {
        arg = arg << 8 | units->bytes[2 * at + 1];
        if (is_jump_back(opcode(units, at)) && at + 1 - arg == target)
            return 1;
        if (opcode(units, at) != EXTENDED_ARG)
            arg = 0;
    }
    return 0;
}

/* An entry's four numbers, of six bits a byte: start, size, target, depth (Objects/exception_handling_notes.txt). */
static uint32_t next_number(const unsigned char **at, const unsigned char *end)
{
    uint32_t number = 0;
    while (*at < end) {
        unsigned char byte = *(*at)++;
        number = number << 6 | (byte & 63);
        if (!(byte & 64))
            break;
    }
    return number;
}

static int is_handler(PyCodeObject *code, uint32_t unit)
{
    const unsigned char *at = (unsigned char *)PyBytes_AS_STRING(code->co_exceptiontable);
    const unsigned char *end = at + PyBytes_GET_SIZE(code->co_exceptiontable);
    while (at < end) {
        next_number(&at, end);
        next_number(&at, end);
        uint32_t target = next_number(&at, end);
        next_number(&at, end);
        if (target == unit)
            return 1;
    }
    return 0;
}

static uint32_t skip_cells(const struct units *units)
{
    uint32_t at = 0;
    for (;; at++)
        switch (opcode(units, at)) {
        case EXTENDED_ARG:
        case MAKE_CELL:
        case COPY_FREE_VARS:
            continue;
        default:
            return at;
        }
}

static int find(PyCodeObject *code, const struct units *units, struct dz_site *ret)
{
    uint32_t at = skip_cells(units);
    int second = opcode(units, at + 1);
    *ret = (struct dz_site){.unit = at};
    if (opcode(units, at) == RETURN_GENERATOR)
        return second == POP_TOP && !is_jumped_to(units, at + 1) ? 0 : -1;
    if (opcode(units, at) != RESUME || second < 0 || is_handler(code, at + 1))
        return -1;
    ret->is_looped = is_jumped_to(units, at + 1);
    return 0;
}

int dz_site_find(PyCodeObject *code, struct dz_site *ret)
{
    dz_autopy PyObject *bytes = PyCode_GetCode(code);
    if (!bytes) {
        PyErr_Clear();
        return -1;
    }
    struct units units = {(unsigned char *)PyBytes_AS_STRING(bytes),
                          (uint32_t)(PyBytes_GET_SIZE(bytes) / 2)};
    return find(code, &units, ret);
}

#endif

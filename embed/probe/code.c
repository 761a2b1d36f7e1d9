#include "code.h"

#include "../log.h"
#include "../names.h"

#include "../../host/base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum origin { UNKNOWN, LIBRARY, PROJECT, PACKAGE, NAMELESS };

struct code {
    uint32_t file, line, name;
    uint8_t kind;
};

enum { FILES = 256 };

struct file {
    PyObject *name; /* owned: nothing else comes to lie there */
    uint32_t number, package;
    enum origin origin;
};

static struct {
    struct code *codes; /* by number - 1 */
    uint32_t n, cap;
    uint32_t *slots;
    uint32_t mask;
    uint8_t *origins; /* of files, by name's number */
    uint32_t n_origins;
    struct file
        files[FILES]; /* seen last, by where the name lies: a module's codes share one object */
    char root[4096], library[4096];
    size_t root_size, library_size;
} table;

Py_ssize_t dz_code_index = -1;

/* ---- files ---- */

static int is_below(const char *path, const char *folder, size_t size)
{
    return size && strncmp(path, folder, size) == 0 && path[size] == '/';
}

static int is_in_packages(const char *path)
{
    return strstr(path, "/site-packages/") || strstr(path, "/dist-packages/");
}

static enum origin origin_of(const char *path)
{
    if (strncmp(path, "<frozen ", 8) == 0 || strncmp(path, "<dagz>", 6) == 0)
        return LIBRARY;
    if (path[0] == '<' || !path[0])
        return NAMELESS;
    if (is_below(path, table.root, table.root_size))
        return is_in_packages(path + table.root_size) ? PACKAGE : PROJECT;
    if (is_in_packages(path))
        return PACKAGE;
    return is_below(path, table.library, table.library_size) ? LIBRARY : PROJECT;
}

int dz_code_is_project(const char *path)
{
    return path[0] == '/' && origin_of(path) == PROJECT;
}

/* By system calls, as open is watched. */
static void write_source(uint32_t number, const char *path)
{
    struct dz_msg msg = {.type = DZ_MSG_log_source, .log_source = {.file = number}};
    char hash[16];
    struct stat info;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        size_t size = (size_t)info.st_size;
        void *at = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : "";
        if (at != MAP_FAILED) {
            XXH128_canonical_t canonical;
            XXH128_canonicalFromHash(&canonical, XXH3_128bits(at, size));
            memcpy(hash, canonical.digest, sizeof hash);
            msg.log_source.size = size;
            msg.log_source.hash = dz_bytes(hash, sizeof hash);
            if (size)
                munmap(at, size);
        }
    }
    if (fd >= 0)
        syscall(SYS_close, fd);
    dz_log_put(&msg);
}

static enum origin remember_origin(uint32_t number, const char *path)
{
    if (number >= table.n_origins) {
        uint32_t n = number + number / 2 + 256;
        uint8_t *origins = dz_realloc(table.origins, n);
        if (!origins) {
            dz_log_give_up();
            return UNKNOWN;
        }
        memset(origins + table.n_origins, 0, n - table.n_origins);
        table.origins = origins;
        table.n_origins = n;
    }
    if (table.origins[number] == UNKNOWN) {
        table.origins[number] = (uint8_t)origin_of(path);
        if (table.origins[number] == PROJECT)
            write_source(number, path);
    }
    return table.origins[number];
}

/* Lone surrogates are a file name that is no text. */
static const char *text_of(PyObject *name, Py_ssize_t *ret_size)
{
    static const char unspeakable[] = "<unspeakable>";
    const char *path = PyUnicode_AsUTF8AndSize(name, ret_size);
    if (path)
        return path;
    PyErr_Clear();
    *ret_size = sizeof unspeakable - 1;
    return unspeakable;
}

static void fill_file(struct file *file, PyObject *name)
{
    Py_ssize_t size;
    const char *path = text_of(name, &size);
    enum origin origin = origin_of(path);
    uint32_t number = 0;
    if (origin != LIBRARY) {
        number = dz_name(path, (size_t)size);
        origin = remember_origin(number, path);
    }
    Py_XSETREF(file->name, Py_NewRef(name));
    file->number = number;
    file->package = 0;
    file->origin = origin;
}

static struct file *look_at_file(PyObject *name)
{
    struct file *file = &table.files[(uintptr_t)name / 64 % FILES];
    if (file->name != name)
        fill_file(file, name);
    return file;
}

static void forget_files(void)
{
    for (int i = 0; i < FILES; i++)
        Py_CLEAR(table.files[i].name);
}

void dz_code_set_root(const char *rootdir)
{
    table.root_size = strlen(rootdir);
    if (table.root_size >= sizeof table.root)
        table.root_size = 0;
    memcpy(table.root, rootdir, table.root_size);
    while (table.root_size && table.root[table.root_size - 1] == '/')
        table.root_size--;
    table.root[table.root_size] = 0;
    forget_files();
}

const char *dz_code_root(void)
{
    return table.root;
}

const char *dz_code_library(void)
{
    return table.library;
}

/* ---- numbers ---- */

static uint32_t *slot_of(const struct code *code)
{
    uint64_t hash = XXH3_64bits_withSeed(code, offsetof(struct code, kind), code->kind);
    for (uint32_t at = (uint32_t)hash & table.mask;; at = (at + 1) & table.mask) {
        uint32_t number = table.slots[at];
        struct code *there = number ? &table.codes[number - 1] : NULL;
        if (!there || (there->file == code->file && there->line == code->line &&
                       there->name == code->name && there->kind == code->kind))
            return &table.slots[at];
    }
}

static int grow(void)
{
    uint32_t cap = table.cap ? table.cap * 2 : 4096;
    uint32_t *slots = dz_alloc(2 * cap * sizeof *slots);
    struct code *codes = slots ? dz_realloc(table.codes, cap * sizeof *codes) : NULL;
    if (!codes) {
        dz_free(slots);
        return -1;
    }
    dz_free(table.slots);
    table.codes = codes;
    table.cap = cap;
    table.slots = slots;
    table.mask = 2 * cap - 1;
    for (uint32_t i = 0; i < table.n; i++)
        *slot_of(&codes[i]) = i + 1;
    return 0;
}

static uint32_t number_of(struct code code)
{
    if (table.n == table.cap && grow() < 0) {
        dz_log_give_up();
        return 0;
    }
    uint32_t *slot = slot_of(&code);
    if (*slot)
        return *slot;
    table.codes[table.n++] = code;
    *slot = table.n;
    dz_log_put(&(struct dz_msg){.type = DZ_MSG_log_code,
                                .log_code = {table.n, code.kind, code.file, code.line, code.name}});
    return table.n;
}

static uint32_t name_of(PyCodeObject *code)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(dz_code_qualname(code), &size);
    if (text)
        return dz_name(text, (size_t)size);
    PyErr_Clear();
    return dz_name("?", 1);
}

static uint8_t kind_of(PyCodeObject *code)
{
    const char *name = PyUnicode_AsUTF8(code->co_name);
    if (!name) {
        PyErr_Clear();
        return DZ_CODE_FUNCTION;
    }
    if (strcmp(name, "<module>") == 0)
        return DZ_CODE_MODULE;
    if (name[0] == '<')
        return DZ_CODE_LAMBDA;
    return code->co_flags & CO_OPTIMIZED ? DZ_CODE_FUNCTION : DZ_CODE_CLASS;
}

/* One number for all of it. */
static uint32_t package_of(struct file *file)
{
    if (!file->package)
        file->package = number_of((struct code){.file = file->number, .kind = DZ_CODE_PACKAGE});
    return file->package;
}

/* The nearest frame of the project, as the interpreter has it for Python code. Owned; NULL: there is none. */
static PyFrameObject *find_project_frame(void)
{
    PyFrameObject *frame = PyEval_GetFrame();
    Py_XINCREF(frame);
    while (frame) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        enum origin origin = look_at_file(code->co_filename)->origin;
        Py_DECREF(code);
        if (origin == PROJECT)
            break;
        PyFrameObject *back = PyFrame_GetBack(frame);
        Py_DECREF(frame);
        frame = back;
    }
    return frame;
}

/* Whether some frame may be the project's; else the number of the nearest one's package. Makes no frame objects: while
 * pytest is loaded, stacks are deep and nothing on them is the project's. */
static int is_project_near(uint32_t *ret_package)
{
    *ret_package = 0;
    for (dz_frame *frame = dz_frame_of(PyThreadState_Get()); frame; frame = dz_frame_outer(frame)) {
        PyCodeObject *code = dz_frame_code(frame);
        if (!code || !PyCode_Check(code))
            continue;
        struct file *file = look_at_file(code->co_filename);
        if (file->origin == PROJECT)
            return 1;
        if (file->origin == PACKAGE && !*ret_package)
            *ret_package = package_of(file);
    }
    return 0;
}

/* Where in the project, or else in which package, code without a file comes from. */
static uint32_t number_of_generated(PyCodeObject *made)
{
    uint32_t package;
    PyFrameObject *frame = is_project_near(&package) ? find_project_frame() : NULL;
    if (!frame)
        return package;
    PyCodeObject *code = PyFrame_GetCode(frame);
    struct code maker = {look_at_file(code->co_filename)->number,
                         (uint32_t)PyFrame_GetLineNumber(frame), name_of(made), DZ_CODE_GENERATED};
    Py_DECREF(code);
    Py_DECREF(frame);
    return number_of(maker);
}

static uint32_t number_at_first_sight(PyCodeObject *code)
{
    struct file *file = look_at_file(code->co_filename);
    switch (file->origin) {
    case PROJECT:
        return number_of((struct code){file->number, (uint32_t)code->co_firstlineno, name_of(code),
                                       kind_of(code)});
    case PACKAGE:
        return package_of(file);
    case NAMELESS:
        return number_of_generated(code);
    case UNKNOWN:
    case LIBRARY:
        break;
    }
    return 0;
}

int dz_code_is_library(PyCodeObject *code)
{
    return look_at_file(code->co_filename)->origin == LIBRARY;
}

uint32_t dz_code_package(PyCodeObject *code)
{
    struct file *file = look_at_file(code->co_filename);
    return file->origin == PACKAGE ? package_of(file) : 0;
}

uint32_t dz_code_number(PyCodeObject *code)
{
    uint64_t slot = dz_code_slot(code);
    if (slot)
        return slot >= DZ_CODE_NOTHING ? 0 : (uint32_t)(slot >> 32);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    uint32_t number = number_at_first_sight(code);
    slot = number ? (uint64_t)number << 32 : DZ_CODE_NOTHING;
    if (dz_code_set_extra((PyObject *)code, dz_code_index, (void *)(uintptr_t)slot) < 0)
        PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    return number;
}

static int is_nameless(PyCodeObject *code)
{
    return look_at_file(code->co_filename)->origin == NAMELESS;
}

void dz_code_meet(PyCodeObject *code)
{
    if (dz_code_slot(code) || !is_nameless(code))
        return;
    dz_code_number(code);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *constant = PyTuple_GET_ITEM(code->co_consts, i);
        if (PyCode_Check(constant))
            dz_code_meet((PyCodeObject *)constant);
    }
}

uint32_t dz_codes(void)
{
    return table.n;
}

uint32_t dz_code_file(uint32_t number)
{
    const struct code *code = &table.codes[number - 1];
    return code->kind == DZ_CODE_PACKAGE ? 0 : code->file;
}

int dz_code_is_package(uint32_t number)
{
    return table.codes[number - 1].kind == DZ_CODE_PACKAGE;
}

/* ---- the start ---- */

static void find_library(void)
{
    dz_autopy PyObject *os = PyImport_ImportModule("os");
    dz_autopy PyObject *file = os ? PyObject_GetAttrString(os, "__file__") : NULL;
    const char *path = file ? PyUnicode_AsUTF8(file) : NULL;
    const char *end = path ? strrchr(path, '/') : NULL;
    if (end && (size_t)(end - path) < sizeof table.library) {
        table.library_size = (size_t)(end - path);
        memcpy(table.library, path, table.library_size);
        table.library[table.library_size] = 0;
    }
    PyErr_Clear();
}

int dz_code_start(void)
{
    char cwd[sizeof table.root];
    find_library();
    if (getcwd(cwd, sizeof cwd))
        dz_code_set_root(cwd);
    dz_code_index = dz_request_extra_index(NULL);
    return dz_code_index < 0 ? -1 : 0;
}

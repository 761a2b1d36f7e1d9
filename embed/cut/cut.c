/* What a source is to python, python's own parser says: the bytes as they lie in the file, coding cookie and all. It is
 * compiled, too, and thrown away: `return` outside a function parses and does not compile, and whoever imports such a
 * module fails. That costs a quarter of all; a symbol table of our own would save it, and be wrong one day. */
#include "cut.h"

#include "known.h"
#include "nodes.h"
#include "walk.h"

#include "../../host/base/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Sources of data that somebody has generated go up to some ten MB. */
enum { LARGEST = 256 << 20 };

/* ---- the file ---- */

static int read_all(int fd, struct dz_buf *source)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    for (;;) {
        char *room = dz_buf_room(source, source->len ? 1 << 16 : (size_t)status.st_size + 2);
        ssize_t n = room ? read(fd, room, source->cap - source->len - 1) : -1;
        if (!room || source->len > LARGEST)
            return room ? -EFBIG : -ENOMEM;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        source->len += (size_t)n;
    }
}

/* With a NUL behind it. */
static int read_source(const char *path, struct dz_buf *source)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int r = read_all(fd, source);
    close(fd);
    if (r == 0) {
        dz_buf_put(source, "", 1);
        source->len--;
    }
    return r < 0 ? r : dz_buf_ok(source) ? 0 : -ENOMEM;
}

static uint32_t count_lines(const struct dz_buf *source)
{
    uint32_t n = source->len > 0 && source->data[source->len - 1] != '\n';
    const char *end = source->data + source->len;
    for (const char *at = source->data; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        n++;
    return n;
}

/* ---- python's sentence ---- */

static PyObject *take_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

/* Without the file's name: the same content may lie elsewhere. */
static void put_sentence(struct dz_buf *to, PyObject *exception)
{
    dz_autopy PyObject *msg = PyObject_GetAttrString(exception, "msg");
    PyErr_Clear();
    dz_autopy PyObject *line = PyObject_GetAttrString(exception, "lineno");
    PyErr_Clear();
    dz_autopy PyObject *text = PyObject_Str(msg && msg != Py_None ? msg : exception);
    const char *utf8 = text ? PyUnicode_AsUTF8(text) : NULL;
    PyErr_Clear();
    dz_buf_fmt(to, "%s: %s", Py_TYPE(exception)->tp_name, utf8 ? utf8 : "");
    if (line && PyLong_Check(line))
        dz_buf_fmt(to, " (line %ld)", PyLong_AsLong(line));
    PyErr_Clear();
}

/* Whether it is the source's fault, and so will be the same each time. */
static int is_problem(PyObject *exception)
{
    return PyObject_IsInstance(exception, PyExc_SyntaxError) == 1 ||
           PyObject_IsInstance(exception, PyExc_ValueError) == 1 ||
           PyObject_IsInstance(exception, PyExc_OverflowError) == 1;
}

/* ---- one sheet ---- */

static PyObject *compile_source(const struct dz_buf *source, int flag)
{
    PyCompilerFlags flags = {.cf_flags = flag, .cf_feature_version = PY_MINOR_VERSION};
    if (strlen(source->data) != source->len) {
        PyErr_SetString(PyExc_SyntaxError, "source code string cannot contain null bytes");
        return NULL;
    }
    return Py_CompileStringExFlags(source->data, "<source>", Py_file_input, &flags, 0);
}

/* It is parsed already; where it fails so, python says of the source why. */
static PyObject *compile_tree(PyObject *tree, const struct dz_buf *source)
{
    static PyObject *compile;
    if (!compile)
        compile = Py_XNewRef(PyDict_GetItemString(PyEval_GetBuiltins(), "compile"));
    PyObject *code =
        compile ? PyObject_CallFunction(compile, "Ossii", tree, "<source>", "exec", 0, 1) : NULL;
    if (code)
        return code;
    PyErr_Clear();
    return compile_source(source, 0);
}

static int cut(struct dz_draft *draft, const struct dz_buf *source, uint32_t n_lines)
{
    dz_autopy PyObject *tree = compile_source(source, PyCF_ONLY_AST);
    dz_autopy PyObject *code = tree ? compile_tree(tree, source) : NULL;
    if (!code)
        return -1;
    struct dz_walk walk = {.draft = draft, .quoted = PyList_New(0)};
    int r = !walk.quoted ? -1 : dz_walk_module(&walk, tree, n_lines);
    dz_walk_clear(&walk);
    if (r == 0 && !dz_draft_ok(draft)) {
        PyErr_NoMemory();
        return -1;
    }
    return r;
}

static void put_sheet(struct dz_draft *draft, struct dz_sheet_head *head, struct dz_buf *sheet,
                      const char *problem)
{
    head->problem = DZ_NONE;
    if (problem) {
        dz_draft_clear(draft);
        head->problem =
            dz_draft_string(draft, dz_names_add(&draft->names, problem, strlen(problem)));
    }
    dz_draft_finish(draft, head, sheet);
}

/* A sheet, or a sentence and why there is none. */
static enum dz_cut_answer make(const struct dz_buf *source, const XXH128_canonical_t *hash,
                               struct dz_buf *sheet, struct dz_buf *text)
{
    struct dz_draft draft = {0};
    struct dz_sheet_head head = {.minor = PY_MINOR_VERSION, .n_lines = count_lines(source)};
    memcpy(head.source, hash->digest, sizeof head.source);
    dz_draft_clear(&draft);
    draft.names.words = dz_known_words(source->data);
    int r = cut(&draft, source, head.n_lines);
    dz_autopy PyObject *exception = r < 0 ? take_exception() : NULL;
    if (exception) {
        put_sentence(text, exception);
        dz_buf_put(text, "", 1);
    }
    enum dz_cut_answer answer = exception && !is_problem(exception) ? DZ_CUT_FAILED : DZ_CUT_SHEET;
    if (answer == DZ_CUT_SHEET && dz_buf_ok(text))
        put_sheet(&draft, &head, sheet, exception ? text->data : NULL);
    dz_draft_clear(&draft);
    if (answer == DZ_CUT_SHEET && (!dz_buf_ok(sheet) || !sheet->len)) {
        dz_buf_free(text);
        dz_buf_str(text, "no memory");
        answer = DZ_CUT_FAILED;
    }
    return answer;
}

static enum dz_cut_answer answer_to(const struct dz_msg_cut *order, struct dz_buf *sheet,
                                    struct dz_buf *text)
{
    dz_autobuf struct dz_buf path = {0}, source = {0};
    dz_buf_put(&path, order->path.at, order->path.size);
    dz_buf_put(&path, "", 1);
    int r = dz_buf_ok(&path) ? read_source(path.data, &source) : -ENOMEM;
    if (r < 0) {
        dz_buf_str(text, strerror(-r));
        return r == -ENOMEM || r == -EFBIG ? DZ_CUT_FAILED : DZ_CUT_GONE;
    }
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(source.data, source.len));
    if (order->hash.size != sizeof hash || memcmp(order->hash.at, &hash, sizeof hash) != 0) {
        dz_buf_str(text, "its content has changed");
        return DZ_CUT_CHANGED;
    }
    return make(&source, &hash, sheet, text);
}

/* ---- the role ---- */

static int serve(struct dz_chan *chan, const struct dz_msg_cut *order)
{
    dz_autobuf struct dz_buf sheet = {0}, text = {0};
    enum dz_cut_answer answer = answer_to(order, &sheet, &text);
    struct dz_msg msg = {
        .type = DZ_MSG_sheet,
        .sheet = {(uint8_t)answer, dz_bytes(text.data, text.len), dz_bytes(sheet.data, sheet.len)}};
    dz_chan_put(chan, &msg);
    return dz_chan_flush(chan);
}

/* 0 at the end. */
static int receive(struct dz_chan *chan, struct dz_msg *msg)
{
    for (;;) {
        int r = dz_chan_take(chan, msg);
        if (r != 0)
            return r;
        long n = dz_chan_fill(chan);
        if (n <= 0 && n != -EINTR)
            return n < 0 ? -1 : 0;
    }
}

/* Parses are freed by their references alone, and collecting them would take a third of the time. */
static int prepare(void)
{
    if (dz_nodes_load() < 0)
        return -1;
    PyGC_Disable();
    return 0;
}

int dz_cut_serve(int socket)
{
    struct dz_chan chan;
    struct dz_msg msg;
    if (prepare() < 0) {
        PyErr_Print();
        return 1;
    }
    dz_chan_init(&chan, socket);
    while (receive(&chan, &msg) > 0 && msg.type == DZ_MSG_cut)
        if (serve(&chan, &msg.cut) < 0)
            break;
    dz_chan_close(&chan);
    return 0;
}

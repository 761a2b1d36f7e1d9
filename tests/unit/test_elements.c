/* What was observed, joined to sheets: each code finds its element, or why it is not known. */
#include "../../host/base/file.h"
#include "../../host/base/mem.h"
#include "../../host/base/wire.h"
#include "../../host/record/elements.h"
#include "../../host/record/sheets.h"
#include "made_sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a state with one sheet ---- */

static char state[] = "/tmp/dagz-elements-XXXXXX";
static const uint8_t kept[16] = "kept", other[16] = "other";

static void make_folder(const char *below)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", state, below);
    assert_int_equal(mkdir(path, 0777), 0);
}

static void keep(struct parts *parts, const char *python, const uint8_t source[16])
{
    memcpy(parts->head.source, source, sizeof parts->head.source);
    seal(parts);
    dz_auto char *path = dz_sheets_path(state, python, source);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(dz_file_write_all(fd, (char *)parts, sizeof *parts), 0);
    close(fd);
}

static int begin(void **unused)
{
    (void)unused;
    assert_non_null(mkdtemp(state));
    make_folder("sheets");
    make_folder("sheets/3.12");
    struct parts parts = made();
    keep(&parts, "3.12", kept);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", state);
    return system(command);
}

/* ---- a log ---- */

enum { FILE_NAME = 1, FIRST_NAME };

static void put(struct dz_buf *log, struct dz_msg msg)
{
    dz_wire_put(log, &msg);
}

static void put_string(struct dz_buf *log, uint32_t id, const char *text)
{
    put(log, (struct dz_msg){.type = DZ_MSG_log_string,
                             .log_string = {id, dz_bytes(text, strlen(text))}});
}

static void put_source(struct dz_buf *log, const uint8_t *hash)
{
    put(log,
        (struct dz_msg){.type = DZ_MSG_log_source,
                        .log_source = {.file = FILE_NAME, .hash = dz_bytes(hash, hash ? 16 : 0)}});
}

static void put_head(struct dz_buf *log, const char *python)
{
    put(log, (struct dz_msg){.type = DZ_MSG_log,
                             .log = {.version = DZ_LOG_VERSION,
                                     .parent = dz_bytes("", 0),
                                     .open = dz_bytes("", 0),
                                     .rootdir = dz_bytes("/", 1),
                                     .probe = dz_bytes("frame", 5),
                                     .python = dz_bytes(python, strlen(python))}});
    put_string(log, FILE_NAME, "/m.py");
}

struct code {
    enum dz_code_kind kind;
    uint32_t line;
    const char *name;
};

/* A log of these codes of one file, which had that content. */
static void put_codes(struct dz_buf *log, const struct code *codes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        put_string(log, FIRST_NAME + i, codes[i].name);
        put(log, (struct dz_msg){
                     .type = DZ_MSG_log_code,
                     .log_code = {i + 1, codes[i].kind, FILE_NAME, codes[i].line, FIRST_NAME + i}});
    }
}

static void read_log(struct dz_observations *all, const char *name, const struct dz_buf *log)
{
    struct dz_err err;
    assert_int_equal(dz_observations_add(all, name, log->data, log->len, &err), 0);
    assert_null(all->logs[all->n_logs - 1].fault);
}

/* The reason that is given for the function at line 2. */
static enum dz_unknown why(const struct dz_observations *all)
{
    struct dz_elements *elements = dz_elements_new(all, state);
    struct dz_joined joined = dz_elements_of(elements, 0);
    assert_int_equal(joined.why == DZ_KNOWN, joined.element != DZ_NONE);
    dz_elements_free(elements);
    return joined.why;
}

static enum dz_unknown why_of(struct code code, const char *python, const uint8_t *met,
                              const uint8_t *met_again)
{
    struct dz_observations all = {0};
    dz_autobuf struct dz_buf front = {0}, worker = {0};
    put_head(&front, python);
    put_source(&front, met);
    put_codes(&front, &code, 1);
    put_head(&worker, python);
    put_source(&worker, met_again);
    read_log(&all, "front", &front);
    read_log(&all, "worker-0", &worker);
    enum dz_unknown told = why(&all);
    dz_observations_free(&all);
    return told;
}

static const struct code method = {DZ_CODE_FUNCTION, 2, "A.f"};

/* ---- what is known ---- */

static void each_code_finds_its_element(void **unused)
{
    (void)unused;
    static const struct code codes[] = {
        {DZ_CODE_FUNCTION, 2, "A.f"},      {DZ_CODE_FUNCTION, 4, "A.f"},
        {DZ_CODE_LAMBDA, 6, "<lambda>"},   {DZ_CODE_FUNCTION, 3, "A.f.<locals>.g"},
        {DZ_CODE_MODULE, 1, "<module>"},   {DZ_CODE_CLASS, 1, "A"},
        {DZ_CODE_GENERATED, 3, "__init__"}};
    static const uint32_t expected[] = {METHOD, PROPERTY, LAMBDA, METHOD, MODULE, CLASS, DZ_NONE};
    enum { N = sizeof codes / sizeof *codes };
    struct dz_observations all = {0};
    dz_autobuf struct dz_buf log = {0};
    put_head(&log, "3.12");
    put_source(&log, kept);
    put_codes(&log, codes, N);
    read_log(&all, "front", &log);
    assert_string_equal(dz_observations_python(&all), "3.12");
    struct dz_elements *elements = dz_elements_new(&all, state);
    const struct dz_sheet *sheet = dz_elements_sheet(elements, FILE_NAME).sheet;
    assert_non_null(sheet);
    for (uint32_t i = 0; i < N; i++) {
        struct dz_joined joined = dz_elements_of(elements, i);
        assert_int_equal(joined.element, expected[i]);
        assert_ptr_equal(joined.sheet, expected[i] == DZ_NONE ? NULL : sheet);
    }
    dz_elements_free(elements);
    dz_observations_free(&all);
}

/* ---- what is not ---- */

static void what_has_no_right_sheet_is_unknown_and_says_why(void **unused)
{
    (void)unused;
    assert_int_equal(why_of(method, "3.12", kept, kept), DZ_KNOWN);
    assert_int_equal(why_of(method, "3.12", other, other), DZ_UNKNOWN_UNCUT);
    assert_int_equal(why_of(method, "3.11", kept, kept), DZ_UNKNOWN_UNCUT);
    assert_int_equal(why_of(method, "../sheets/3.12", kept, kept), DZ_UNKNOWN_UNCUT);
    assert_int_equal(why_of(method, "3.12", kept, other), DZ_UNKNOWN_CHANGED);
    assert_int_equal(why_of(method, "3.12", NULL, kept), DZ_UNKNOWN_UNREAD);
    assert_int_equal(why_of(method, "3.12", kept, NULL), DZ_UNKNOWN_UNREAD);
    assert_int_equal(why_of((struct code){DZ_CODE_FUNCTION, 99, "f"}, "3.12", kept, kept),
                     DZ_UNKNOWN_ABSENT);
    assert_int_equal(why_of((struct code){DZ_CODE_PACKAGE, 0, ""}, "3.12", kept, kept),
                     DZ_UNKNOWN_FOREIGN);
    for (enum dz_unknown reason = DZ_UNKNOWN_FOREIGN; reason < DZ_UNKNOWNS; reason++)
        assert_true(dz_unknown_text(reason)[0]);
}

static void a_source_that_no_log_tells_is_not_known(void **unused)
{
    (void)unused;
    struct dz_observations all = {0};
    dz_autobuf struct dz_buf log = {0};
    put_head(&log, "3.12");
    put_codes(&log, &method, 1);
    read_log(&all, "front", &log);
    assert_int_equal(why(&all), DZ_UNKNOWN_UNREAD);
    dz_observations_free(&all);
}

static void a_sheet_under_anothers_name_is_not_believed(void **unused)
{
    (void)unused;
    struct dz_err err;
    struct parts parts = made();
    keep(&parts, "3.12", other);
    dz_auto char *to = dz_sheets_path(state, "3.12", (const uint8_t *)"somebody else's");
    dz_auto char *from = dz_sheets_path(state, "3.12", other);
    assert_int_equal(rename(from, to), 0);
    assert_null(dz_sheets_read(state, "3.12", (const uint8_t *)"somebody else's", &err));
    assert_int_equal(err.code, -EBADMSG);
    make_folder("sheets/3.13");
    keep(&parts, "3.13", other);
    assert_null(dz_sheets_read(state, "3.13", other, &err));
    assert_int_equal(err.code, -EBADMSG);
    assert_null(dz_sheets_read(state, "3.12", other, &err));
    assert_int_equal(err.code, -ENOENT);
}

static void without_memory_nothing_is_known(void **unused)
{
    (void)unused;
    struct dz_observations all = {0};
    dz_autobuf struct dz_buf log = {0};
    put_head(&log, "3.12");
    put_source(&log, kept);
    put_codes(&log, &method, 1);
    read_log(&all, "front", &log);
    for (unsigned long n = 1, known = 0; !known; n++) {
        dz_mem_fail_after(n);
        struct dz_elements *elements = dz_elements_new(&all, state);
        known = elements && dz_elements_of(elements, 0).element == METHOD;
        dz_mem_fail_after(0);
        dz_elements_free(elements);
        assert_true(n < 100);
    }
    dz_observations_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_finds_its_element),
        cmocka_unit_test(what_has_no_right_sheet_is_unknown_and_says_why),
        cmocka_unit_test(a_source_that_no_log_tells_is_not_known),
        cmocka_unit_test(a_sheet_under_anothers_name_is_not_believed),
        cmocka_unit_test(without_memory_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

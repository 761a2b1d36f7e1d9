/* A test that has been collected and has not run is proved, as it was, or it is due: whatever kept it from running. That
 * two have one node id makes both unprovable: what has been observed cannot be told apart. */
#include "run_tests.h"

#include "../base/mem.h"

#include <errno.h>
#include <string.h>

/* Calls for each name that NUL ends. */
static int each(struct dz_run_tests *all, struct dz_bytes names, uint32_t file,
                int (*call)(struct dz_run_tests *all, const char *name, size_t size, uint32_t file))
{
    if (!names.size)
        return 0;
    const char *end = names.at + names.size;
    for (const char *at = names.at, *nul; at < end; at = nul + 1) {
        nul = memchr(at, 0, (size_t)(end - at));
        if (!nul)
            return -EBADMSG;
        int r = call(all, at, (size_t)(nul - at), file);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- what is proved ---- */

/* A name, and behind a byte that none has what its parameters have to be. */
static int put_proved(struct dz_buf *to, const char *name, size_t size,
                      const struct dz_fingerprint *parameters)
{
    dz_buf_put(to, name, size);
    dz_buf_put(to, "\1", 1);
    for (size_t i = 0; i < sizeof parameters->bytes; i++)
        dz_buf_fmt(to, "%02x", parameters->bytes[i]);
    return dz_buf_ok(to) ? 0 : -ENOMEM;
}

static int add_proved(struct dz_run_tests *all, struct dz_bytes names, struct dz_bytes parameters)
{
    const char *at = names.at, *end = names.size ? at + names.size : at;
    for (uint32_t i = 0; at < end; i++) {
        dz_autobuf struct dz_buf key = {0};
        struct dz_fingerprint print;
        const char *nul = memchr(at, 0, (size_t)(end - at));
        if (!nul || (i + 1) * sizeof print > parameters.size)
            return -EBADMSG;
        memcpy(&print, parameters.at + i * sizeof print, sizeof print);
        if (put_proved(&key, at, (size_t)(nul - at), &print) < 0 ||
            !dz_strings_add(&all->proved, key.data, key.len))
            return -ENOMEM;
        at = nul + 1;
    }
    return 0;
}

static int add_proved_file(struct dz_run_tests *all, const char *name, size_t size, uint32_t file)
{
    (void)file;
    return dz_strings_add(&all->proved_files, name, size) ? 0 : -ENOMEM;
}

int dz_run_tests_are_proved(struct dz_run_tests *all, const struct dz_msg_chosen *chosen)
{
    int r = each(all, chosen->files, 0, add_proved_file);
    if (r == 0)
        r = add_proved(all, chosen->tests, chosen->parameters);
    return r < 0 ? r : add_proved(all, chosen->audited, chosen->audited_parameters);
}

static int is_proved_with(const struct dz_run_tests *all, const char *nodeid, size_t size,
                          const struct dz_fingerprint *parameters)
{
    dz_autobuf struct dz_buf key = {0};
    return put_proved(&key, nodeid, size, parameters) == 0 &&
           dz_strings_find(&all->proved, key.data, key.len);
}

static int is_proved(const struct dz_run_tests *all, const char *nodeid, size_t size, uint32_t file,
                     const struct dz_fingerprint *parameters)
{
    static const struct dz_fingerprint any;
    const char *path = dz_strings_text(&all->strings, all->files[file].path);
    return is_proved_with(all, nodeid, size, &any) ||
           is_proved_with(all, nodeid, size, parameters) ||
           dz_strings_find(&all->proved_files, path, strlen(path));
}

/* ---- files and tests ---- */

/* Told again, it is complete where each time it was. */
static int take_file(struct dz_run_tests *all, const char *path, size_t size, int complete,
                     uint32_t *ret)
{
    uint32_t known = all->paths.n, number = dz_strings_add(&all->paths, path, size);
    uint32_t text = dz_strings_add(&all->strings, path, size);
    if (!number || !text ||
        !dz_has_room(&all->files, all->n_files, &all->cap_files, sizeof *all->files))
        return -ENOMEM;
    *ret = number - 1;
    if (number > known)
        all->files[all->n_files++] = (struct dz_run_file){.path = text, .complete = complete};
    all->files[*ret].complete &= complete;
    return 0;
}

static int take_test(struct dz_run_tests *all, const char *nodeid, size_t size, uint32_t file,
                     const struct dz_fingerprint *parameters)
{
    uint32_t known = all->nodeids.n, number = dz_strings_add(&all->nodeids, nodeid, size);
    uint32_t text = dz_strings_add(&all->strings, nodeid, size);
    if (!number || !text || !dz_has_room(&all->tests, all->n, &all->cap, sizeof *all->tests))
        return -ENOMEM;
    if (number <= known) {
        all->tests[number - 1].is_double = 1;
        all->tests[number - 1].outcome = DZ_OUTCOME_DUE;
        return 0;
    }
    int proved = is_proved(all, nodeid, size, file, parameters);
    all->tests[all->n++] =
        (struct dz_run_test){.nodeid = text,
                             .file = file,
                             .outcome = proved ? DZ_OUTCOME_PROVED : DZ_OUTCOME_DUE,
                             .parameters = *parameters};
    return 0;
}

static struct dz_run_test *find(const struct dz_run_tests *all, const char *nodeid, size_t size)
{
    uint32_t number = dz_strings_find(&all->nodeids, nodeid, size);
    return number ? &all->tests[number - 1] : NULL;
}

/* ---- what the front tells ---- */

static int deselect(struct dz_run_tests *all, const char *nodeid, size_t size, uint32_t file)
{
    (void)file;
    struct dz_run_test *test = find(all, nodeid, size);
    if (test && !test->is_double)
        test->outcome = DZ_OUTCOME_DESELECTED;
    return 0;
}

static int take_values(struct dz_run_tests *all, struct dz_run_test *test, const char *values)
{
    if (!test || test->is_double || !*values)
        return 0;
    test->values = dz_strings_add(&all->strings, values, strlen(values));
    return test->values ? 0 : -ENOMEM;
}

static int take_tests(struct dz_run_tests *all, const struct dz_msg_collected *told, uint32_t file)
{
    const char *at = told->nodeids.at, *end = at + told->nodeids.size;
    const char *values = told->values.at, *end_of_values = values + told->values.size;
    int r = 0;
    for (uint32_t i = 0; r == 0 && told->nodeids.size && at < end; i++) {
        struct dz_fingerprint print;
        const char *nul = memchr(at, 0, (size_t)(end - at));
        const char *next =
            values < end_of_values ? memchr(values, 0, (size_t)(end_of_values - values)) : NULL;
        if (!nul || !next || (i + 1) * sizeof print > told->parameters.size)
            return -EBADMSG;
        memcpy(&print, told->parameters.at + i * sizeof print, sizeof print);
        r = take_test(all, at, (size_t)(nul - at), file, &print);
        if (r == 0)
            r = take_values(all, find(all, at, (size_t)(nul - at)), values);
        at = nul + 1;
        values = next + 1;
    }
    return r;
}

static int take(struct dz_run_tests *all, const struct dz_msg *msg)
{
    uint32_t file;
    if (msg->type == DZ_MSG_deselected)
        return each(all, msg->deselected.nodeids, 0, deselect);
    if (msg->type != DZ_MSG_collected)
        return 0;
    const struct dz_msg_collected *told = &msg->collected;
    int r = take_file(all, told->path.at, told->path.size, told->complete != 0, &file);
    return r < 0 ? r : take_tests(all, told, file);
}

int dz_run_tests_are_told(struct dz_run_tests *all, const char *frames, size_t size)
{
    struct dz_msg msg;
    for (size_t at = 0; at < size;) {
        long n = dz_wire_take(frames + at, size - at, &msg);
        int r = n > 0 ? take(all, &msg) : -EBADMSG;
        if (r < 0)
            return r;
        at += (size_t)n;
    }
    return 0;
}

/* ---- what has run ---- */

/* One that was not told of: more may be in its file, too. */
static struct dz_run_test *add_untold(struct dz_run_tests *all, const char *nodeid)
{
    const char *colons = strstr(nodeid, "::");
    size_t size = colons ? (size_t)(colons - nodeid) : strlen(nodeid);
    static const struct dz_fingerprint unknown;
    uint32_t file;
    if (take_file(all, nodeid, size, 0, &file) < 0 ||
        take_test(all, nodeid, strlen(nodeid), file, &unknown) < 0)
        return NULL;
    return find(all, nodeid, strlen(nodeid));
}

int dz_run_tests_have_run(struct dz_run_tests *all, const char *nodeid, enum dz_outcome outcome,
                          uint64_t duration_us)
{
    struct dz_run_test *test = find(all, nodeid, strlen(nodeid));
    if (!test)
        test = add_untold(all, nodeid);
    if (!test)
        return -ENOMEM;
    if (test->has_run)
        test->is_double = 1;
    /* Of two by one name, the failure counts. */
    if (!test->is_double || outcome == DZ_OUTCOME_FAILED)
        test->outcome = outcome;
    else if (test->outcome != DZ_OUTCOME_FAILED)
        test->outcome = DZ_OUTCOME_OPEN;
    test->has_run = 1;
    test->duration_us += duration_us;
    return 0;
}

const struct dz_run_test *dz_run_tests_find(const struct dz_run_tests *all, const char *nodeid)
{
    return find(all, nodeid, strlen(nodeid));
}

void dz_run_tests_free(struct dz_run_tests *all)
{
    dz_strings_free(&all->strings);
    dz_strings_free(&all->proved);
    dz_strings_free(&all->proved_files);
    dz_strings_free(&all->nodeids);
    dz_strings_free(&all->paths);
    dz_free(all->tests);
    dz_free(all->files);
    *all = (struct dz_run_tests){0};
}

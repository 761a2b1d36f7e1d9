#include "told.h"

#include <errno.h>
#include <string.h>

#include "../base/file.h"
#include "../base/mem.h"
#include "../path.h"
#include "../record/junit.h"

/* Of two of one node id the last counts, as where they are shown. */
static int list_nodeid(struct dz_told *told, struct dz_bytes nodeid)
{
    uint32_t n = told->nodeids.n;
    uint32_t number = dz_strings_add(&told->nodeids, nodeid.at, nodeid.size);
    if (!number || !dz_has_room(&told->by_nodeid, n, &told->by_nodeid_cap, sizeof *told->by_nodeid))
        return 0;
    told->by_nodeid[number - 1] = told->n;
    return 1;
}

static void add_test(struct dz_told *told, struct dz_bytes nodeid)
{
    if (!list_nodeid(told, nodeid) ||
        !dz_has_room(&told->tests, told->n, &told->cap, sizeof *told->tests)) {
        told->failed = 1;
        return;
    }
    uint32_t number = dz_strings_find(&told->nodeids, nodeid.at, nodeid.size);
    told->tests[told->n++] = (struct dz_told_test){
        .nodeid = dz_strings_text(&told->nodeids, number), .outcome = DZ_TOLD_NOT_RUN};
}

static void take_of_suite(struct dz_told *told, const struct dz_msg *msg)
{
    if (msg->type == DZ_MSG_chosen && !told->unprovable) {
        told->unprovable = dz_memdup(msg->chosen.unprovable.at, msg->chosen.unprovable.size);
        told->unprovable_size = told->unprovable ? msg->chosen.unprovable.size : 0;
        told->failed |= !told->unprovable;
    } else if (msg->type == DZ_MSG_left_out)
        told->n_left_out = msg->left_out.tests;
    else if (msg->type == DZ_MSG_test)
        add_test(told, msg->test.nodeid);
}

static void take_result(struct dz_told *told, const struct dz_msg *msg)
{
    if (msg->type != DZ_MSG_result || msg->result.test >= told->n)
        return;
    struct dz_told_test *test = &told->tests[msg->result.test];
    struct dz_junit_case found = dz_junit_told("", msg->result.frames);
    dz_free(test->text);
    test->text = NULL;
    test->outcome = (int)found.outcome;
    if (found.outcome != DZ_FAILED)
        return;
    test->text = dz_memdup(found.text.at, found.text.size);
    told->failed |= !test->text;
}

typedef void taker(struct dz_told *told, const struct dz_msg *msg);

/* What a job that was killed has not written to its end is not there. */
static void take_frames(struct dz_told *told, const char *frames, size_t size, taker *take)
{
    struct dz_msg msg;
    for (size_t at = 0; at < size;) {
        long taken = dz_wire_take(frames + at, size - at, &msg);
        if (taken <= 0)
            return;
        take(told, &msg);
        at += (size_t)taken;
    }
}

static int read_frames(struct dz_told *told, const char *folder, const char *name, taker *take,
                       struct dz_err *err)
{
    dz_autobuf struct dz_buf frames = {0};
    dz_auto char *path = dz_path_fmt("%s/%s", folder, name);
    int r = path ? dz_file_read(path, &frames) : -ENOMEM;
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s/%s'", folder, name);
    take_frames(told, frames.data, frames.len, take);
    return 0;
}

int dz_told_of_suite(struct dz_told *ret, const char *frames, size_t size)
{
    *ret = (struct dz_told){0};
    take_frames(ret, frames, size, take_of_suite);
    return ret->failed ? -ENOMEM : 0;
}

int dz_told_read(struct dz_told *ret, const char *folder, struct dz_err *err)
{
    *ret = (struct dz_told){0};
    int r = read_frames(ret, folder, "suite", take_of_suite, err);
    if (r == 0)
        r = read_frames(ret, folder, "results", take_result, err);
    if (r == 0 && ret->failed)
        r = dz_fail(err, -ENOMEM, "cannot read what '%s' tells", folder);
    return r;
}

void dz_told_free(struct dz_told *told)
{
    for (uint32_t i = 0; i < told->n; i++)
        dz_free(told->tests[i].text);
    dz_free(told->tests);
    dz_free(told->by_nodeid);
    dz_strings_free(&told->nodeids);
    dz_free(told->unprovable);
    *told = (struct dz_told){0};
}

const struct dz_told_test *dz_told_find(const struct dz_told *told, const char *nodeid)
{
    uint32_t number = dz_strings_find(&told->nodeids, nodeid, strlen(nodeid));
    return number ? &told->tests[told->by_nodeid[number - 1]] : NULL;
}

const char *dz_told_outcome(const struct dz_told_test *test)
{
    static const char *const outcomes[] = {
        [DZ_PASSED] = "passed", [DZ_FAILED] = "failed", [DZ_SKIPPED] = "skipped"};
    return test->outcome == DZ_TOLD_NOT_RUN ? "not run" : outcomes[test->outcome];
}

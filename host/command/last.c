/* `dagz last [--json]`: what the last job has selected, how that ended, and what could not be proved. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../base/file.h"
#include "../base/mem.h"
#include "../idle.h"
#include "../path.h"
#include "../record/junit.h"
#include "state.h"
#include "text.h"

struct last {
    char *folder; /* NULL: it had nothing to run */
    long after;   /* then: the number of the job before it, or 0 */
    json_t *selected, *unprovable;
    uint32_t n_skipped;
    unsigned n_failed, n_not_run;
};

/* ---- reading ---- */

static json_t *text_of(struct dz_bytes bytes)
{
    dz_auto char *text = dz_memdup(bytes.at, bytes.size);
    return dz_text(text ? text : "");
}

static void take_doubts(struct last *last, struct dz_bytes doubts)
{
    const char *end = doubts.at + doubts.size;
    for (const char *at = doubts.at; doubts.size && at < end;) {
        const char *nul = memchr(at, 0, (size_t)(end - at));
        char *why;
        unsigned long n = nul ? strtoul(at, &why, 10) : 0;
        if (!nul || *why != ' ')
            return;
        json_object_set_new(last->unprovable, why + 1, json_integer((json_int_t)n));
        at = nul + 1;
    }
}

static void take_of_suite(struct last *last, const struct dz_msg *msg)
{
    if (msg->type == DZ_MSG_chosen)
        take_doubts(last, msg->chosen.unprovable);
    else if (msg->type == DZ_MSG_left_out)
        last->n_skipped = msg->left_out.tests;
    else if (msg->type == DZ_MSG_test)
        json_array_append_new(
            last->selected,
            json_pack("{s:o, s:s}", "nodeid", text_of(msg->test.nodeid), "outcome", "not run"));
}

static void take_result(struct last *last, const struct dz_msg *msg)
{
    static const char *const outcomes[] = {
        [DZ_PASSED] = "passed", [DZ_FAILED] = "failed", [DZ_SKIPPED] = "skipped"};
    json_t *test =
        msg->type == DZ_MSG_result ? json_array_get(last->selected, msg->result.test) : NULL;
    if (!test)
        return;
    struct dz_junit_case told = dz_junit_told("", msg->result.frames);
    json_object_set_new(test, "outcome", json_string(outcomes[told.outcome]));
    if (told.outcome == DZ_FAILED)
        json_object_set_new(test, "text", text_of(told.text));
}

typedef void taker(struct last *last, const struct dz_msg *msg);

/* What a job that was killed has not written to its end is not there. */
static void take_frames(struct last *last, const struct dz_buf *frames, taker *take)
{
    struct dz_msg msg;
    for (size_t at = 0; at < frames->len;) {
        long size = dz_wire_take(frames->data + at, frames->len - at, &msg);
        if (size <= 0)
            return;
        take(last, &msg);
        at += (size_t)size;
    }
}

static int read_frames(struct last *last, const char *name, taker *take, struct dz_err *err)
{
    dz_autobuf struct dz_buf frames = {0};
    dz_auto char *path = dz_path_fmt("%s/%s", last->folder, name);
    int r = path ? dz_file_read(path, &frames) : -1;
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s/%s'", last->folder, name);
    take_frames(last, &frames, take);
    return 0;
}

/* Where the last job had nothing to run. */
static int find_idle(struct last *last, const char *state, struct dz_err *err)
{
    dz_autobuf struct dz_buf frames = {0};
    int r = dz_idle_last(state, &frames, &last->after);
    if (r > 0)
        take_frames(last, &frames, take_of_suite);
    return r < 0 ? dz_fail(err, r, "cannot read what the last job in '%s' has left", state) : r;
}

static void count(struct last *last)
{
    size_t i;
    json_t *test;
    json_array_foreach(last->selected, i, test)
    {
        const char *outcome = json_string_value(json_object_get(test, "outcome"));
        last->n_failed += strcmp(outcome, "failed") == 0;
        last->n_not_run += strcmp(outcome, "not run") == 0;
    }
}

static int find(struct last *last, struct dz_err *err)
{
    dz_auto char *state = dz_state_find(err);
    last->selected = json_array();
    last->unprovable = json_object();
    int r = state ? find_idle(last, state, err) : err->code;
    if (r)
        return r;
    last->folder = dz_state_last_suite(state, err);
    if (!last->folder)
        return err->code;
    r = read_frames(last, "suite", take_of_suite, err);
    if (r == 0)
        r = read_frames(last, "results", take_result, err);
    count(last);
    return r;
}

/* ---- telling ---- */

static const char *string(const json_t *test, const char *key)
{
    const char *text = json_string_value(json_object_get(test, key));
    return text ? text : "";
}

static void print_first(const struct last *last)
{
    if (last->folder)
        printf("%s: %zu ran or were to, %u left out, %u failed, %u not run\n",
               dz_path_name(last->folder), json_array_size(last->selected), last->n_skipped,
               last->n_failed, last->n_not_run);
    else
        printf("nothing to run, pytest was not started: %u left out (the job before it is j%ld)\n",
               last->n_skipped, last->after);
}

static void print(const struct last *last)
{
    size_t i;
    json_t *test, *n;
    const char *why;
    print_first(last);
    json_object_foreach(last->unprovable, why, n)
    {
        printf("unprovable: %lld %s\n", (long long)json_integer_value(n), why);
    }
    json_array_foreach(last->selected, i, test)
    {
        printf("%s %s\n", string(test, "outcome"), string(test, "nodeid"));
    }
    json_array_foreach(last->selected, i, test)
    {
        if (strcmp(string(test, "outcome"), "failed") == 0)
            printf("\n---- %s\n%s\n", string(test, "nodeid"), string(test, "text"));
    }
}

static void print_json(const struct last *last)
{
    json_t *all =
        json_pack("{s:s?, s:O, s:i, s:O}", "job", last->folder ? dz_path_name(last->folder) : NULL,
                  "selected", last->selected, "skipped", (int)last->n_skipped, "unprovable",
                  last->unprovable);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

int dz_command_last(int argc, char **argv)
{
    struct last last = {0};
    struct dz_err err = {0};
    int as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 + as_json) {
        fputs("usage: dagz last [--json]\n", stderr);
        return DZ_EXIT_USAGE;
    }
    int r = find(&last, &err);
    if (r < 0)
        fprintf(stderr, "dagz: %s\n", err.text);
    else if (as_json)
        print_json(&last);
    else
        print(&last);
    json_decref(last.selected);
    json_decref(last.unprovable);
    dz_free(last.folder);
    return r < 0 ? DZ_EXIT_UNKNOWN : DZ_EXIT_FOUND;
}

/* `dagz last [--json]`: what the last job has selected, how that ended, and what could not be proved. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../base/mem.h"
#include "../idle.h"
#include "../path.h"
#include "state.h"
#include "text.h"
#include "told.h"

struct last {
    char *folder; /* NULL: it had nothing to run */
    long after;   /* then: the number of the job before it, or 0 */
    struct dz_told told;
    json_t *selected, *unprovable;
    unsigned n_failed, n_not_run;
};

/* ---- reading ---- */

static void list_doubts(struct last *last)
{
    const char *end = last->told.unprovable + last->told.unprovable_size;
    for (const char *at = last->told.unprovable; at && at < end;) {
        const char *nul = memchr(at, 0, (size_t)(end - at));
        char *why;
        unsigned long n = nul ? strtoul(at, &why, 10) : 0;
        if (!nul || *why != ' ')
            return;
        json_object_set_new(last->unprovable, why + 1, json_integer((json_int_t)n));
        at = nul + 1;
    }
}

static void list_tests(struct last *last)
{
    for (uint32_t i = 0; i < last->told.n; i++) {
        const struct dz_told_test *test = &last->told.tests[i];
        json_t *told = json_pack("{s:o, s:s}", "nodeid", dz_text(test->nodeid), "outcome",
                                 dz_told_outcome(test));
        if (test->text)
            json_object_set_new(told, "text", dz_text(test->text));
        json_array_append_new(last->selected, told);
        last->n_failed += test->outcome == DZ_FAILED;
        last->n_not_run += test->outcome == DZ_TOLD_NOT_RUN;
    }
}

/* Where the last job had nothing to run. */
static int find_idle(struct last *last, const char *state, struct dz_err *err)
{
    dz_autobuf struct dz_buf frames = {0};
    int r = dz_idle_last(state, &frames, &last->after);
    if (r > 0 && dz_told_of_suite(&last->told, frames.data, frames.len) < 0)
        r = -ENOMEM;
    return r < 0 ? dz_fail(err, r, "cannot read what the last job in '%s' has left", state) : r;
}

static int find_told(struct last *last, const char *state, struct dz_err *err)
{
    int r = find_idle(last, state, err);
    if (r)
        return r;
    last->folder = dz_state_last_suite(state, err);
    return last->folder ? dz_told_read(&last->told, last->folder, err) : err->code;
}

static int find(struct last *last, struct dz_err *err)
{
    dz_auto char *state = dz_state_find(err);
    last->selected = json_array();
    last->unprovable = json_object();
    int r = state ? find_told(last, state, err) : err->code;
    list_doubts(last);
    list_tests(last);
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
               dz_path_name(last->folder), json_array_size(last->selected), last->told.n_left_out,
               last->n_failed, last->n_not_run);
    else
        printf("nothing to run, pytest was not started: %u left out (the job before it is j%ld)\n",
               last->told.n_left_out, last->after);
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
                  "selected", last->selected, "skipped", (int)last->told.n_left_out, "unprovable",
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
    dz_told_free(&last.told);
    dz_free(last.folder);
    return r < 0 ? DZ_EXIT_UNKNOWN : DZ_EXIT_FOUND;
}

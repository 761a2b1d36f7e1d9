/* `dagz observed NODEID... [--json]`: all that tests of the last job depend on, and through which span. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../base/buf.h"
#include "../base/mem.h"
#include "../path.h"
#include "../python.h"
#include "../record/distributions.h"
#include "../record/elements.h"
#include "../record/logs.h"
#include "../record/readers.h"
#include "../record/sheets.h"
#include "../sources.h"
#include "state.h"
#include "text.h"

struct observed {
    struct dz_observations all;
    struct dz_distributions *distributions;
    struct dz_elements *elements;
    char *state;
    const char *rootdir;
};

struct lists {
    json_t *functions, *paths, *environment, *places, *distributions, *leans_on, *unobserved;
};

static const char *const types[DZ_SPAN_TYPES] = {"load",  "collect", "py.import", "fixture",
                                                 "cache", "test",    "test.call", "fork"};
static const char *const facts[DZ_FACTS] = {
    [DZ_FACT_CONTENT] = "content", [DZ_FACT_STAT] = "stat",     [DZ_FACT_LINK] = "link",
    [DZ_FACT_NAMES] = "names",     [DZ_FACT_ABSENT] = "absent", [DZ_FACT_WRITTEN] = "written",
};

/* ---- names ---- */

static const char *string(const struct observed *observed, uint32_t number)
{
    return number ? observed->all.strings[number - 1] : "";
}

/* Relative to the rootdir where it is below it. */
static const char *short_path(const struct observed *observed, const char *path)
{
    size_t size = strlen(observed->rootdir);
    if (size && strncmp(path, observed->rootdir, size) == 0 && path[size] == '/')
        return path + size + 1;
    return path;
}

static char *span_id(const struct observed *observed, uint32_t number)
{
    const struct dz_observed_span *span = &observed->all.spans[number];
    dz_autobuf struct dz_buf text = {0};
    dz_buf_fmt(&text, "%s %s", types[span->type], string(observed, span->name));
    char *id = dz_buf_ok(&text) ? text.data : NULL;
    if (id)
        text = (struct dz_buf){0};
    return id;
}

/* ---- one span ---- */

static void append(json_t *list, const char *text)
{
    json_array_append_new(list, dz_text(text));
}

static int by_text(const void *one, const void *other)
{
    return strcmp(json_string_value(*(json_t *const *)one),
                  json_string_value(*(json_t *const *)other));
}

/* Sorted, and each once. */
static json_t *in_order(json_t *list)
{
    size_t n = json_array_size(list);
    json_t **items = dz_alloc((n + 1) * sizeof *items);
    json_t *sorted = json_array();
    for (size_t i = 0; items && i < n; i++)
        items[i] = json_array_get(list, i);
    if (items && n)
        qsort(items, n, sizeof *items, by_text);
    for (size_t i = 0; items && i < n; i++)
        if (i == 0 || by_text(&items[i - 1], &items[i]) != 0)
            json_array_append(sorted, items[i]);
    dz_free(items);
    json_decref(list);
    return sorted;
}

static void add_path(const struct observed *observed, json_t *paths, const char *path,
                     const char *fact)
{
    json_array_append_new(
        paths, json_pack("{s:o, s:s}", "path", dz_text(short_path(observed, path)), "fact", fact));
}

static void add_element(const struct observed *observed, json_t *functions, const char *path,
                        const struct dz_joined *joined)
{
    dz_autobuf struct dz_buf id = {0};
    const struct dz_element *element = dz_sheet_at(joined->sheet, joined->element);
    /* What a module or a class does in lambdas and comprehensions of its own is the statement's. */
    if (element->kind != DZ_FUNCTION)
        return;
    dz_buf_fmt(&id, "%s::%s#%u", short_path(observed, path),
               dz_sheet_string(joined->sheet, element->name), element->k);
    if (dz_buf_ok(&id))
        append(functions, id.data);
}

/* Nested functions, lambdas and comprehensions belong to the outermost function that they stand in. */
static size_t outermost(const char *qualname)
{
    const char *local = strstr(qualname, ".<locals>");
    return local ? (size_t)(local - qualname) : strlen(qualname);
}

/* By the name alone, which of those that have it stays open. */
static void add_unknown(const struct observed *observed, const struct lists *lists,
                        const struct dz_observed_code *code, enum dz_unknown why)
{
    dz_autobuf struct dz_buf id = {0}, doubt = {0};
    const char *name = string(observed, code->name);
    const char *path = short_path(observed, string(observed, code->file));
    dz_buf_fmt(&id, "%s::%.*s", path, (int)outermost(name), name);
    dz_buf_fmt(&doubt, "%s: %s", path, dz_unknown_text(why));
    if (dz_buf_ok(&id))
        append(lists->functions, id.data);
    if (dz_buf_ok(&doubt))
        append(lists->unobserved, doubt.data);
}

static void add_function(const struct observed *observed, const struct lists *lists,
                         uint32_t number, struct dz_bits *whole)
{
    const struct dz_observed_code *code = &observed->all.codes[number];
    const char *path = string(observed, code->file);
    struct dz_joined joined = dz_elements_of(observed->elements, number);
    if (joined.why == DZ_KNOWN)
        add_element(observed, lists->functions, path, &joined);
    else if (joined.why != DZ_UNKNOWN_WHOLE)
        add_unknown(observed, lists, code, joined.why);
    else if (!dz_bits_has(whole, code->file) && dz_bits_set(whole, code->file) == 0)
        add_path(observed, lists->paths, path, facts[DZ_FACT_CONTENT]);
}

static void add_package(struct observed *observed, json_t *distributions,
                        const struct dz_observed_code *code)
{
    const char *path = string(observed, code->file);
    const char *name = dz_distributions_of(observed->distributions, path);
    append(distributions, name ? name : path);
}

static void add_codes(struct observed *observed, const struct dz_observed_span *span,
                      const struct lists *lists)
{
    struct dz_bits whole = {0};
    for (uint32_t i = 0; (i = dz_bits_next(&span->codes, i)) != UINT32_MAX; i++) {
        const struct dz_observed_code *code = &observed->all.codes[i];
        if (code->kind == DZ_CODE_PACKAGE)
            add_package(observed, lists->distributions, code);
        else if (code->kind == DZ_CODE_FUNCTION || code->kind == DZ_CODE_LAMBDA)
            add_function(observed, lists, i, &whole);
    }
    dz_bits_free(&whole);
}

static void add_fact(struct observed *observed, const struct dz_observed_fact *fact,
                     struct lists *lists)
{
    const char *text = string(observed, fact->fact == DZ_FACT_LEAN ? 0 : fact->string);
    switch (fact->fact) {
    case DZ_FACT_ENVIRONMENT:
        json_array_append_new(lists->environment, json_pack("{s:o, s:b}", "name", dz_text(text),
                                                            "found", fact->value != 0));
        break;
    case DZ_FACT_PLACE:
        append(lists->places, short_path(observed, text));
        break;
    case DZ_FACT_DISTRIBUTION:
        append(lists->distributions, text);
        break;
    case DZ_FACT_LEAN: {
        dz_auto char *id = span_id(observed, (uint32_t)fact->value);
        if (id)
            append(lists->leans_on, id);
        break;
    }
    case DZ_FACT_BLIND:
        append(lists->unobserved, text);
        break;
    default:
        if (facts[fact->fact])
            add_path(observed, lists->paths, text, facts[fact->fact]);
    }
}

static void add_doubts(const struct observed *observed, uint32_t span, json_t *unobserved)
{
    const char *doubt;
    for (unsigned n = 0; (doubt = dz_observations_doubt(&observed->all, span, n)); n++)
        append(unobserved, doubt);
}

static json_t *describe(struct observed *observed, uint32_t number)
{
    const struct dz_observed_span *span = &observed->all.spans[number];
    struct lists lists = {json_array(), json_array(), json_array(), json_array(),
                          json_array(), json_array(), json_array()};
    add_codes(observed, span, &lists);
    for (uint32_t i = 0; i < span->n_facts; i++)
        add_fact(observed, &span->facts[i], &lists);
    add_doubts(observed, number, lists.unobserved);
    json_t *name = dz_text(string(observed, span->name));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "type", types[span->type],
                     "name", name, "functions", in_order(lists.functions), "paths", lists.paths,
                     "environment", lists.environment, "places", in_order(lists.places),
                     "distributions", in_order(lists.distributions), "leans_on",
                     in_order(lists.leans_on), "unobserved", in_order(lists.unobserved));
}

/* The test's own first. */
static json_t *describe_all(struct observed *observed, uint32_t test, const struct dz_bits *closure)
{
    json_t *spans = json_array();
    json_array_append_new(spans, describe(observed, test));
    for (uint32_t i = 0; (i = dz_bits_next(closure, i)) != UINT32_MAX; i++)
        if (i != test)
            json_array_append_new(spans, describe(observed, i));
    return spans;
}

/* ---- for people ---- */

static void print_value(const json_t *value)
{
    if (json_is_string(value)) {
        printf("%s\n", json_string_value(value));
        return;
    }
    const json_t *path = json_object_get(value, "path");
    if (path)
        printf("%s (%s)\n", json_string_value(path),
               json_string_value(json_object_get(value, "fact")));
    else
        printf("%s%s\n", json_string_value(json_object_get(value, "name")),
               json_is_true(json_object_get(value, "found")) ? "" : " (not set)");
}

static void print_span(const json_t *span)
{
    static const char *const fields[] = {"functions",     "paths",    "environment", "places",
                                         "distributions", "leans_on", "unobserved"};
    static const char *const heads[] = {"functions",     "paths",    "environment", "places",
                                        "distributions", "leans on", "unobserved"};
    printf("%s %s\n", json_string_value(json_object_get(span, "type")),
           json_string_value(json_object_get(span, "name")));
    for (size_t field = 0; field < sizeof fields / sizeof *fields; field++) {
        const json_t *list = json_object_get(span, fields[field]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            printf("  %-14s", i ? "" : heads[field]);
            print_value(json_array_get(list, i));
        }
    }
}

static void print(json_t *tests)
{
    size_t i, k;
    json_t *test, *span;
    json_array_foreach(tests, i, test)
    {
        json_array_foreach(json_object_get(test, "spans"), k, span)
        {
            print_span(span);
        }
    }
}

/* One as it is, several as a list. */
static void print_json(json_t *tests)
{
    json_dumpf(json_array_size(tests) == 1 ? json_array_get(tests, 0) : tests, stdout,
               JSON_INDENT(2));
    putchar('\n');
}

/* ---- the command ---- */

static int fail(const struct dz_err *err)
{
    fprintf(stderr, "dagz: %s\n", err->text);
    return DZ_EXIT_UNKNOWN;
}

static int fail_for_memory(void)
{
    fputs("dagz: no memory\n", stderr);
    return DZ_EXIT_UNKNOWN;
}

static int add_test(struct observed *observed, const char *nodeid, json_t *tests)
{
    struct dz_bits closure = {0};
    uint32_t test = dz_observations_test(&observed->all, nodeid);
    if (test == DZ_OBSERVED_NONE) {
        fprintf(stderr, "dagz: the last job has not run '%s'\n", nodeid);
        return DZ_EXIT_UNKNOWN;
    }
    if (dz_observations_closure(&observed->all, test, &closure) < 0)
        return fail_for_memory();
    json_array_append_new(tests, json_pack("{s:o, s:o}", "nodeid", dz_text(nodeid), "spans",
                                           describe_all(observed, test, &closure)));
    dz_bits_free(&closure);
    return DZ_EXIT_FOUND;
}

static int show(struct observed *observed, char **nodeids, int n, int as_json)
{
    observed->rootdir =
        observed->all.n_logs && observed->all.logs[0].rootdir ? observed->all.logs[0].rootdir : "";
    observed->distributions = dz_distributions_new();
    json_t *tests = json_array();
    int code = observed->distributions && tests ? DZ_EXIT_FOUND : fail_for_memory();
    for (int i = 0; i < n && code == DZ_EXIT_FOUND; i++)
        code = add_test(observed, nodeids[i], tests);
    if (code == DZ_EXIT_FOUND && as_json)
        print_json(tests);
    else if (code == DZ_EXIT_FOUND)
        print(tests);
    json_decref(tests);
    return code;
}

static int lacks_sheets(const struct observed *observed, const char *python)
{
    for (uint32_t i = 0; i < observed->all.n_sources; i++) {
        const struct dz_observed_source *source = &observed->all.sources[i];
        if (!source->known || !dz_sheets_are_of(string(observed, source->file)))
            continue;
        dz_auto char *path = dz_sheets_path(observed->state, python, source->hash);
        if (path && !dz_path_exists(path))
            return 1;
    }
    return 0;
}

/* A job that was killed has not cut what it met. Done now, of the sources that are still what they were; of the others
 * the spans say that there is none. */
static void make_sheets(const struct observed *observed, const char *self, const char *job)
{
    const char *version = dz_observations_python(&observed->all);
    struct dz_python python;
    struct dz_err err = {0};
    if (!lacks_sheets(observed, version))
        return;
    dz_autobuf struct dz_buf text = {0};
    if (dz_python_find(&python, self, &err) == 0 && strcmp(python.version, version) == 0)
        dz_sources_cut(&python, observed->state, job, &text);
    dz_python_free(&python);
}

static int read_last_job(struct observed *observed, const char *self, struct dz_err *err)
{
    observed->state = dz_state_find(err);
    dz_auto char *job = observed->state ? dz_state_last_job(observed->state, err) : NULL;
    if (!job)
        return err->code;
    int r = dz_logs_read(&observed->all, job, err);
    if (r < 0)
        return r;
    make_sheets(observed, self, job);
    observed->elements = dz_elements_new(&observed->all, observed->state);
    return observed->elements ? dz_readers_join(&observed->all, observed->elements, err)
                              : dz_fail(err, -ENOMEM, "cannot join what was observed");
}

int dz_command_observed(int argc, char **argv)
{
    int as_json = 0, wrong = 0, n = 0;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            as_json = 1;
        else if (argv[i][0] == '-')
            wrong = 1;
        else
            argv[++n] = argv[i];
    if (!n || wrong) {
        fputs("usage: dagz observed NODEID... [--json]\n", stderr);
        return DZ_EXIT_USAGE;
    }
    struct observed observed = {0};
    struct dz_err err = {0};
    int code = read_last_job(&observed, argv[0], &err) < 0 ? fail(&err)
                                                           : show(&observed, argv + 1, n, as_json);
    dz_elements_free(observed.elements);
    dz_distributions_free(observed.distributions);
    dz_free(observed.state);
    dz_observations_free(&observed.all);
    return code;
}

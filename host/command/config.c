/* `dagz config [--json]`: what is in force here, and where each of it comes from. For who asks why nothing is left out, or
 * too much.
 *
 * What only pytest can tell, as the key of a baseline, is as it was in the last job that started one. */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "../base/cores.h"
#include "../base/file.h"
#include "../base/mem.h"
#include "../branch.h"
#include "../choose.h"
#include "../declared.h"
#include "../idle.h"
#include "../path.h"
#include "holdings.h"
#include "state.h"
#include "text.h"

enum { KEY_DIGITS = 12, NAME_WIDTH = 11, WIDEST_VALUE = 52, MOST_BASELINES = 8 };

struct config {
    json_t *rows; /* {"name", "value", "from"}; a value is a text, or a list of such */
    struct dz_python python;
    int has_python;
    char *state, *rootdir, *job; /* state: or NULL; job: the last one's folder, or NULL */
    struct dz_buf suite;
    struct dz_msg_resolved resolved; /* lent by suite */
    int is_resolved;
    unsigned n_selected, n_left_out;
    struct dz_bytes said;
    int status;
};

/* ---- rows ---- */

static json_t *text_of(struct dz_bytes bytes)
{
    dz_auto char *text = dz_memdup(bytes.at ? bytes.at : "", bytes.size);
    return dz_text(text ? text : "");
}

/* Takes value. */
__attribute__((format(printf, 4, 5))) static void add(struct config *config, const char *name,
                                                      json_t *value, const char *from, ...)
{
    va_list args;
    char text[1200];
    va_start(args, from);
    vsnprintf(text, sizeof text, from, args);
    va_end(args);
    json_array_append_new(config->rows, json_pack("{s:s, s:o, s:o}", "name", name, "value", value,
                                                  "from", dz_text(text)));
}

static const char *job_of(const struct config *config)
{
    return config->job ? dz_path_name(config->job) : "";
}

/* ---- the last job ---- */

static void take(struct config *config, const struct dz_msg *msg)
{
    if (msg->type == DZ_MSG_resolved && msg->resolved.key.size == sizeof(struct dz_fingerprint)) {
        config->resolved = msg->resolved;
        config->is_resolved = 1;
    } else if (msg->type == DZ_MSG_chosen)
        config->said = msg->chosen.text;
    else if (msg->type == DZ_MSG_left_out)
        config->n_left_out = msg->left_out.tests;
    else if (msg->type == DZ_MSG_test)
        config->n_selected++;
}

static void read_job(struct config *config)
{
    struct dz_err err;
    struct dz_msg msg;
    config->job = config->state ? dz_state_last_suite(config->state, &err) : NULL;
    dz_auto char *path = config->job ? dz_path_fmt("%s/suite", config->job) : NULL;
    if (!path || dz_file_read(path, &config->suite) < 0)
        return;
    for (size_t at = 0; at < config->suite.len;) {
        long size = dz_wire_take(config->suite.data + at, config->suite.len - at, &msg);
        if (size <= 0)
            return;
        take(config, &msg);
        at += (size_t)size;
    }
}

/* 0: the last one had something to run. */
static int add_idle(struct config *config)
{
    long after;
    dz_autobuf struct dz_buf frames = {0};
    if (dz_idle_last(config->state, &frames, &after) <= 0)
        return 0;
    add(config, "last job", json_string("nothing to run"), "after j%ld; pytest was not started",
        after);
    return 1;
}

static void add_job(struct config *config)
{
    if (add_idle(config))
        return;
    if (!config->job) {
        add(config, "last job", json_string("none"), "no job has run here");
        return;
    }
    add(config, "last job", json_string(job_of(config)), "%u to run, %u left out%s%.*s",
        config->n_selected, config->n_left_out, config->said.size ? ": " : "",
        (int)config->said.size, config->said.size ? config->said.at : "");
}

/* ---- where ---- */

static void add_rootdir(struct config *config)
{
    dz_auto char *was = config->is_resolved
                            ? dz_memdup(config->resolved.rootdir.at, config->resolved.rootdir.size)
                            : NULL;
    if (!config->state)
        add(config, "rootdir", dz_text(config->rootdir), "this folder, as there is no .dagz");
    else if (was && strcmp(was, config->rootdir) != 0)
        add(config, "rootdir", dz_text(config->rootdir), "pytest had '%s' in %s", was,
            job_of(config));
    else
        add(config, "rootdir", dz_text(config->rootdir),
            was ? "of pytest, in %s" : "where .dagz is%s", was ? job_of(config) : "");
}

static void add_inifile(struct config *config)
{
    const struct dz_bytes inifile = config->resolved.inifile;
    if (!config->is_resolved)
        add(config, "inifile", json_string("unknown"), "no job has told");
    else
        add(config, "inifile", inifile.size ? text_of(inifile) : json_string("none"),
            "of pytest, in %s", job_of(config));
}

static void add_state(struct config *config)
{
    const char *given = getenv("DAGZ_DIR");
    int is_given = given && *given;
    if (config->state)
        add(config, "state", dz_text(config->state), is_given ? "DAGZ_DIR" : "found from here");
    else
        add(config, "state", json_string("none"), "a job makes .dagz in the rootdir");
}

/* ---- python ---- */

static void add_library(struct config *config)
{
    const struct dz_python *python = &config->python;
    const char *embed = getenv("DAGZ_EMBED");
    if (python->library)
        add(config, "libpython", dz_text(python->library), "opened in dagz-python's own process");
    else
        add(config, "libpython", json_string("none"), "%s is executed, with the shim preloaded%s",
            python->binary, embed && strcmp(embed, "0") == 0 ? " (DAGZ_EMBED=0)" : "");
    add(config, "shim", dz_text(python->shim), "dagz-python is %s", python->self);
}

static void add_python(struct config *config, const char *argv0)
{
    struct dz_err err;
    if (dz_python_find(&config->python, argv0, &err) < 0) {
        add(config, "python", json_string("none"), "%s", err.text);
        config->status = DZ_EXIT_UNKNOWN;
        return;
    }
    struct dz_choice choice = dz_choose_python(config->python.self);
    config->has_python = 1;
    add(config, "python", dz_text(config->python.executable), "CPython %s, %s",
        config->python.version, choice.by);
    dz_free(choice.path);
    add_library(config);
}

/* As its first log begins. */
static json_t *probe_of(const char *job)
{
    dz_autobuf struct dz_buf log = {0};
    struct dz_msg msg;
    dz_auto char *path = dz_path_fmt("%s/front", job);
    if (!path || dz_file_read(path, &log) < 0 || dz_wire_take(log.data, log.len, &msg) <= 0 ||
        msg.type != DZ_MSG_log)
        return NULL;
    return text_of(msg.log.probe);
}

static void add_probe(struct config *config)
{
    const char *asked = getenv("DAGZ_PROBE");
    json_t *probe = config->job ? probe_of(config->job) : NULL;
    if (asked && *asked)
        add(config, "probe", dz_text(asked), "DAGZ_PROBE"), json_decref(probe);
    else if (probe)
        add(config, "probe", probe, "the cheapest that held in %s", job_of(config));
    else
        add(config, "probe", json_string("auto"), "the cheapest that holds in that python");
}

static void add_workers(struct config *config)
{
    unsigned quota = dz_cores_by_quota();
    char text[32], limit[32] = "no quota";
    snprintf(text, sizeof text, "auto = %u", dz_cores());
    if (quota)
        snprintf(limit, sizeof limit, "a quota of %u", quota);
    add(config, "workers", json_string(text), "%u by affinity, %s of cgroups",
        dz_cores_by_affinity(), limit);
}

/* ---- what is compared with ---- */

static void put_key(const struct config *config, char ret[KEY_DIGITS + 1])
{
    for (int i = 0; i < KEY_DIGITS / 2; i++)
        snprintf(ret + 2 * i, 3, "%02x", (unsigned char)config->resolved.key.at[i]);
}

static void add_key(struct config *config)
{
    char key[KEY_DIGITS + 1] = "unknown";
    if (config->is_resolved)
        put_key(config, key);
    add(config, "key", json_string(key), "%s%s",
        config->is_resolved ? "of all settings that outcomes depend on, in " : "no job has told",
        job_of(config));
}

static void add_branch(struct config *config)
{
    dz_auto char *branch = dz_branch_of(config->rootdir), *main = dz_branch_main(config->rootdir);
    add(config, "branch", dz_text(branch ? branch : "unknown"), "the main branch is %s",
        main ? main : "main or master, as there is no origin/HEAD");
}

static void add_option(struct config *config, const char *name, struct dz_bytes value,
                       const char *option)
{
    if (!config->is_resolved)
        add(config, name, json_string("unknown"), "no job has told");
    else if (value.size)
        add(config, name, text_of(value), "%s, in %s", option, job_of(config));
    else
        add(config, name, json_string("none"), "no %s, in %s", option, job_of(config));
}

/* ---- [tool.dagz] ---- */

static void add_list(struct config *config, const char *name, struct dz_bytes list)
{
    json_t *texts = json_array();
    for (const char *at = dz_waivers_first(list); at; at = dz_waivers_next(list, at))
        json_array_append_new(texts, dz_text(at));
    add(config, name, texts, list.size ? "[tool.dagz] of pyproject.toml" : "not declared");
}

static void add_declared(struct config *config)
{
    struct dz_err err;
    struct dz_declared declared = {0};
    int r = config->has_python
                ? dz_declared_ask(&declared, &config->python, config->rootdir, &err)
                : dz_fail(&err, -ENOENT, "there is no python to read pyproject.toml");
    if (r == 0) {
        add_list(config, "ignore", declared.waivers.ignore);
        add_list(config, "external", declared.waivers.external);
    } else
        add(config, "[tool.dagz]", json_string("wrong"), "%s", err.text);
    if (r == -EDOM)
        config->status = DZ_EXIT_USAGE;
    dz_declared_free(&declared);
}

/* ---- what is kept ---- */

static char *text_or_null(struct dz_bytes bytes)
{
    return bytes.size ? dz_memdup(bytes.at, bytes.size) : NULL;
}

static void add_baselines(struct config *config)
{
    struct dz_fingerprint key;
    dz_auto char *base = text_or_null(config->resolved.base);
    dz_auto char *profile = text_or_null(config->resolved.profile);
    struct dz_baselines_wish wish = {.rootdir = config->rootdir,
                                     .state = config->state,
                                     .python = config->python.version,
                                     .base = base,
                                     .profile = profile,
                                     .key = config->is_resolved ? &key : NULL};
    if (config->is_resolved)
        memcpy(key.bytes, config->resolved.key.at, sizeof key.bytes);
    struct dz_holdings all = {0};
    int r = dz_holdings_list(&all, &wish, time(NULL));
    for (unsigned i = 0; i < all.n; i++)
        add(config, "baseline", dz_text(all.list[i].name), "%s", all.list[i].text);
    if (r < 0)
        add(config, "baseline", json_string("unknown"), "cannot list '%s/baselines': %s",
            config->state, strerror(-r));
    else if (!all.n)
        add(config, "baseline", json_string("none"), "everything runs");
    dz_holdings_free(&all);
}

static void add_sizes(struct config *config)
{
    char total[32];
    dz_autobuf struct dz_buf parts = {0};
    uint64_t bytes = dz_holdings_sizes(config->state, &parts);
    dz_buf_put(&parts, "", 1);
    snprintf(total, sizeof total, "%.1f MB", (double)bytes / 1e6);
    add(config, "on disk", json_string(total), "%s", dz_buf_ok(&parts) ? parts.data : "");
}

static void add_variables(struct config *config)
{
    for (char **entry = environ; entry && *entry; entry++) {
        if (strncmp(*entry, "DAGZ", 4) != 0 && strncmp(*entry, "PYTEST_ADDOPTS=", 15) != 0)
            continue;
        size_t size = strcspn(*entry, "=");
        dz_auto char *name = dz_memdup(*entry, size);
        if (name)
            add(config, name, dz_text(*entry + size + ((*entry)[size] == '=')), "environment");
    }
}

/* ---- all ---- */

static void add_all(struct config *config, const char *argv0)
{
    add_rootdir(config);
    add_inifile(config);
    add_python(config, argv0);
    add_probe(config);
    add_workers(config);
    add_declared(config);
    add_branch(config);
    add_key(config);
    add_option(config, "profile", config->resolved.profile, "--dagz-profile");
    add_option(config, "base", config->resolved.base, "--dagz-base");
    add_state(config);
    if (config->state) {
        add_job(config);
        add_baselines(config);
        add_sizes(config);
    }
    add_variables(config);
}

static int gather(struct config *config, const char *argv0, struct dz_err *err)
{
    struct dz_err none;
    config->rows = json_array();
    config->state = dz_state_find(&none);
    config->rootdir = config->state ? dz_state_rootdir(config->state) : dz_path_real(".");
    if (!config->rows || !config->rootdir)
        return dz_fail(err, -errno, "cannot tell what is in force in this folder");
    read_job(config);
    add_all(config, argv0);
    return 0;
}

static void free_all(struct config *config)
{
    json_decref(config->rows);
    if (config->has_python)
        dz_python_free(&config->python);
    dz_buf_free(&config->suite);
    dz_free(config->state);
    dz_free(config->rootdir);
    dz_free(config->job);
}

/* ---- telling ---- */

static void put_value(const json_t *value, struct dz_buf *to)
{
    size_t i;
    json_t *text;
    if (json_is_string(value))
        dz_buf_str(to, json_string_value(value));
    else if (!json_array_size(value))
        dz_buf_str(to, "none");
    json_array_foreach(value, i, text)
    {
        dz_buf_fmt(to, i ? ", %s" : "%s", json_string_value(text));
    }
}

static int is_baseline(const json_t *row)
{
    return strcmp(json_string_value(json_object_get(row, "name")), "baseline") == 0;
}

static void print_row(const json_t *row, int width)
{
    dz_autobuf struct dz_buf value = {0};
    put_value(json_object_get(row, "value"), &value);
    printf("%-*s %-*.*s  %s\n", NAME_WIDTH, json_string_value(json_object_get(row, "name")), width,
           (int)value.len, value.data ? value.data : "",
           json_string_value(json_object_get(row, "from")));
}

/* Of the longest value that leaves room for what is behind it. */
static int width_of(const json_t *rows)
{
    size_t i, width = 0;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        dz_autobuf struct dz_buf value = {0};
        put_value(json_object_get(row, "value"), &value);
        if (value.len > width && value.len <= WIDEST_VALUE)
            width = value.len;
    }
    return (int)width;
}

/* On one screen: a tree of many branches has many baselines. */
static void print(const struct config *config)
{
    size_t i;
    json_t *row;
    unsigned n = 0;
    int width = width_of(config->rows);
    json_array_foreach(config->rows, i, row)
    {
        n += (unsigned)is_baseline(row);
        if (!is_baseline(row) || n <= MOST_BASELINES)
            print_row(row, width);
    }
    if (n > MOST_BASELINES)
        printf("and %u baselines more: --json has them all\n", n - MOST_BASELINES);
}

/* By name; of what there may be more of, all are in one list. */
static void print_json(const struct config *config)
{
    size_t i;
    json_t *row, *all = json_object(), *baselines = json_array();
    json_array_foreach(config->rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        json_t *pair = json_pack("{s:O, s:O}", "value", json_object_get(row, "value"), "from",
                                 json_object_get(row, "from"));
        if (is_baseline(row))
            json_array_append_new(baselines, pair);
        else
            json_object_set_new(all, name, pair);
    }
    json_object_set_new(all, "baselines", baselines);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

int dz_command_config(int argc, char **argv)
{
    struct config config = {.status = DZ_EXIT_FOUND};
    struct dz_err err = {0};
    int as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 + as_json) {
        fputs("usage: dagz config [--json]\n", stderr);
        return DZ_EXIT_USAGE;
    }
    int r = gather(&config, argv[0], &err);
    if (r < 0) {
        fprintf(stderr, "dagz: %s\n", err.text);
        config.status = DZ_EXIT_UNKNOWN;
    } else if (as_json)
        print_json(&config);
    else
        print(&config);
    free_all(&config);
    return config.status;
}

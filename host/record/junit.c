#include "junit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How many bytes at this place are one character that XML may hold, or 0. */
static int character(const unsigned char *at, size_t left)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*at < 0x80)
        return *at >= 0x20 || *at == '\t' || *at == '\n' || *at == '\r' ? *at != 0x7f : 0;
    int size = *at >= 0xf0 && *at < 0xf5 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc2 ? 2 : 0;
    if (!size || (size_t)size > left || *at >= 0xf5)
        return 0;
    unsigned value = *at & (0x7fu >> size);
    for (int i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    int lone = value >= 0xd800 && value < 0xe000;
    return value < least[size] || value > 0x10ffff || lone || value == 0xfffe || value == 0xffff
               ? 0
               : size;
}

/* What XML cannot hold is written as pytest writes it: #x1B. */
static void put(FILE *file, const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    for (int n; at < end; at += n ? n : 1) {
        n = character(at, (size_t)(end - at));
        if (!n)
            fprintf(file, "#x%02X", *at);
        else if (n == 1 && strchr("&<>\"", *at))
            fprintf(file, "&#%d;", *at);
        else
            fwrite(at, 1, (size_t)n, file);
    }
}

static void put_class(FILE *file, const char *nodeid, size_t size)
{
    const char *at = nodeid, *end = nodeid + size;
    while (at < end) {
        size_t plain = 0, left = (size_t)(end - at);
        while (plain < left && at[plain] != '/' && at[plain] != ':' && at[plain] != '.')
            plain++;
        put(file, at, plain);
        at += plain;
        left -= plain;
        if (left >= 3 && memcmp(at, ".py", 3) == 0 && (left == 3 || at[3] == ':')) {
            at += 3;
        } else if (left) {
            int ends_name = left > 1 && at[0] == ':' && at[1] == ':';
            put(file, ends_name || *at == '/' ? "." : at, 1);
            at += ends_name ? 2 : 1;
        }
    }
}

/* Parameters may hold anything, :: too. */
static const char *name_in(const char *nodeid)
{
    const char *params = strchr(nodeid, '['), *name = nodeid;
    for (const char *at = nodeid; (at = strstr(at, "::")) && (!params || at < params); at += 2)
        name = at + 2;
    return name;
}

static void put_case(FILE *file, const struct dz_junit_case *one)
{
    const char *name = name_in(one->nodeid);
    size_t before = name > one->nodeid ? (size_t)(name - one->nodeid) - 2 : 0;
    fputs("<testcase classname=\"", file);
    put_class(file, one->nodeid, before);
    fputs("\" name=\"", file);
    put(file, name, strlen(name));
    fprintf(file, "\" time=\"%.3f\">", (double)one->duration_us / 1e6);
    if (one->outcome == DZ_FAILED) {
        fputs("<failure message=\"failed\">", file);
        put(file, one->text.at, one->text.size);
        fputs("</failure>", file);
    } else if (one->outcome == DZ_SKIPPED) {
        fputs("<skipped/>", file);
    }
    fputs("</testcase>\n", file);
}

static void put_all(FILE *file, const struct dz_junit_case *cases, size_t n)
{
    size_t failed = 0, skipped = 0;
    for (size_t i = 0; i < n; i++) {
        failed += cases[i].outcome == DZ_FAILED;
        skipped += cases[i].outcome == DZ_SKIPPED;
    }
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<testsuites name=\"pytest "
            "tests\"><testsuite name=\"pytest\" "
            "errors=\"0\" failures=\"%zu\" skipped=\"%zu\" tests=\"%zu\">\n",
            failed, skipped, n);
    for (size_t i = 0; i < n; i++)
        put_case(file, &cases[i]);
    fputs("</testsuite></testsuites>\n", file);
}

int dz_junit_write_none(const char *path, uint64_t duration_us, const char *when, const char *host,
                        struct dz_err *err)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return dz_fail(err, -errno, "cannot write junit to '%s'", path);
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites name=\"pytest tests\"><testsuite "
            "name=\"pytest\" errors=\"0\" failures=\"0\" skipped=\"0\" tests=\"0\" time=\"%.3f\" "
            "timestamp=\"%s\" hostname=\"",
            (double)duration_us / 1e6, when);
    put(file, host, strlen(host));
    fputs("\" /></testsuites>", file);
    int failed = ferror(file);
    return fclose(file) || failed
               ? dz_fail(err, errno ? -errno : -EIO, "cannot write junit to '%s'", path)
               : 0;
}

int dz_junit_write(const char *path, const struct dz_junit_case *cases, size_t n,
                   struct dz_err *err)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return dz_fail(err, -errno, "cannot write junit to '%s'", path);
    put_all(file, cases, n);
    int failed = ferror(file);
    return fclose(file) || failed
               ? dz_fail(err, errno ? -errno : -EIO, "cannot write junit to '%s'", path)
               : 0;
}

static void take(struct dz_junit_case *one, const struct dz_msg *msg)
{
    if (msg->type == DZ_MSG_death) {
        one->outcome = DZ_FAILED;
        one->text = msg->death.text;
    } else if (msg->type == DZ_MSG_report && msg->report.outcome == DZ_FAILED) {
        one->outcome = DZ_FAILED;
        one->text = msg->report.text;
    } else if (msg->type == DZ_MSG_report && msg->report.outcome == DZ_SKIPPED &&
               one->outcome == DZ_PASSED) {
        one->outcome = DZ_SKIPPED;
    }
}

struct dz_junit_case dz_junit_told(const char *nodeid, struct dz_bytes frames)
{
    struct dz_junit_case ret = {.nodeid = nodeid};
    struct dz_msg msg;
    for (size_t at = 0; at < frames.size;) {
        long size = dz_wire_take(frames.at + at, frames.size - at, &msg);
        if (size <= 0)
            break;
        take(&ret, &msg);
        at += (size_t)size;
    }
    return ret;
}

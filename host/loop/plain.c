/* What the host itself says of a job when the front has died, and the one that was to replay it too. */
#include "job.h"

#include "../base/mem.h"
#include "../record/junit.h"

#include <errno.h>
#include <string.h>

static struct dz_junit_case told_of(const struct dz_test *test)
{
    struct dz_junit_case ret =
        dz_junit_told(test->nodeid, dz_bytes(test->frames.data, test->frames.len));
    ret.duration_us = test->duration_us;
    return ret;
}

static void list_failures(const struct dz_junit_case *cases, size_t n, FILE *to)
{
    for (size_t i = 0; i < n; i++)
        if (cases[i].outcome == DZ_FAILED)
            fprintf(to, "FAILED %s\n%.*s\n", cases[i].nodeid, (int)cases[i].text.size,
                    cases[i].text.at ? cases[i].text.at : "");
}

static void write_junit(const struct dz_job *job, const struct dz_junit_case *cases, size_t n,
                        FILE *to)
{
    struct dz_err err = {0};
    if (job->junit && *job->junit && dz_junit_write(job->junit, cases, n, &err) < 0)
        fprintf(to, "dagz: %s\n", err.text);
}

static void write_counts(struct dz_job *job, FILE *to)
{
    dz_autobuf struct dz_buf block = {0};
    dz_block_write(job, &block);
    fprintf(to, "%u of %u tests were run, %u failed\n%.*s", job->suite.n_through, job->suite.n,
            job->suite.n_failed, (int)block.len, block.data);
}

void dz_plain_write(struct dz_job *job, FILE *to)
{
    dz_auto struct dz_junit_case *cases = dz_alloc(job->suite.n * sizeof *cases);
    size_t n = 0;
    for (uint32_t i = 0; cases && i < job->suite.n; i++)
        if (job->suite.tests[i].state == DZ_THROUGH)
            cases[n++] = told_of(&job->suite.tests[i]);
    list_failures(cases, n, to);
    write_junit(job, cases, n, to);
    write_counts(job, to);
}

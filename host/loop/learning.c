/* What the job knows of its tests goes to who learns from it: in the process that has made the last sheets (cuts.c), which
 * has the host's memory as it was when the run had ended. */
#include "job.h"

#include "../learn.h"

#include <errno.h>
#include <string.h>

static enum dz_outcome outcome_of(const struct dz_job *job, const struct dz_test *test)
{
    if (test->failed || dz_bits_has(&job->spoilt, test->serial))
        return DZ_OUTCOME_FAILED;
    return test->proves ? DZ_OUTCOME_PROVED : DZ_OUTCOME_OPEN;
}

static int add_those_that_ran(const struct dz_job *job, struct dz_run_tests *tests)
{
    for (uint32_t i = 0; i < job->suite.n; i++) {
        const struct dz_test *test = &job->suite.tests[i];
        if (test->state != DZ_THROUGH)
            continue;
        int r =
            dz_run_tests_have_run(tests, test->nodeid, outcome_of(job, test), test->duration_us);
        if (r < 0)
            return r;
    }
    return 0;
}

static int gather(const struct dz_job *job, struct dz_run_tests *tests)
{
    struct dz_msg msg;
    if (!dz_buf_ok(&job->told))
        return -ENOMEM;
    int r = dz_run_tests_are_proved(tests, dz_choice_of(job, &msg));
    if (r == 0)
        r = dz_run_tests_are_told(tests, job->told.data, job->told.len);
    return r < 0 ? r : add_those_that_ran(job, tests);
}

void dz_learning_do(const struct dz_job *job, struct dz_buf *text)
{
    struct dz_run_tests tests = {0};
    struct dz_learning learning = {.choice = dz_choice_asked(job),
                                   .folder = job->run.folder,
                                   .began_ns = job->began_ns,
                                   .tests = &tests};
    int r = gather(job, &tests);
    if (r == 0)
        dz_learn(&learning, text);
    else if (r == -ENOMEM)
        dz_buf_str(text,
                   "nothing is learned of this job: the host had no memory left for its tests");
    else
        dz_buf_str(text, "nothing is learned of this job: what pytest's process told of its tests "
                         "makes no sense");
    dz_run_tests_free(&tests);
}

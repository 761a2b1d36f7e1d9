/* What the job knows of its tests goes to who learns from it: in the process that has made the last sheets (cuts.c), which
 * has the host's memory as it was when the run had ended. */
#include "job.h"

#include "../base/file.h"
#include "../learn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
        /* One that an audit was to run again has come to something else. */
        int is_doubted = test->state != DZ_THROUGH && test->audit == DZ_AUDIT_DOUBTED;
        if (test->state != DZ_THROUGH && !is_doubted)
            continue;
        enum dz_outcome outcome = is_doubted ? DZ_OUTCOME_FAILED : outcome_of(job, test);
        int r = dz_run_tests_have_run(tests, test->nodeid, outcome, test->duration_us);
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

/* Nobody else writes there under that name. */
static void keep_findings(const struct dz_job *job, const struct dz_buf *found)
{
    dz_autobuf struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/audit", job->run.folder);
    dz_buf_put(&path, "", 1);
    int fd = dz_buf_ok(&path) && dz_buf_ok(found) && found->len
                 ? open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
                 : -1;
    if (fd < 0)
        return;
    int r = dz_file_write_all(fd, found->data, found->len);
    close(fd);
    if (r < 0)
        unlink(path.data);
}

void dz_learning_do(const struct dz_job *job, struct dz_buf *text)
{
    struct dz_run_tests tests = {0};
    dz_autobuf struct dz_buf held = {0}, missed = {0}, found = {0};
    struct dz_learning learning = {.choice = dz_choice_asked(job),
                                   .folder = job->run.folder,
                                   .began_ns = job->began_ns,
                                   .tests = &tests,
                                   .found = &found,
                                   .name = job->command.name};
    const struct dz_buf *resolved = &job->command.resolved, *command = &job->command.frame;
    learning.resolved = dz_bytes(resolved->data, dz_buf_ok(resolved) ? resolved->len : 0);
    learning.command = dz_bytes(command->data, dz_buf_ok(command) ? command->len : 0);
    int r = gather(job, &tests);
    if (r == 0 && (dz_audit_list(job, DZ_AUDIT_HELD, &held) < 0 ||
                   dz_audit_list(job, DZ_AUDIT_MISSED, &missed) < 0))
        r = -ENOMEM;
    learning.held = dz_bytes(held.data, held.len);
    learning.missed = dz_bytes(missed.data, missed.len);
    if (r == 0)
        dz_learn(&learning, text), keep_findings(job, &found);
    else if (r == -ENOMEM)
        dz_buf_str(text,
                   "nothing is learned of this job: the host had no memory left for its tests");
    else
        dz_buf_str(text, "nothing is learned of this job: what pytest's process told of its tests "
                         "makes no sense");
    dz_run_tests_free(&tests);
}

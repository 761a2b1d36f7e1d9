/* --dagz-audit: a share of what is proved runs all the same. One that does not come to what is proved runs once more, in
 * another process where it can: then it is flaky, or it was missed, which fails the job.
 *
 * What a missed one's proof was, and which tests had other dependencies this time, is known to who learns, and put into
 * the job's folder by it; the end of such a job waits for that. */
#include "job.h"

#include "../base/file.h"
#include "../base/mem.h"
#include "../record/run_tests.h"

#include <string.h>

enum { MOST_FLAKY = 5, MOST_MISSED = 50 };

/* ---- which ---- */

static int list(struct dz_strings *ret, struct dz_bytes names)
{
    for (uint32_t at = 0; at < names.size;) {
        size_t size = strnlen(names.at + at, names.size - at);
        if (!dz_strings_add(ret, names.at + at, size))
            return -1;
        at += (uint32_t)size + 1;
    }
    return 0;
}

/* Of those that were chosen, which are proved with the parameters that they have now. */
static int find_proved(const struct dz_job *job, const struct dz_msg_chosen *chosen,
                       struct dz_strings *names, struct dz_run_tests *found)
{
    return list(names, chosen->audited) < 0 || dz_run_tests_are_proved(found, chosen) < 0 ||
                   !dz_buf_ok(&job->told) ||
                   dz_run_tests_are_told(found, job->told.data, job->told.len) < 0
               ? -1
               : 0;
}

static int is_audited(const struct dz_strings *names, const struct dz_run_tests *found,
                      const char *nodeid)
{
    const struct dz_run_test *test = dz_run_tests_find(found, nodeid);
    return dz_strings_find(names, nodeid, strlen(nodeid)) && test &&
           test->outcome == DZ_OUTCOME_PROVED;
}

/* Without memory for it none is: they are run and judged as any other. */
void dz_audit_begin(struct dz_job *job)
{
    struct dz_msg msg;
    struct dz_strings names = {0};
    struct dz_run_tests found = {0};
    const struct dz_msg_chosen *chosen = dz_choice_of(job, &msg);
    if (job->asked.audit > 0 && chosen->known)
        job->audit.is_on = find_proved(job, chosen, &names, &found) == 0;
    job->audit.seed = chosen->seed;
    for (uint32_t i = 0; job->audit.is_on && i < job->suite.n; i++) {
        struct dz_test *test = &job->suite.tests[i];
        if (!is_audited(&names, &found, test->nodeid))
            continue;
        test->audit = DZ_AUDIT_DUE;
        job->audit.n++;
    }
    dz_strings_free(&names);
    dz_run_tests_free(&found);
}

/* ---- what comes of it ---- */

int dz_audit_is_to_run_again(struct dz_job *job, struct dz_test *test)
{
    if (test->audit != DZ_AUDIT_DUE || job->suite.closed)
        return 0;
    test->audit = DZ_AUDIT_DOUBTED;
    test->state = DZ_DUE;
    test->failed = test->proves = 0;
    dz_buf_free(&test->frames);
    return 1;
}

void dz_audit_settle(struct dz_job *job, struct dz_test *test)
{
    int is_same = !test->failed && test->proves;
    if (test->audit == DZ_AUDIT_NOT)
        return;
    job->audit.n_ran++;
    if (!is_same) {
        test->audit = DZ_AUDIT_MISSED;
        job->audit.n_missed++;
        if (job->reason == DZ_END_DONE)
            job->exit_code = 1;
    } else if (test->audit == DZ_AUDIT_DOUBTED) {
        test->audit = DZ_AUDIT_FLAKY;
        /* It comes to this and that: nothing proves it. */
        test->proves = 0;
        job->audit.n_flaky++;
    } else
        test->audit = DZ_AUDIT_HELD;
}

/* ---- telling it ---- */

static void name_those(const struct dz_job *job, struct dz_buf *text, enum dz_audit state,
                       unsigned most, const char *what)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < job->suite.n && n < most; i++) {
        const struct dz_test *test = &job->suite.tests[i];
        if (test->audit != state)
            continue;
        dz_buf_fmt(text, "  %s %s\n", what, test->nodeid);
        n++;
    }
}

/* What who learns has found. */
static void add_findings(const struct dz_job *job, struct dz_buf *text)
{
    dz_autobuf struct dz_buf path = {0}, found = {0};
    dz_buf_fmt(&path, "%s/audit", job->run.folder);
    dz_buf_put(&path, "", 1);
    if (dz_buf_ok(&path) && dz_file_read(path.data, &found) == 0)
        dz_buf_put(text, found.data, found.len);
}

void dz_audit_write(const struct dz_job *job, struct dz_buf *text)
{
    uint32_t n = job->audit.n_ran, missed = job->audit.n_missed;
    if (!job->audit.is_on)
        return;
    dz_buf_fmt(text, "  audit: %u of the proved ran (%g %% asked, seed %08x), %u missed (%.2f %%)",
               n, job->asked.audit, job->audit.seed, missed, n ? 100.0 * missed / n : 0.0);
    if (job->audit.n_flaky)
        dz_buf_fmt(text, ", %u flaky", job->audit.n_flaky);
    dz_buf_str(text, "\n");
    name_those(job, text, DZ_AUDIT_FLAKY, MOST_FLAKY,
               "flaky, as it came to something else and then did not:");
    name_those(job, text, DZ_AUDIT_MISSED, MOST_MISSED,
               "MISSED, as it was proved unaffected and was not:");
    if (job->run.folder)
        add_findings(job, text);
}

/* ---- for who learns ---- */

int dz_audit_list(const struct dz_job *job, enum dz_audit state, struct dz_buf *ret)
{
    for (uint32_t i = 0; i < job->suite.n; i++)
        if (job->suite.tests[i].audit == state)
            dz_buf_put(ret, job->suite.tests[i].nodeid, strlen(job->suite.tests[i].nodeid) + 1);
    return dz_buf_ok(ret) ? 0 : -1;
}

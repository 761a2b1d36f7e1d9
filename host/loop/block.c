/* What DAGZ says of a job: the block before pytest's last line, and the lines while it runs. */
#include "job.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static double seconds(uint64_t us)
{
    return (double)us / 1e6;
}

static void say_count(struct dz_buf *text, uint32_t n, const char *word)
{
    if (n)
        dz_buf_fmt(text, ", %u %s", n, word);
}

static uint32_t workers_that_ran(const struct dz_job *job)
{
    return job->n_serials < job->n_slots ? job->n_serials : job->n_slots;
}

static void say_cost(struct dz_job *job, struct dz_buf *text)
{
    uint64_t ended = job->run_ended_us ? job->run_ended_us : dz_now_us();
    uint64_t cpu = job->cpu_us ? job->cpu_us : dz_census_cpu_us(getpid()) - job->inherited_us;
    uint64_t wall = ended - job->began_us, run = ended - job->run_began_us;
    uint32_t n = workers_that_ran(job);
    dz_buf_fmt(text, "%s: %u worker%s, %.2f s wall, %.2f s CPU", job->run.id, n, n == 1 ? "" : "s",
               seconds(wall), seconds(cpu));
    if (job->count.tests_us > run)
        dz_buf_fmt(text, ", %.2f s saved against serial", seconds(job->count.tests_us - run));
    if (job->census.peak_pss)
        dz_buf_fmt(text, ", peak memory %.0f MB", (double)job->census.peak_pss / 1e6);
    dz_buf_str(text, "\n");
}

static uint32_t count_proved(const struct dz_msg_chosen *chosen)
{
    uint32_t n = 0, one;
    for (uint32_t i = 0; i < chosen->tests.size; i++)
        n += !chosen->tests.at[i];
    for (uint32_t i = 0; i < chosen->audited.size; i++)
        n += !chosen->audited.at[i];
    for (uint32_t i = 0; i + sizeof one <= chosen->counts.size; i += sizeof one) {
        memcpy(&one, chosen->counts.at + i, sizeof one);
        n += one;
    }
    return n;
}

/* The three most frequent reasons. */
static void say_doubts(const struct dz_msg_chosen *chosen, struct dz_buf *text)
{
    enum { MOST_REASONS = 3, MOST_SAID = 120 };
    const char *at = chosen->unprovable.at, *end = at + chosen->unprovable.size;
    for (unsigned n = 0; at && at < end && n < MOST_REASONS; n++) {
        dz_buf_fmt(text, n ? ", %.*s" : "  unprovable: %.*s", MOST_SAID, at);
        at += strlen(at) + 1;
    }
    if (chosen->unprovable.size)
        dz_buf_str(text, at < end ? ", and for other reasons\n" : "\n");
}

/* Where a filter has chosen among them it is not known of how many. */
static void say_saving(const struct dz_job *job, const struct dz_msg_chosen *chosen,
                       struct dz_buf *text)
{
    if (job->n_left_out && job->n_left_out + job->audit.n == count_proved(chosen))
        dz_buf_fmt(text, "  saved: %.2f s that the tests left out took\n",
                   seconds(chosen->saved_us));
}

/* The line that CI greps for: how many of how many. */
static void say_selection(const struct dz_job *job, struct dz_buf *text)
{
    struct dz_msg msg;
    const struct dz_msg_chosen *chosen = dz_choice_of(job, &msg);
    if (chosen->known && job->asked.all)
        dz_buf_fmt(text, "all of %u run as asked, %u proved unaffected (%.*s)\n", job->suite.n,
                   count_proved(chosen), (int)chosen->baselines.size, chosen->baselines.at);
    else if (chosen->known)
        dz_buf_fmt(text, "%u selected, %u proved unaffected (%.*s)\n", job->suite.n - job->audit.n,
                   job->n_left_out + job->audit.n, (int)chosen->baselines.size,
                   chosen->baselines.at);
    if (chosen->known && !job->asked.all)
        say_doubts(chosen, text), say_saving(job, chosen, text);
    if (chosen->text.size)
        dz_buf_fmt(text, "  %.*s\n", (int)chosen->text.size, chosen->text.at);
}

static void say_losses(const struct dz_job *job, struct dz_buf *text)
{
    dz_autobuf struct dz_buf losses = {0};
    say_count(&losses, job->count.crashed, "crashed");
    say_count(&losses, job->count.timed_out, "timed out");
    say_count(&losses, job->count.leaky, "leaky");
    say_count(&losses, job->count.recycled,
              job->count.recycled == 1 ? "worker recycled" : "workers recycled");
    say_count(&losses, job->count.died_leaving,
              job->count.died_leaving == 1 ? "worker died while leaving"
                                           : "workers died while leaving");
    if (losses.len > 2)
        dz_buf_fmt(text, "%.*s\n", (int)losses.len - 2, losses.data + 2);
    if (job->count.late.len)
        dz_buf_put(text, job->count.late.data, job->count.late.len);
    if (job->count.leaks.len)
        dz_buf_put(text, job->count.leaks.data, job->count.leaks.len);
}

void dz_block_write(struct dz_job *job, struct dz_buf *text)
{
    say_cost(job, text);
    say_selection(job, text);
    dz_audit_write(job, text);
    say_losses(job, text);
    dz_remarks_write(&job->remarks, text);
    if (dz_run_is_gone(&job->run))
        dz_buf_fmt(
            text,
            "  observed: '%s' was removed while the job ran: nothing is kept of what it saw\n",
            job->run.folder);
    uint32_t left = job->suite.n - job->suite.n_through;
    if (left)
        dz_buf_fmt(text, "%u of %u tests were not run\n", left, job->suite.n);
}

void dz_block_running(struct dz_job *job, struct dz_buf *text, const char *between)
{
    uint64_t now = dz_now_us();
    int first = 1;
    for (uint32_t i = 0; i < job->n_slots && job->workers; i++) {
        const struct dz_worker *worker = &job->workers[i];
        if (worker->running == DZ_PLAN_NONE)
            continue;
        const struct dz_test *test = &job->suite.tests[worker->running];
        dz_buf_fmt(text, "%sgw%u %s (%.1f s)", first ? "" : between, worker->slot, test->nodeid,
                   seconds(now - test->started_us));
        first = 0;
    }
}

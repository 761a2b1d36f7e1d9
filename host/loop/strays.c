/* What outlives the tests that started it: daemons, children of theirs, whatever took itself out of sight by
 * setsid. All of it is below the host, which is a subreaper; it is named at the end of the run, and ended with
 * the job: asked to go, then made to. */
#include "job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GRACE_US = 500000, /* from SIGTERM to SIGKILL */
    MOST_NAMED = 5,
};

struct finding {
    struct dz_job *job;
    unsigned n;
    pid_t ours[256]; /* the front's own children, and who makes sheets, are not a test's */
    unsigned n_ours;
};

/* A program started by a test has what pytest says of the running one in its environment: `NODEID (call)`. */
static struct dz_test *started_by(struct dz_job *job, pid_t pid)
{
    static const char key[] = "PYTEST_CURRENT_TEST=";
    char path[64], text[65536];
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    for (const char *at = text; at < text + n; at += strlen(at) + 1) {
        if (strncmp(at, key, sizeof key - 1) != 0)
            continue;
        const char *nodeid = at + sizeof key - 1, *end = strrchr(nodeid, '(');
        size_t size = end && end > nodeid ? (size_t)(end - 1 - nodeid) : strlen(nodeid);
        for (uint32_t i = 0; i < job->suite.n; i++)
            if (strlen(job->suite.tests[i].nodeid) == size &&
                memcmp(job->suite.tests[i].nodeid, nodeid, size) == 0)
                return &job->suite.tests[i];
    }
    return NULL;
}

static int is_ours(const struct finding *found, pid_t pid)
{
    for (unsigned i = 0; i < found->n_ours; i++)
        if (found->ours[i] == pid)
            return 1;
    return 0;
}

static void note_ours(pid_t pid, void *data)
{
    struct finding *found = data;
    if (found->n_ours < sizeof found->ours / sizeof *found->ours)
        found->ours[found->n_ours++] = pid;
}

static void drop_ours(pid_t pid, void *data)
{
    struct finding *found = data;
    for (unsigned i = 0; i < found->n_ours; i++)
        if (found->ours[i] == pid)
            found->ours[i] = found->ours[--found->n_ours];
}

static void name(pid_t pid, void *data)
{
    struct finding *found = data;
    struct dz_job *job = found->job;
    if (pid == job->front_pid || pid == job->zygote_pid || is_ours(found, pid))
        return;
    struct dz_test *test = started_by(job, pid);
    if (test && !test->leaky) {
        test->leaky = 1;
        job->count.leaky++;
    }
    if (++found->n > MOST_NAMED)
        return;
    char command[100] = "";
    dz_census_name(pid, command, sizeof command);
    dz_buf_fmt(&job->count.leaks, "  still running, and ended: process %d (%s)", pid, command);
    if (test)
        dz_buf_fmt(&job->count.leaks, ", started by %s", test->nodeid);
    dz_buf_str(&job->count.leaks, "\n");
}

void dz_strays_name(struct dz_job *job)
{
    struct finding found = {.job = job};
    if (!job->settings_known)
        return;
    dz_census_descendants(job->front_pid, note_ours, &found);
    if (!dz_cuts_are_over(job)) {
        note_ours(job->cuts.pid, &found);
        dz_census_descendants(job->cuts.pid, note_ours, &found);
    }
    if (dz_peer_is_open(&job->zygote))
        dz_census_descendants(job->zygote_pid, drop_ours, &found);
    dz_census_descendants(getpid(), name, &found);
    if (found.n > MOST_NAMED)
        dz_buf_fmt(&job->count.leaks, "  and %u more\n", found.n - MOST_NAMED);
}

static void send_signal(pid_t pid, void *data)
{
    kill(pid, *(int *)data);
}

void dz_strays_end(void)
{
    uint64_t deadline = dz_now_us() + GRACE_US;
    int signal = SIGTERM;
    while (dz_census_descendants(getpid(), send_signal, &signal)) {
        usleep(5000);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        signal = dz_now_us() > deadline ? SIGKILL : 0;
        if (dz_now_us() > deadline + 3 * GRACE_US)
            break;
    }
}

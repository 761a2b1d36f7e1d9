#include "learn.h"

#include "base/mem.h"
#include "audit.h"
#include "invocation.h"
#include "job_graph.h"

#include <errno.h>

struct learning {
    const struct dz_learning *of;
    struct dz_build_test *tests;
    struct dz_build_file *files;
    uint32_t load;
};

static int list(struct learning *learning)
{
    const struct dz_run_tests *all = learning->of->tests;
    learning->tests = dz_alloc((all->n + 1) * sizeof *learning->tests);
    learning->files = dz_alloc((all->n_files + 1) * sizeof *learning->files);
    if (!learning->tests || !learning->files)
        return -ENOMEM;
    for (uint32_t i = 0; i < all->n; i++) {
        const struct dz_run_test *test = &all->tests[i];
        learning->tests[i] = (struct dz_build_test){
            .nodeid = dz_strings_text(&all->strings, test->nodeid),
            .outcome = test->outcome,
            .duration_us =
                test->duration_us < UINT32_MAX ? (uint32_t)test->duration_us : UINT32_MAX,
            .has_run = test->has_run,
            .parameters = test->parameters,
            .values = test->values ? dz_strings_text(&all->strings, test->values) : NULL};
    }
    for (uint32_t i = 0; i < all->n_files; i++)
        learning->files[i] =
            (struct dz_build_file){.path = dz_strings_text(&all->strings, all->files[i].path),
                                   .is_whole = all->files[i].complete};
    return 0;
}

static int make_newer(struct learning *learning, struct dz_graph *ret, struct dz_err *err)
{
    const struct dz_learning *of = learning->of;
    if (list(learning) < 0)
        return dz_fail(err, -ENOMEM, "cannot list the job's tests");
    struct dz_job_graph graph = {.python = of->choice.python,
                                 .rootdir = of->choice.rootdir,
                                 .state = of->choice.state,
                                 .folder = of->folder,
                                 .began_ns = of->began_ns,
                                 .tests = learning->tests,
                                 .n_tests = of->tests->n,
                                 .files = learning->files,
                                 .n_files = of->tests->n_files,
                                 .key = &of->choice.key,
                                 .waivers = of->choice.waivers,
                                 .load = &learning->load};
    return dz_job_graph_make(ret, &graph, err);
}

/* Against what has proved them: the baselines there were when the job began, or what another one has put there since. */
static void tell_audited(const struct learning *learning, const struct dz_baselines *older,
                         const struct dz_graph *newer)
{
    const struct dz_learning *of = learning->of;
    struct dz_audit_record audit = {.older = older,
                                    .key = &of->choice.key,
                                    .newer = newer,
                                    .waivers = of->choice.waivers,
                                    .held = of->held,
                                    .missed = of->missed};
    dz_audit_tell(&audit, of->found);
}

/* Where it cannot be kept, pytest is asked again. */
static void keep_command(const struct learning *learning, const struct dz_graph *newer)
{
    const struct dz_learning *of = learning->of;
    struct dz_invoking invoking = {.python = of->choice.python,
                                   .rootdir = of->choice.rootdir,
                                   .state = of->choice.state,
                                   .name = of->name,
                                   .began_ns = of->began_ns,
                                   .resolved = of->resolved,
                                   .command = of->command,
                                   .graph = newer,
                                   .load = learning->load};
    if (of->name)
        dz_invocation_write(&invoking);
}

static int learn(struct learning *learning, struct dz_err *err)
{
    const struct dz_choice *choice = &learning->of->choice;
    struct dz_baselines_wish wish = dz_choice_wish(choice);
    struct dz_baselines baselines;
    struct dz_graph newer = {0};
    int r = dz_baselines_choose(&baselines, &wish, err);
    /* That a base is not there is said where it was to prove something. */
    if (r == 0 || r == -ENOENT)
        r = make_newer(learning, &newer, err);
    if (r == 0 && (learning->of->held.size || learning->of->missed.size))
        tell_audited(learning, &baselines, &newer);
    if (r == 0)
        r = dz_baselines_keep(&baselines, choice->rootdir, &choice->key, &newer, err);
    if (r == 0)
        keep_command(learning, &newer);
    dz_graph_free(&newer);
    dz_baselines_free(&baselines);
    return r;
}

void dz_learn(const struct dz_learning *of, struct dz_buf *text)
{
    struct learning learning = {.of = of};
    struct dz_err err = {0};
    if (learn(&learning, &err) < 0)
        dz_buf_fmt(text, "%snothing is learned of this job: %s", text->len ? "\ndagz: " : "",
                   err.text);
    dz_free(learning.tests);
    dz_free(learning.files);
}

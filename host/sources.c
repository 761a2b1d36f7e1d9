#include "sources.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "cut.h"
#include "record/logs.h"
#include "record/sheets.h"

struct sources {
    const struct dz_python *python;
    const char *state;
    struct dz_observations all;
    struct dz_cut_file *files;
    uint32_t *names; /* of files: strings of the observations */
    uint32_t n;
    struct dz_bits
        written; /* strings: paths that tests have written to: what they do with them is no news */
    unsigned n_lost;
    struct dz_buf *text;
};

/* ---- which ---- */

static int is_told(const struct sources *sources, const struct dz_observed_source *source)
{
    for (uint32_t i = 0; i < sources->n; i++)
        if (sources->names[i] == source->file &&
            memcmp(sources->files[i].hash, source->hash, sizeof source->hash) == 0)
            return 1;
    return 0;
}

/* Each process that meets a source tells it: mostly the front, before all others. */
static int choose(struct sources *sources)
{
    const struct dz_observations *all = &sources->all;
    sources->files = dz_alloc((all->n_sources + 1) * sizeof *sources->files);
    sources->names = dz_alloc((all->n_sources + 1) * sizeof *sources->names);
    if (!sources->files || !sources->names)
        return -ENOMEM;
    for (uint32_t i = 0; i < all->n_sources; i++) {
        const struct dz_observed_source *source = &all->sources[i];
        const char *path = all->strings[source->file - 1];
        if (!source->known || !dz_sheets_are_of(path) || is_told(sources, source))
            continue;
        sources->names[sources->n] = source->file;
        sources->files[sources->n].path = path;
        memcpy(sources->files[sources->n++].hash, source->hash, sizeof source->hash);
    }
    return 0;
}

/* ---- what is not to be known ---- */

static int note_written(struct sources *sources)
{
    for (uint32_t i = 0; i < sources->all.n_spans; i++) {
        const struct dz_observed_span *span = &sources->all.spans[i];
        for (uint32_t k = 0; k < span->n_facts; k++)
            if (span->facts[k].fact == DZ_FACT_WRITTEN &&
                dz_bits_set(&sources->written, span->facts[k].string) < 0)
                return -ENOMEM;
    }
    return 0;
}

static int is_below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return size && strncmp(path, folder, size) == 0 && path[size] == '/';
}

/* Elsewhere lies what tests write, import and throw away, by whatever hand. */
static int is_in_tree(const struct sources *sources, uint32_t i)
{
    const char *rootdir = sources->all.logs[0].rootdir;
    return is_below(sources->files[i].path, rootdir ? rootdir : "");
}

/* Of several the first: whoever has that many changes them all the time. */
static void lose(struct sources *sources, const struct dz_cut_file *file, const char *text)
{
    if (sources->n_lost++ == 0)
        dz_buf_fmt(sources->text, "what ran of '%s' is not known: %s", file->path, text);
}

static void judge(struct sources *sources, uint32_t i)
{
    const struct dz_cut_file *file = &sources->files[i];
    struct dz_err err;
    if (dz_bits_has(&sources->written, sources->names[i]))
        return;
    switch (file->outcome) {
    case DZ_CUT_IS_CHANGED:
    case DZ_CUT_IS_GONE:
        if (is_in_tree(sources, i))
            lose(sources, file, "it was changed while the job ran");
        return;
    case DZ_CUT_IS_FAILED:
        lose(sources, file, file->text ? file->text : "no memory");
        return;
    case DZ_CUT_IS_THERE:
        break;
    }
    struct dz_sheet *sheet =
        dz_sheets_read(sources->state, sources->python->version, file->hash, &err);
    const char *problem = sheet ? dz_sheet_problem(sheet) : err.text;
    if (problem)
        lose(sources, file, problem);
    dz_sheet_free(sheet);
}

static void judge_all(struct sources *sources)
{
    for (uint32_t i = 0; i < sources->n; i++)
        judge(sources, i);
    if (sources->n_lost > 1)
        dz_buf_fmt(sources->text, " (and %u more)", sources->n_lost - 1);
}

/* ---- all ---- */

static int cut(struct sources *sources, const char *folder, struct dz_err *err)
{
    int r = dz_logs_read_sources(&sources->all, folder, err);
    /* Nobody has observed anything. */
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    if (choose(sources) < 0 || note_written(sources) < 0)
        return dz_fail(err, -ENOMEM, "cannot list the sources");
    if ((r = dz_cut(sources->python, sources->state, sources->files, sources->n, err)) < 0)
        return r;
    judge_all(sources);
    return 0;
}

void dz_sources_cut(const struct dz_python *python, const char *state, const char *folder,
                    struct dz_buf *text)
{
    struct sources sources = {.python = python, .state = state, .text = text};
    struct dz_err err = {0};
    if (cut(&sources, folder, &err) < 0)
        dz_buf_fmt(text, "what ran is not known: %s", err.text);
    if (sources.files)
        dz_cut_free(sources.files, sources.n);
    dz_free(sources.files);
    dz_free(sources.names);
    dz_bits_free(&sources.written);
    dz_observations_free(&sources.all);
}

#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/mem.h"
#include "../path.h"

char *dz_state_find(struct dz_err *err)
{
    const char *given = getenv("DAGZ_DIR");
    if (given && *given)
        return dz_path_absolute(given);
    char *folder = dz_path_real(".");
    while (folder) {
        char *state = dz_path_fmt("%s/.dagz", folder);
        if (state && dz_path_exists(state)) {
            dz_free(folder);
            return state;
        }
        dz_free(state);
        char *above = folder[1] ? dz_path_folder(folder) : NULL;
        dz_free(folder);
        folder = above;
    }
    dz_fail(err, -ENOENT,
            "no .dagz here or in a folder above: run a job first, dagz-python -m pytest --dagz");
    return NULL;
}

char *dz_state_rootdir(const char *state)
{
    return strcmp(dz_path_name(state), ".dagz") == 0 ? dz_path_folder(state) : dz_path_real(".");
}

static int is_log(const char *name)
{
    return strcmp(name, "front") == 0 || strncmp(name, "worker-", 7) == 0;
}

static int is_suite(const char *name)
{
    return strcmp(name, "suite") == 0;
}

static int has(const char *runs, long job, int (*is)(const char *name))
{
    dz_auto char *path = dz_path_fmt("%s/j%ld", runs, job);
    DIR *folder = path ? opendir(path) : NULL;
    int found = 0;
    for (struct dirent *file; folder && !found && (file = readdir(folder));)
        found = is(file->d_name);
    if (folder)
        closedir(folder);
    return found;
}

static char *find_last(const char *state, int (*is)(const char *name), const char *what,
                       struct dz_err *err)
{
    dz_auto char *runs = dz_path_fmt("%s/run", state);
    DIR *folder = runs ? opendir(runs) : NULL;
    long last = 0;
    for (struct dirent *found; folder && (found = readdir(folder));) {
        char *end;
        long job = found->d_name[0] == 'j' ? strtol(found->d_name + 1, &end, 10) : 0;
        if (job > last && !*end && has(runs, job, is))
            last = job;
    }
    if (folder)
        closedir(folder);
    if (last)
        return dz_path_fmt("%s/j%ld", runs, last);
    dz_fail(err, -ENOENT, "no job has left what it %s in '%s'", what, state);
    return NULL;
}

char *dz_state_last_job(const char *state, struct dz_err *err)
{
    return find_last(state, is_log, "observed", err);
}

char *dz_state_last_suite(const char *state, struct dz_err *err)
{
    return find_last(state, is_suite, "collected", err);
}

/* `dagz gc [--all]`: what no job has used for long is removed. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/mem.h"
#include "../baselines.h"
#include "../invocation.h"
#include "state.h"

struct freed {
    struct dz_baselines_freed of;
    unsigned commands;
    uint64_t bytes; /* of these */
};

static const char *s(unsigned n)
{
    return n == 1 ? "" : "s";
}

static int say(const struct freed *freed)
{
    const struct dz_baselines_freed *of = &freed->of;
    printf("dagz: %u baseline%s, %u sheet%s and what was known of %u command%s removed, "
           "%.1f MB freed\n",
           of->baselines, s(of->baselines), of->sheets, s(of->sheets), freed->commands,
           s(freed->commands), (double)(of->bytes + freed->bytes) / 1e6);
    return DZ_EXIT_FOUND;
}

static int clean(const char *state, int all, struct freed *ret, struct dz_err *err)
{
    int64_t now_s = time(NULL);
    int r = dz_baselines_clean(state, all, now_s, &ret->of, err);
    return r < 0 ? r : dz_invocation_clean(state, all, now_s, &ret->commands, &ret->bytes, err);
}

int dz_command_gc(int argc, char **argv)
{
    struct freed freed;
    struct dz_err err = {0};
    int all = argc == 2 && strcmp(argv[1], "--all") == 0;
    if (argc > 1 + all) {
        fputs("usage: dagz gc [--all]\n", stderr);
        return DZ_EXIT_USAGE;
    }
    dz_auto char *state = dz_state_find(&err);
    if (state && clean(state, all, &freed, &err) == 0)
        return say(&freed);
    fprintf(stderr, "dagz: %s\n", err.text[0] ? err.text : "no memory");
    return DZ_EXIT_UNKNOWN;
}

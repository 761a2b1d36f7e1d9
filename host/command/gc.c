/* `dagz gc [--all]`: what no job has used for long is removed. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/mem.h"
#include "../baselines.h"
#include "state.h"

static int say(const struct dz_baselines_freed *freed)
{
    printf("dagz: %u baseline%s and %u sheet%s removed, %.1f MB freed\n", freed->baselines,
           freed->baselines == 1 ? "" : "s", freed->sheets, freed->sheets == 1 ? "" : "s",
           (double)freed->bytes / 1e6);
    return DZ_EXIT_FOUND;
}

int dz_command_gc(int argc, char **argv)
{
    struct dz_baselines_freed freed;
    struct dz_err err = {0};
    int all = argc == 2 && strcmp(argv[1], "--all") == 0;
    if (argc > 1 + all) {
        fputs("usage: dagz gc [--all]\n", stderr);
        return DZ_EXIT_USAGE;
    }
    dz_auto char *state = dz_state_find(&err);
    if (state && dz_baselines_clean(state, all, time(NULL), &freed, &err) == 0)
        return say(&freed);
    fprintf(stderr, "dagz: %s\n", err.text[0] ? err.text : "no memory");
    return DZ_EXIT_UNKNOWN;
}

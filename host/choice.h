/* What a job need not run: asked of the baselines there are, and of the tree as it is. */
#pragma once

#include "baselines.h"
#include "now.h"
#include "python.h"
#include "record/graph.h"

/* All lent. */
struct dz_choice {
    const struct dz_python *python;
    const char *rootdir, *state;
    const char *base, *profile; /* as asked for, or "" */
    struct dz_fingerprint key;
    double audit; /* percent of what is proved, to be run all the same */
    struct dz_waivers waivers;
    struct dz_now *now; /* where the tree was looked at already, or NULL */
};

struct dz_baselines_wish dz_choice_wish(const struct dz_choice *choice);
/* Whether it is worth a process: there is a baseline, of whatever. */
int dz_choice_is_due(const char *state);
/* Puts the message `chosen`, whatever happens: where nothing can be told, everything runs, and its text says why. */
void dz_choice_make(const struct dz_choice *choice, struct dz_buf *frame);
/* The same for who knows already that nothing can be told. */
void dz_choice_give_up(struct dz_buf *frame, const char *why);

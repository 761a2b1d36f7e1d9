/* The job's folder, .dagz/run/JOB/, and what is kept beside it. A tree that cannot be written is no reason not
 * to run: then nothing is kept, and one line says so. */
#pragma once

#include "../base/err.h"
#include "../base/wire.h"

struct dz_run {
    char *state;  /* .dagz, absolute, or NULL when there is none to write to */
    char *folder; /* .dagz/run/jN */
    char *durations;
    char id[24];       /* jN */
    int lock, results; /* descriptors, -1 */
    int lost;          /* results could not be written */
};

/* Makes .dagz (or DIR, if not empty) under rootdir and a folder for this job in it; takes away those of earlier
 * jobs that run no more. Negative with a sentence; the run is usable all the same, id included. */
int dz_run_open(struct dz_run *run, struct dz_bytes rootdir, struct dz_bytes dir,
                struct dz_err *err);
/* Where the job's processes write what they observe; empty when there is no place for it. */
struct dz_bytes dz_run_folder(const struct dz_run *run);
/* Appends a frame to the results. Negative, once, with a sentence when they cannot be kept. */
int dz_run_keep(struct dz_run *run, const struct dz_msg *msg, struct dz_err *err);
/* Frames of what there is to run. Negative with a sentence. */
int dz_run_keep_suite(struct dz_run *run, const struct dz_buf *frames, struct dz_err *err);
/* Whether somebody has taken the job's folder away. */
int dz_run_is_gone(const struct dz_run *run);
void dz_run_close(struct dz_run *run);

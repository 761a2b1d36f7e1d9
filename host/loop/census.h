/* Who belongs to the job and what it costs, read from /proc. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dz_census {
    uint64_t peak_pss;             /* bytes */
    uint64_t next_us, interval_us; /* the next look; longer the dearer a look is */
};

/* Calls see for each living process below root, root not included; children come after their parents.
 * Returns how many there were. */
size_t dz_census_descendants(pid_t root, void (*see)(pid_t pid, void *data), void *data);

/* Sum of PSS of root and all below it, bytes. */
uint64_t dz_census_pss(pid_t root);

/* User and system time of root and all below, and of all that they have waited for, microseconds. */
uint64_t dz_census_cpu_us(pid_t root);

/* A look, if it is time for one. */
void dz_census_look(struct dz_census *census, pid_t root, uint64_t now_us);

/* The command of a process as its command line says, cut to size. */
void dz_census_name(pid_t pid, char *name, size_t size);

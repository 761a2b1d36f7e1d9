/* The elements that a job's codes belong to: what was observed, joined to the sheets of the bytes that were loaded.
 *
 * A sheet is read when it is first asked for, once. Where there is none, or not the right one, an element is unknown, and
 * the reason is said: never is it guessed from other bytes. */
#pragma once

#include "observations.h"
#include "sheet.h"

struct dz_elements;

enum dz_unknown {
    DZ_KNOWN,
    DZ_UNKNOWN_FOREIGN, /* a package's file, or made at run time: of no sheet */
    DZ_UNKNOWN_WHOLE,   /* no python, as a template: it counts as a whole, as a path does */
    DZ_UNKNOWN_UNREAD,  /* the source could not be read when its code was met */
    DZ_UNKNOWN_CHANGED, /* the job's processes have met it with different contents */
    DZ_UNKNOWN_UNCUT,   /* there is no sheet of that content */
    DZ_UNKNOWN_REFUSED, /* python refuses the source: it was compiled by something else */
    DZ_UNKNOWN_ABSENT,  /* the sheet has no such code: it was compiled from something else */
    DZ_UNKNOWNS
};

struct dz_joined {
    const struct dz_sheet *sheet; /* NULL: none; lent until the end */
    uint32_t element;             /* DZ_NONE: none */
    enum dz_unknown why;
};

/* Both are lent to it until its end. NULL when there is no memory. */
struct dz_elements *dz_elements_new(const struct dz_observations *all, const char *state);
void dz_elements_free(struct dz_elements *elements);

/* The element of this code, by its number in the observations. Without memory it is as if there were no sheet. */
struct dz_joined dz_elements_of(struct dz_elements *elements, uint32_t code);
/* The sheet of this file, a string of the observations; no element. */
struct dz_joined dz_elements_sheet(struct dz_elements *elements, uint32_t file);
/* A sentence about a source. */
const char *dz_unknown_text(enum dz_unknown why);

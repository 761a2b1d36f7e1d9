/* What stands behind names, so that it can be told later which of it has changed.
 *
 * An element is a name, or a name and an attribute of the class or instance behind it. A class's or an instance's
 * attributes are elements of their own; all else that lies behind a name, two steps deep, belongs to the name's element:
 * the items of containers, and what these hold. Of what it saw, nothing is kept alive but the names. */
#pragma once

#include "trail.h"

struct dz_snapshot {
    struct dz_snapshot_name *names; /* in the dict's order */
    PyObject **modules; /* borrowed, never to be looked into: those that names stand for */
    uint32_t n_names, n_modules, names_cap, modules_cap;
    struct dz_trail trail; /* of all names */
    uint64_t print;        /* of the dict */
};

/* attribute: NULL where it is the name's element. is_number: before and now. */
typedef void dz_changed(void *arg, PyObject *name, PyObject *attribute, int is_number);

/* Takes what is behind the names in a dict as it is now, and tells what was otherwise before; how many that are. An empty
 * snapshot becomes the first one, and tells all. changed: may be NULL. */
int dz_snapshot_renew(struct dz_snapshot *snapshot, PyObject *names, dz_changed *changed,
                      void *arg);
/* The names behind which heirs lie (dz_holders_find_heirs). */
void dz_snapshot_each_heir(const struct dz_snapshot *snapshot,
                           void (*each)(void *arg, PyObject *name), void *arg);
/* The same for one value. */
int dz_snapshot_renew_value(struct dz_snapshot *snapshot, PyObject *value);
void dz_snapshot_free(struct dz_snapshot *snapshot);

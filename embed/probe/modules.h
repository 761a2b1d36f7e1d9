/* The project's modules that are there, and what stood behind their names when they were last looked at. */
#pragma once

#include "snapshot.h"

struct dz_module {
    PyObject *name;     /* in sys.modules; owned */
    PyObject *object;   /* borrowed: dz_module_peek before it is looked into */
    PyObject *dict;     /* its names; borrowed from it */
    uint32_t file;      /* number of its path's name */
    uint32_t same_file; /* index + 1 of another one with this file */
    int is_package;
    uint32_t round;       /* for whoever goes through them: */
    uint32_t named_round; /* when it has been looked at, and those that it has names for */
    int is_used;          /* imported in the base span */
    struct dz_snapshot snapshot;
};

/* Looks through sys.modules, if something has come or gone: what has come is taken as it is. */
void dz_modules_refresh(int for_sure);
uint32_t dz_modules(void);
struct dz_module *dz_module_at(uint32_t index);
/* NULL where it is none of the project's. */
struct dz_module *dz_module_find(PyObject *object);
/* Of this file, by its name's number: index + 1, more by same_file; 0: none. */
uint32_t dz_module_of_file(uint32_t file);
/* The module, if it is there still; borrowed. */
PyObject *dz_module_peek(const struct dz_module *module);

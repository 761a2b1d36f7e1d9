/* What a node id names, as pytest spells it: file::Class::Inner::function[parameters]. */
#pragma once

#include "../base/buf.h"

struct dz_nodeid {
    size_t file_size;
    struct dz_buf class; /* Class.Inner, with a NUL behind; nothing where there is none */
    const char *name;    /* of the function; "" where there is none */
    size_t name_size;
};

/* Negative when there is no memory. */
int dz_nodeid_read(struct dz_nodeid *ret, const char *nodeid);

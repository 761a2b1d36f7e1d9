/* Who reads names, and what all that follow these need: for the parts of names.h alone. */
#pragma once

#include "names.h"

/* What is read of definitions that are named, but for what they bind their names to. */
enum dz_inside {
    DZ_INSIDE_NOTHING,
    DZ_INSIDE_TEXTS, /* docstrings and annotations */
    DZ_INSIDE_ALL,   /* bodies, too */
};

/* An element of a file, or what else has names in it, and the vertex that reads. */
struct dz_reader {
    struct dz_names *names;
    uint32_t from; /* vertex */
    uint32_t file;
    const struct dz_sheet *sheet;
    enum dz_inside looks_inside;
};

/* An edge from the reader. */
void dz_reader_link(const struct dz_reader *reader, enum dz_vertex_kind kind, uint32_t file,
                    uint32_t b);
/* An input of a source: by the sheet of what was loaded. */
void dz_names_source_input(struct dz_names *names, uint32_t vertex, uint32_t file,
                           struct dz_input input);
/* The sheet of a file; NULL where it is not known. */
const struct dz_sheet *dz_names_sheet(struct dz_names *names, uint32_t file);

/* Strings: of the observations, and of the graph. */
const char *dz_names_file_text(const struct dz_names *names, uint32_t file);
const char *dz_names_text(const struct dz_names *names, uint32_t number);
uint32_t dz_names_add(struct dz_names *names, const char *text, size_t size);
uint32_t dz_names_add_text(struct dz_names *names, const char *text);

/* The project's sources as they are now: which files a statement imports, and what a name of a module stands for. At a job's
 * end names.c knows that from what was loaded; here nothing has run yet, and a module is where its name says it may be. */
#pragma once

#include "graph.h"

/* How sources are come by. What it gives is freed here. */
struct dz_project_sources {
    void *of;
    /* Of the file as it is; NULL where it is not there, or where python refuses it. *ret_unknown: it is there, and nothing
     * can be said of it. */
    struct dz_sheet *(*now)(void *of, const char *path, int *ret_unknown);
    /* Of the content that was looked at; NULL: it is not kept. */
    struct dz_sheet *(*was)(void *of, const struct dz_look *look);
};

enum { DZ_CHAIN_MOST = 32, DZ_FOUND_MOST = 64 };

struct dz_project {
    const struct dz_graph *graph;
    const struct dz_project_sources *sources;
    struct dz_strings paths; /* as in keys: a file's number is its path's */
    struct dz_project_file {
        struct dz_sheet *sheet;
        int is_read, is_known; /* known: the graph has a look at it */
    } * files;
    uint32_t n_files, cap_files;
    struct dz_bits known;     /* strings of the graph that are paths of sources */
    struct dz_strings stems;  /* the last of the names that they may be imported by */
    uint32_t *first, *others; /* looks by stem, and by look the next one: index + 1 */
    struct dz_strings roots;  /* folders that modules may lie in by their first names */
    int unknown;              /* something can be said of nothing */
    int failed;               /* no memory */
};

/* a.b.c as a.b.c is read: how, by dz_read_mode. */
struct dz_names_chain {
    const char *names[DZ_CHAIN_MOST];
    uint32_t n, mode;
};

struct dz_found_files {
    uint32_t list[DZ_FOUND_MOST], n;
};

/* What a chain leads to: a name of a file's module, and what is read of it; no name: the module itself. */
struct dz_meaning {
    uint32_t file;
    const char *name;
    struct dz_names_chain rest;
};
typedef void dz_meant(void *of, const struct dz_meaning *meaning);

/* Both are lent. Negative when there is no memory. */
int dz_project_init(struct dz_project *ret, const struct dz_graph *graph,
                    const struct dz_project_sources *sources);
void dz_project_free(struct dz_project *project);

/* 0 when there is no memory. */
uint32_t dz_project_file(struct dz_project *project, const char *path);
const char *dz_project_path(const struct dz_project *project, uint32_t file);
/* NULL where there is none. */
const struct dz_sheet *dz_project_sheet(struct dz_project *project, uint32_t file);

struct dz_names_chain dz_project_chain(const struct dz_sheet *sheet, uint32_t chain, uint32_t mode);
/* Calls back for whatever of the project's the chain, read in this file's module, may lead to. */
void dz_project_mean(struct dz_project *project, uint32_t file, const struct dz_names_chain *chain,
                     dz_meant *meant, void *of);
/* The same of what an import binds, wherever it stands. */
void dz_project_mean_import(struct dz_project *project, uint32_t file,
                            const struct dz_import *import, const struct dz_names_chain *rest,
                            dz_meant *meant, void *of);
/* All files that it runs, where they have not run: packages around it too. import is of a sheet of that file, now or then. */
void dz_project_imported(struct dz_project *project, uint32_t file, const struct dz_sheet *sheet,
                         const struct dz_import *import, struct dz_bits *to);
/* By a whole name: a.b.c. */
void dz_project_find(struct dz_project *project, const char *dotted, struct dz_found_files *ret);

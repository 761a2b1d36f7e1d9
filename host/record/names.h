/* What the names in sources stand for: from what ran to all that it reads.
 *
 * Vertices of sources are expanded, each once: an element's inputs, and edges to what its names resolve to, through the module's
 * scope, imports, stars, `module.NAME` chains and strings that spell them. Numbers of files are those of the observations'
 * strings, other names are the graph's strings. */
#pragma once

#include "distributions.h"
#include "elements.h"
#include "links.h"
#include "modules.h"
#include "prints.h"
#include "waivers.h"

enum dz_vertex_kind {
    DZ_VERTEX_SPAN, /* a: span */
    DZ_VERTEX_COLLECTED, /* a: span, of a collection: without what has found the values of parameters; not expanded */
    DZ_VERTEX_ELEMENT,       /* a: file, b: element */
    DZ_VERTEX_NAME,          /* a: file, b: string: what a module's name stands for */
    DZ_VERTEX_BOUND,         /* the same: that there is one */
    DZ_VERTEX_SHAPE,         /* a: file: the module, used as a value: all its names may be read */
    DZ_VERTEX_FIND,          /* a: file: which tests pytest finds in it */
    DZ_VERTEX_CLASSES,       /* a: file: which classes it has */
    DZ_VERTEX_ORDER,         /* a: file, b: string: in which order it does these imports */
    DZ_VERTEX_HOOKS,         /* a: file: what pytest reads of it */
    DZ_VERTEX_SESSION_HOOKS, /* a: file: of that, its hooks: a conftest's may be the session's */
    DZ_VERTEX_HOOKS_NOT_FIXTURES, /* a: file: of that, what tests have without asking for it by name */
    DZ_VERTEX_FIXTURE,            /* a: file, b: string: a fixture of that name */
    DZ_VERTEX_FIXTURES, /* a: file, b: string of the observations: what a test of this file asks for; not expanded */
    DZ_VERTEX_FIXTURE_OUTLINE, /* as FIXTURE, for a test whose parameters are known by their values */
    DZ_VERTEX_FIXTURES_OUTLINE, /* as FIXTURES */
    DZ_VERTEX_BYTES,   /* a: file: all of it, lines and comments too */
    DZ_VERTEX_RAN,     /* a: file: what its statements ran when it was imported */
    DZ_VERTEX_EFFECTS, /* a: file: what its statements did */
    DZ_VERTEX_RAISES,  /* a: file: whether its statements end by an exception */
    DZ_VERTEX_LOADED,  /* a: file: that, of it and of all that is imported with it */
    DZ_VERTEX_IMPORT,  /* a: file: that it can be imported, and what that does beyond the project */
    DZ_VERTEX_LOOKED,  /* a: file: at what its statements looked when it was imported */
    DZ_VERTEX_INSIDE, /* a: file, b: element: docstrings and annotations of what it names; of the first, all that the file has */
    DZ_VERTEX_TEST_FUNCTION, /* as NAME, of a test's function whose parameters are known by their values */
    DZ_VERTEX_TEST_CLASS, /* a: file, b: string, Class.Inner: what a test depends on that is in it, without the other tests */
};

struct dz_names {
    struct dz_links *links;
    const struct dz_observations *all;
    struct dz_elements *elements;
    struct dz_distributions *distributions;
    const struct dz_outputs *outputs;
    const char *rootdir;
    struct dz_prints prints;
    struct dz_waivers waivers;

    struct dz_modules modules;
    uint32_t *spans_files; /* by span: the file whose module it imports */
    uint32_t roots;        /* string: their first names */
    uint32_t known;        /* string: that, and which of them reach outside */
    struct dz_names_file {
        uint32_t path;                             /* of an input, + 1 */
        uint32_t *imports, n_imports, cap_imports; /* spans that the module was imported in */
        struct dz_bits
            changed; /* strings: its names that functions of its own may have changed when it was imported */
        struct dz_bits loaded; /* files that are imported with it, it too; once asked */
        int is_changed_known;
        int is_tested; /* pytest has found tests in it: its classes' methods need not know of other tests */
        int writes;     /* its import has left something changed */
        uint8_t reach;  /* whether its import may have effects outside, once asked */
        uint32_t order; /* string: its imports that write, once asked */
    } * files;          /* by number */
    struct dz_bits late_known,
        late; /* codes: functions that import something when they run, once asked */
    uint32_t n_expanded;
    struct dz_visit {
        uint32_t file, n; /* n: of names that follow, this one included */
        const char *name;
    } * visits; /* what the chain that is read has come by */
    uint32_t n_visits, cap_visits;
};

/* Everything is lent to it until its end. Negative when there is no memory. */
int dz_names_init(struct dz_names *names);
void dz_names_free(struct dz_names *names);

uint32_t dz_names_vertex(struct dz_names *names, enum dz_vertex_kind kind, uint32_t a, uint32_t b);
/* An edge to what this code is part of; files of packages are distributions. */
void dz_names_code(struct dz_names *names, uint32_t from, uint32_t code);
/* To what a module's name stands for, spelled as in a look-up: module, or module:attribute. */
void dz_names_looked_up(struct dz_names *names, uint32_t from, const char *spelled);
/* An input that is no source's. Its fingerprint is asked for. */
void dz_names_input(struct dz_names *names, uint32_t vertex, struct dz_input input);
void dz_names_unprovable(struct dz_names *names, uint32_t vertex, const char *why);
/* Where the path of this input is waived: adds it as one that may not be what was read, which is no matter while it is
 * waived. Else 0. */
int dz_names_waived(struct dz_names *names, uint32_t vertex, struct dz_input input);
/* The path of an input: a string of the graph. */
uint32_t dz_names_path(struct dz_names *names, const char *absolute);
/* To what pytest finds by a test's function: a name of the module, or where there is a class, a method, which may be an
 * inherited one. outline: without the values of its parameters. */
void dz_names_function(struct dz_names *names, uint32_t from, uint32_t file, const char *name,
                       size_t size);
void dz_names_method(struct dz_names *names, uint32_t from, uint32_t file, uint32_t class,
                     const char *name, size_t size, int outline);
/* To what a file has of an item that is no function: a doctest's examples; of any other, all of it. */
void dz_names_item(struct dz_names *names, uint32_t from, uint32_t file, const char *name);
/* Expands all that has been met. */
void dz_names_expand(struct dz_names *names);

/* Inputs: all that a test can depend on, each with a key that another job can look up again and the fingerprint that it
 * had. An input whose fingerprint is not what it was selects the tests that depend on it.
 *
 * The path of a key is relative to the rootdir where it is below it ("" is the rootdir itself), absolute elsewhere. */
#pragma once

#include "../base/buf.h"
#include "sheet.h"

enum dz_input_kind {
    /* Of a source, as its sheet has it. The path is the source's. */
    DZ_INPUT_ELEMENT, /* name, k; of: dz_element_kind: one element's fingerprint */
    DZ_INPUT_NAME, /* name: the statements of the module that bind it, in order, and those that may change what it is;
                      absent where there is none; of: dz_name */
    DZ_INPUT_BOUND,   /* name: that there are such */
    DZ_INPUT_EFFECTS, /* the effects of the module, in order */
    DZ_INPUT_OUTSIDE, /* those that may reach beyond the project's modules (outside.h), and what it imports; name: the roots */
    DZ_INPUT_RAISES,  /* all that may end an import of the module by an exception */
    DZ_INPUT_ORDER, /* name: imports, a line each (dz_input_put_import): the order in which these are done */
    DZ_INPUT_CLASSES, /* the headers of all its classes */
    DZ_INPUT_SHAPE, /* what pytest finds tests by: all names, headers and statements in order, no bodies */
    DZ_INPUT_HOOKS, /* names that only pytest reads: hooks, fixtures, setup_*, pytestmark …; of: dz_hooks */
    DZ_INPUT_WHOLE, /* all elements in order */
    DZ_INPUT_FIXTURE, /* name: what makes a fixture of that name, in the module or a class of it; of: dz_name: BARE
                         without the values of its parameters */

    /* Of what lies at the path, as it was used, never resolved. */
    DZ_INPUT_CONTENT,
    DZ_INPUT_STAT, /* of: dz_stat: that it is there, its kind, its mode, the size of a file that is not python's */
    DZ_INPUT_LINK, /* of: dz_resolved */
    DZ_INPUT_NAMES, /* of: dz_listed_names; name: the names, as listing.h puts them, where they are kept */
    DZ_INPUT_ABSENT,
    DZ_INPUT_PLACE, /* of: dz_place; the path is without an ending */

    DZ_INPUT_ENVIRONMENT,  /* name, "*": all of them */
    DZ_INPUT_DISTRIBUTION, /* name, "*": all of them */

    DZ_INPUT_UNPROVABLE, /* name: why, in words that are counted; never what it was */
    DZ_INPUT_KINDS
};

enum dz_name_of {
    DZ_NAME_ALL,
    DZ_NAME_BARE, /* of classes only what is in the bare ones; of headers, what is in their outlines */
};
enum dz_listed_names { DZ_NAMES_ALL, DZ_NAMES_OF_TESTS /* those that tests may be found by */ };
enum dz_hooks {
    DZ_HOOKS_ALL,
    DZ_HOOKS_OF_SESSION, /* pytest_* only, and none that a conftest has for what lies below it */
    DZ_HOOKS_NOT_FIXTURES, /* but those that somebody has without asking for them by name; none of classes, which their
                              tests have (test_classes.h) */
};

struct dz_fingerprint {
    uint8_t bytes[16];
};

/* Numbers of strings, from 1 on. Written and hashed as it is: no padding. */
struct dz_input {
    uint32_t kind, of, path, name, k;
    struct dz_fingerprint fingerprint;
};

/* Of what is not there: an element that is gone, a name that nothing binds, a path with nothing at it. */
extern const struct dz_fingerprint dz_absent;
/* Of what is waived (waivers.h), where it may not be what was read: it is never what it was. */
extern const struct dz_fingerprint dz_unsure;

/* Of a hash that a fact has told: of a variable's value, 0 where it is not set. */
struct dz_fingerprint dz_input_of_hash(uint64_t hash);
/* The fingerprint that an input of a source has by this sheet. Sheets that python refuses have none. */
struct dz_fingerprint dz_input_of_sheet(const struct dz_sheet *sheet, const struct dz_input *input,
                                        const char *name);
/* Whether what an import binds may be one of those. */
int dz_input_is_import_of_hooks(const struct dz_sheet *sheet, const struct dz_import *import,
                                enum dz_hooks of);
/* As in the name of an ORDER. */
void dz_input_put_import(const struct dz_sheet *sheet, const struct dz_import *import,
                         struct dz_buf *to);
static inline int dz_input_is_of_source(const struct dz_input *input)
{
    return input->kind <= DZ_INPUT_FIXTURE;
}

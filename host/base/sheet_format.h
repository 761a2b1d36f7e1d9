/* A sheet as it lies in memory and in its file: for who writes it (embed/cut/) and who reads it (host/record/sheet.c,
 * where it is described). All numbers are of 32 bits, little endian. */
#pragma once

#include <stdint.h>

#define DZ_SHEET_MAGIC "DAGZcut\n"
/* Another one where the same source gives another sheet, too: those that are kept were made by an earlier DAGZ. */
enum { DZ_SHEET_VERSION = 10 };

/* No element, no string, no chain. */
#define DZ_NONE UINT32_MAX
/* In what runs later than the module: whichever binding is the last. */
#define DZ_SEES_LAST UINT32_MAX

enum dz_element_kind {
    DZ_MODULE,   /* the whole file; always the first element */
    DZ_FUNCTION, /* a body without its docstring, nested functions included */
    DZ_HEADER, /* decorators, defaults, parameters, and whether calling it only makes a generator or a coroutine;
                      bases, keywords, decorators of a class */
    DZ_ANNOTATION, /* of a function, a class or the module */
    DZ_DOCSTRING,
    DZ_CLASS,   /* header, statements, names and order of members, without methods' bodies */
    DZ_BINDING, /* a statement of the module that binds names and does nothing else */
    DZ_EFFECT,  /* any other statement of the module */
    DZ_BARE, /* a class without those methods whose names begin with "test": who does not know them by name. None
                      where that is all of it */
    DZ_OUTLINE, /* a header without the values of parameters, those of pytest.mark.parametrize and pytest.fixture, and their
                      ids. None where that is all of it, or where another decorator may look at them */
    DZ_ELEMENT_KINDS
};

/* What code mentions, by whatever spelling (name, attribute, import, string), and what an element is. */
enum dz_element_flag {
    DZ_NAMES_SUBCLASSES = 1 << 0,  /* __subclasses__ */
    DZ_NAMES_NAMESPACE = 1 << 1,   /* globals, vars, locals, dir, __dict__ … */
    DZ_NAMES_ATTRIBUTES = 1 << 2,  /* getattr, setattr, hasattr … */
    DZ_NAMES_POSITION = 1 << 3,    /* f_lineno, getsource, stack, format_exc … */
    DZ_NAMES_INSPECTION = 1 << 4,  /* inspect, dis, pickle, __code__, __doc__ … */
    DZ_NAMES_ANNOTATIONS = 1 << 5, /* __annotations__, get_type_hints, signature … */
    DZ_NAMES_LOOKUP = 1 << 6,      /* import_module, find_spec, iter_modules, get_data … */
    DZ_NAMES_CODE = 1 << 7,        /* eval, exec */
    DZ_NAMES_SELF =
        1 << 8, /* a method: what it is called on, or its class, is used other than by attributes */
    DZ_NAMES_PARAMETERS = 1 << 9, /* callspec, param_index, iter_markers … */

    DZ_IS_EAGER = 1 << 16,    /* an annotation that is evaluated where it stands */
    DZ_IS_COMPOUND = 1 << 17, /* if, try, for, while, with, match */
    DZ_IS_TYPING = 1 << 18,   /* if TYPE_CHECKING, and nothing else */
    DZ_IS_MAIN = 1 << 19,     /* if __name__ == "__main__", and nothing else */
    DZ_IS_STAR = 1 << 20,     /* binds what another module has: from m import * */
    DZ_IS_IMPORT = 1 << 21,
    DZ_IS_DEF = 1 << 22, /* the statement of a def or a class */
    DZ_IS_FIXTURE =
        1
        << 23, /* a header, of a fixture that only those have who ask for it, by the function's name */
    DZ_OPERATES = 1 << 24, /* has an operator, an item, a loop or an unpacking, of whatever */
};

/* Why a statement is taken for an effect: it may be less, for who knows more than this one file. */
enum dz_element_why {
    DZ_WHY_CALL = 1 << 0,      /* calls what is not known to be local */
    DZ_WHY_DECORATOR = 1 << 1, /* the same, by a decorator */
    DZ_WHY_BASE = 1 << 2,      /* a base or metaclass that may run code */
    DZ_WHY_STORE = 1 << 3,     /* an attribute or an item is set or deleted */
    DZ_WHY_OPERATOR = 1 << 4,  /* an operator, loop or `with` on values of unknown type */
    DZ_WHY_RAISE = 1 << 5,     /* raise, assert */
};

enum dz_read_mode {
    DZ_READ_VALUE = 1 << 0, /* used other than by calling it: it escapes */
    DZ_READ_CALLED = 1 << 1,
    DZ_READ_STORED = 1 << 2, /* its last attribute is set or deleted */
    DZ_READ_ITEM = 1 << 3,   /* an item of it is set or deleted */
    DZ_READ_ANNOTATION =
        1
        << 4, /* in an annotation, also one that is a string; alone where it is read nowhere else */
    /* Loaded by the augmented assignment that stores it. With neither VALUE nor CALLED nor ITEM no other load is there:
     * where it is a number, as in `n += 1`, nobody learns of it. */
    DZ_READ_AUGMENTED = 1 << 5,
};

enum dz_bind_mode {
    DZ_BIND_VALUE = 1 << 0,
    DZ_BIND_IMPORT = 1 << 1,
    DZ_BIND_FUNCTION = 1 << 2,
    DZ_BIND_CLASS = 1 << 3,
    DZ_BIND_DELETE = 1 << 4,
    DZ_BIND_MAYBE = 1 << 5,  /* in a branch, loop or handler */
    DZ_BIND_GLOBAL = 1 << 6, /* by a function, or by a class, that declares it global */
};

enum dz_import_flag {
    DZ_IMPORT_FROM = 1 << 0,
    DZ_IMPORT_STAR = 1 << 1,
    DZ_IMPORT_TYPING = 1 << 2,   /* under TYPE_CHECKING: never done */
    DZ_IMPORT_MAYBE = 1 << 3,    /* in a branch, or where a handler may catch its failure */
    DZ_IMPORT_STANDARD = 1 << 4, /* by the name of a module of the standard library */
};

struct dz_range {
    uint32_t at, n;
};

struct dz_element {
    uint8_t fingerprint[16];
    uint32_t kind;
    uint32_t name; /* string: the qualname; of a statement without a name, what it does, in <> */
    uint32_t k;    /* the k-th definition of that name in the file, from 1 */
    uint32_t flags, why;
    uint32_t owner;     /* the class around it, or DZ_NONE */
    uint32_t statement; /* the module's statement that it is part of, or DZ_NONE */
    uint32_t first_line, last_line;
    struct dz_range binds, reads, words, paths, attributes;
};

/* Of a statement: a name of the module, and the how-many-eth statement binds it so. Of a class: a member. Of a function:
 * a global that it writes. */
struct dz_bind {
    uint32_t name, ordinal, mode;
};

/* A global name, or a chain of constant attributes that begins with one. In what runs with the module, sees is the
 * ordinal of the binding that it finds, 0 where there is none before it. */
struct dz_read {
    uint32_t chain, mode, sees;
};

/* a.b.c is c under a.b under a; a parent comes before what is under it. */
struct dz_chain {
    uint32_t parent, name;
};

/* An attribute of what is no global name; mode: dz_read_mode. */
struct dz_attribute {
    uint32_t name, mode;
};

struct dz_import {
    uint32_t element; /* the innermost that does it */
    uint32_t module;  /* string, empty in `from . import x` */
    uint32_t name;    /* string, or DZ_NONE where it is no `from` */
    uint32_t bound;   /* string, or DZ_NONE with a star */
    uint32_t level, flags, line;
};

struct dz_sheet_string {
    uint32_t at, size; /* in the text; a NUL follows, none is in it */
};

/* The parts of a sheet, in the order in which they lie there. */
#define DZ_SHEET_PARTS                       \
    DZ_PART(strings, struct dz_sheet_string) \
    DZ_PART(chains, struct dz_chain)         \
    DZ_PART(elements, struct dz_element)     \
    DZ_PART(binds, struct dz_bind)           \
    DZ_PART(reads, struct dz_read)           \
    DZ_PART(words, uint32_t)                 \
    DZ_PART(paths, uint32_t)                 \
    DZ_PART(attributes, struct dz_attribute) \
    DZ_PART(imports, struct dz_import)       \
    DZ_PART(text, char)

enum dz_sheet_part {
#define DZ_PART(name, type) DZ_PART_##name,
    DZ_SHEET_PARTS
#undef DZ_PART
        DZ_SHEET_PART_COUNT
};

struct dz_sheet_head {
    char magic[8];
    uint64_t check; /* XXH3-64 of all that follows */
    uint32_t version;
    uint32_t minor;     /* of the python whose parser it was */
    uint8_t source[16]; /* XXH3-128 of the source's bytes */
    uint32_t n_lines;
    uint32_t problem; /* string: why python refuses this source; DZ_NONE where it does not */
    uint32_t n[DZ_SHEET_PART_COUNT];
};
_Static_assert(sizeof(struct dz_sheet_head) == 48 + 4 * DZ_SHEET_PART_COUNT, "copied as it is");
_Static_assert(sizeof(struct dz_element) == 16 + 4 * 19, "copied as it is");

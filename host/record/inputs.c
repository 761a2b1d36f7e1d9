/* No memory is asked for: a fingerprint that cannot be had would have to be one that no other equals. What has no order
 * of its own is added up instead, each part's hash to the others'. */
#include "inputs.h"

#include "../base/mem.h"

#include "outside.h"
#include "touch.h"
#include "scope.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* No hash, but by a chance of 2^-128; and not what a field is that nobody has set. */
const struct dz_fingerprint dz_absent = {"absent"};
const struct dz_fingerprint dz_unsure = {"unsure"};

struct dz_fingerprint dz_input_of_hash(uint64_t hash)
{
    struct dz_fingerprint ret = {{0}};
    memcpy(ret.bytes, &hash, sizeof hash);
    return hash ? ret : dz_absent;
}

/* ---- hashing ---- */

struct hash {
    XXH3_state_t state;
    XXH128_hash_t sum; /* of what has no order */
    uint32_t n;
};

static void begin(struct hash *hash, uint32_t what)
{
    XXH3_INITSTATE(&hash->state);
    XXH3_128bits_reset(&hash->state);
    hash->sum = (XXH128_hash_t){0, 0};
    hash->n = 0;
    XXH3_128bits_update(&hash->state, &what, sizeof what);
}

static void put_number(struct hash *hash, uint32_t number)
{
    XXH3_128bits_update(&hash->state, &number, sizeof number);
}

static void put_text(struct hash *hash, const char *text)
{
    XXH3_128bits_update(&hash->state, text, strlen(text) + 1);
}

static void put_fingerprint(struct hash *hash, const struct dz_element *element)
{
    XXH3_128bits_update(&hash->state, element->fingerprint, sizeof element->fingerprint);
}

/* part is done with. */
static void add(struct hash *hash, struct hash *part)
{
    XXH128_hash_t more = XXH3_128bits_digest(&part->state);
    hash->sum.low64 += more.low64;
    hash->sum.high64 += more.high64;
    hash->n++;
}

static struct dz_fingerprint end(struct hash *hash)
{
    struct dz_fingerprint ret;
    XXH128_canonical_t form;
    put_number(hash, hash->n);
    XXH3_128bits_update(&hash->state, &hash->sum, sizeof hash->sum);
    XXH128_canonicalFromHash(&form, XXH3_128bits_digest(&hash->state));
    _Static_assert(sizeof form.digest == sizeof ret.bytes, "as sheets have them");
    memcpy(ret.bytes, form.digest, sizeof ret.bytes);
    return ret;
}

/* ---- one element ---- */

static struct dz_fingerprint of_element(const struct dz_sheet *sheet, const struct dz_input *input,
                                        const char *name)
{
    struct dz_fingerprint ret;
    uint32_t found = dz_sheet_find(sheet, (enum dz_element_kind)input->of, name, input->k);
    if (found == DZ_NONE && input->of == DZ_BARE)
        found = dz_sheet_find(sheet, DZ_CLASS, name, input->k);
    if (found == DZ_NONE)
        return dz_absent;
    memcpy(ret.bytes, dz_sheet_at(sheet, found)->fingerprint, sizeof ret.bytes);
    return ret;
}

/* ---- a name ---- */

static const struct dz_bind *find_bind(const struct dz_sheet *sheet,
                                       const struct dz_element *element, uint32_t name)
{
    const struct dz_bind *binds = dz_sheet_binds(sheet, element);
    for (uint32_t i = 0; i < element->binds.n; i++)
        if (binds[i].name == name)
            return &binds[i];
    return NULL;
}

/* Those that bind a name, each once. */
static const struct dz_element *next_binder(const struct dz_sheet *sheet, uint32_t name,
                                            uint32_t *at)
{
    uint32_t n;
    const uint32_t *binders = dz_scope_binders(sheet, name, &n);
    while (*at && *at < n && binders[*at] == binders[*at - 1])
        ++*at;
    return *at < n ? dz_sheet_at(sheet, binders[(*at)++]) : NULL;
}

/* A function that may write the name at any time; it has no place among the statements, and may be moved. */
static void add_writer(struct hash *hash, const struct dz_element *function, uint32_t mode)
{
    struct hash part;
    begin(&part, mode);
    put_fingerprint(&part, function);
    add(hash, &part);
}

static void put_effect(struct hash *hash, const struct dz_sheet *sheet,
                       const struct dz_element *effect);

/* Of a statement or header: the outline, or the header that is one. DZ_NONE where there is none. */
static uint32_t outline_of(const struct dz_sheet *sheet, const struct dz_element *element)
{
    const char *name = dz_sheet_string(sheet, element->name);
    uint32_t outline = dz_sheet_find(sheet, DZ_OUTLINE, name, element->k);
    return outline == DZ_NONE ? dz_sheet_find(sheet, DZ_HEADER, name, element->k) : outline;
}

/* A class's statement without tests, a function's without the values of its parameters. */
static int put_bare(struct hash *hash, const struct dz_sheet *sheet,
                    const struct dz_element *statement)
{
    const char *name = dz_sheet_string(sheet, statement->name);
    uint32_t bare = dz_sheet_find(sheet, DZ_BARE, name, statement->k);
    uint32_t header = outline_of(sheet, statement);
    if (bare == DZ_NONE)
        bare = dz_sheet_find(sheet, DZ_CLASS, name, statement->k);
    if (!(statement->flags & DZ_IS_DEF) || header == DZ_NONE)
        return 0;
    put_effect(hash, sheet, dz_sheet_at(sheet, header));
    if (bare != DZ_NONE)
        put_effect(hash, sheet, dz_sheet_at(sheet, bare));
    return 1;
}

/* One that comes is seen by who reads the name; what it may run is known only of one that was there (names.c). */
static void put_changes(struct hash *hash, const struct dz_sheet *sheet, uint32_t name)
{
    for (uint32_t i = 0; name != DZ_NONE && i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (dz_may_change(sheet, element, name))
            put_effect(hash, sheet, element);
    }
}

/* A statement's fingerprint has the headers of what it defines, and of a class all but the methods' bodies. */
static struct dz_fingerprint of_name(const struct dz_sheet *sheet, const char *name, uint32_t of)
{
    struct hash hash;
    const struct dz_element *element;
    uint32_t at = 0, number = dz_scope_string(sheet, name);
    int is_bound = 0;
    begin(&hash, DZ_INPUT_NAME);
    put_number(&hash, of);
    while ((element = next_binder(sheet, number, &at))) {
        int is_writer = element->kind == DZ_FUNCTION;
        const struct dz_bind *bind = find_bind(sheet, element, number);
        if (is_writer ? !(bind->mode & DZ_BIND_GLOBAL) : !dz_is_statement(element))
            continue;
        is_bound = 1;
        if (is_writer) {
            add_writer(&hash, element, bind->mode);
            continue;
        }
        if (of != DZ_NAME_BARE || !put_bare(&hash, sheet, element))
            put_fingerprint(&hash, element);
        put_number(&hash, bind->mode);
    }
    if (!is_bound)
        return dz_absent;
    put_changes(&hash, sheet, number);
    return end(&hash);
}

/* Where only branches bind it, it is as if it were not sure to be there. */
static struct dz_fingerprint of_bound(const struct dz_sheet *sheet, const char *name)
{
    struct hash hash;
    const struct dz_element *element;
    uint32_t modes = 0, is_bound = 0, at = 0, number = dz_scope_string(sheet, name);
    while ((element = next_binder(sheet, number, &at))) {
        const struct dz_bind *bind = find_bind(sheet, element, number);
        if (!dz_is_statement(element))
            continue;
        is_bound = 1;
        if (!(bind->mode & DZ_BIND_MAYBE))
            modes |= bind->mode & DZ_BIND_DELETE ? 2 : 1;
    }
    begin(&hash, DZ_INPUT_BOUND);
    put_number(&hash, modes);
    return is_bound ? end(&hash) : dz_absent;
}

/* ---- effects ---- */

static void put_effect(struct hash *hash, const struct dz_sheet *sheet,
                       const struct dz_element *effect)
{
    const struct dz_read *reads = dz_sheet_reads(sheet, effect);
    put_fingerprint(hash, effect);
    put_number(hash, effect->reads.n);
    for (uint32_t i = 0; i < effect->reads.n; i++) {
        put_text(hash, dz_sheet_string(sheet, dz_touch_root(sheet, reads[i].chain)));
        put_number(hash, reads[i].sees);
    }
}

/* Done when the module is, of what may have effects: pytest is there already. */
static int is_imported_with(const struct dz_sheet *sheet, const struct dz_import *import)
{
    return !(import->flags & (DZ_IMPORT_TYPING | DZ_IMPORT_STANDARD)) &&
           (import->level || strcmp(dz_sheet_string(sheet, import->module), "pytest") != 0) &&
           dz_sheet_at(sheet, import->element)->kind != DZ_FUNCTION;
}

/* What it imports by its name, which may be a module; DZ_NONE: nothing. */
static uint32_t name_of(const struct dz_sheet *sheet, const struct dz_import *import,
                        const char *known)
{
    return known && dz_outside_is_of_module(sheet, import, known) ? DZ_NONE : import->name;
}

static int is_told_before(const struct dz_sheet *sheet, const struct dz_import *imports, uint32_t i,
                          const char *known)
{
    for (uint32_t j = 0; j < i; j++)
        if (imports[j].module == imports[i].module && imports[j].level == imports[i].level &&
            name_of(sheet, &imports[j], known) == name_of(sheet, &imports[i], known) &&
            is_imported_with(sheet, &imports[j]))
            return 1;
    return 0;
}

/* NULL: each counts. Else not those of modules that are known to do nothing outside. */
static int counts(const struct dz_sheet *sheet, const struct dz_import *import, const char *known)
{
    return is_imported_with(sheet, import) &&
           (!known || !dz_outside_is_harmless(sheet, import, known));
}

/* `from a import b` may import a.b; who has only this sheet does not know. The first that imports a module is the one
 * that runs it: the others do nothing. */
static void add_imports(struct hash *hash, const struct dz_sheet *sheet, const char *known)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_import *import = &imports[i];
        if (!counts(sheet, import, known) || is_told_before(sheet, imports, i, known))
            continue;
        struct hash part;
        uint32_t name = name_of(sheet, import, known);
        begin(&part, import->level);
        put_text(&part, dz_sheet_string(sheet, import->module));
        put_text(&part, name == DZ_NONE ? "" : dz_sheet_string(sheet, name));
        add(hash, &part);
    }
}

/* roots: only of those that reach outside; NULL: of all. */
static struct dz_fingerprint of_effects(const struct dz_sheet *sheet, const char *roots)
{
    struct hash hash;
    begin(&hash, roots ? DZ_INPUT_OUTSIDE : DZ_INPUT_EFFECTS);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (dz_has_effect(element) && (!roots || dz_outside_is_of(sheet, element, roots)))
            put_effect(&hash, sheet, element);
    }
    add_imports(&hash, sheet, roots);
    return end(&hash);
}

/* ---- what an import may fail by ---- */

struct numbers {
    uint64_t *list;
    uint32_t n, cap;
    int failed;
};

static int by_size(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static void put_chain(struct numbers *to, const struct dz_sheet *sheet, const struct dz_read *read)
{
    dz_autobuf struct dz_buf text = {0};
    uint32_t n, root = dz_touch_root(sheet, read->chain);
    dz_sheet_put_chain(sheet, read->chain, &text);
    /* Bound, but only behind where it is read. */
    dz_scope_binders(sheet, root, &n);
    dz_buf_put(&text, n && !read->sees ? "!" : ".", 1);
    if (!dz_buf_ok(&text) || !dz_has_room(&to->list, to->n, &to->cap, sizeof *to->list)) {
        to->failed = 1;
        return;
    }
    to->list[to->n++] = XXH3_64bits(text.data, text.len);
}

/* Which names are asked for while the module is imported; not where, and how often. */
static void put_asked(struct hash *hash, const struct dz_sheet *sheet)
{
    struct numbers asked = {0};
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        const struct dz_read *reads = dz_sheet_reads(sheet, element);
        int is_eager = element->kind == DZ_ANNOTATION && element->flags & DZ_IS_EAGER;
        for (uint32_t k = 0; (dz_is_statement(element) || is_eager) && k < element->reads.n; k++)
            put_chain(&asked, sheet, &reads[k]);
    }
    if (asked.n)
        qsort(asked.list, asked.n, sizeof *asked.list, by_size);
    for (uint32_t i = 0; i < asked.n; i++)
        if (!i || asked.list[i] != asked.list[i - 1])
            XXH3_128bits_update(&hash->state, &asked.list[i], sizeof asked.list[i]);
    /* Without memory it is another one than it was. */
    put_number(hash, asked.failed ? asked.n : 0);
    dz_free(asked.list);
}

/* In their order: in a circle of imports it decides what is there for whom. Of the standard library's a whole module is there. */
static void put_imports(struct hash *hash, const struct dz_sheet *sheet)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct dz_import *import = &imports[i];
        if (import->flags & DZ_IMPORT_TYPING ||
            (import->flags & DZ_IMPORT_STANDARD && !(import->flags & DZ_IMPORT_FROM)) ||
            dz_sheet_at(sheet, import->element)->kind == DZ_FUNCTION)
            continue;
        struct hash part;
        begin(&part, import->level);
        put_text(&part, dz_sheet_string(sheet, import->module));
        put_text(&part, import->name == DZ_NONE ? "" : dz_sheet_string(sheet, import->name));
        struct dz_fingerprint made = end(&part);
        XXH3_128bits_update(&hash->state, &made, sizeof made);
    }
}

static struct dz_fingerprint of_raises(const struct dz_sheet *sheet)
{
    struct hash hash;
    begin(&hash, DZ_INPUT_RAISES);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (dz_may_raise(sheet, element))
            put_fingerprint(&hash, element);
    }
    put_asked(&hash, sheet);
    put_imports(&hash, sheet);
    return end(&hash);
}

/* ---- the order of imports ---- */

void dz_input_put_import(const struct dz_sheet *sheet, const struct dz_import *import,
                         struct dz_buf *to)
{
    dz_buf_fmt(to, "%u:%s:%s\n", import->level, dz_sheet_string(sheet, import->module),
               import->name == DZ_NONE ? "" : dz_sheet_string(sheet, import->name));
}

static int has_line(const char *lines, const char *line)
{
    for (const char *at = lines; (at = strstr(at, line)); at++)
        if (at == lines || at[-1] == '\n')
            return 1;
    return 0;
}

static struct dz_fingerprint of_order(const struct dz_sheet *sheet, const char *name)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    struct hash hash;
    begin(&hash, DZ_INPUT_ORDER);
    for (uint32_t i = 0; i < n; i++) {
        dz_autobuf struct dz_buf line = {0};
        dz_input_put_import(sheet, &imports[i], &line);
        /* Without memory it is another one than it was. */
        if (!dz_buf_ok(&line) ||
            (is_imported_with(sheet, &imports[i]) && has_line(name, line.data)))
            put_text(&hash, dz_buf_ok(&line) ? line.data : "");
    }
    return end(&hash);
}

/* ---- all elements ---- */

static void put_element(struct hash *hash, const struct dz_sheet *sheet,
                        const struct dz_element *element)
{
    put_number(hash, element->kind);
    put_text(hash, dz_sheet_string(sheet, element->name));
    put_number(hash, element->k);
}

static struct dz_fingerprint of_shape(const struct dz_sheet *sheet)
{
    struct hash hash;
    begin(&hash, DZ_INPUT_SHAPE);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind == DZ_MODULE || element->kind == DZ_DOCSTRING ||
            element->kind == DZ_ANNOTATION)
            continue;
        put_element(&hash, sheet, element);
        if (element->kind != DZ_FUNCTION)
            put_fingerprint(&hash, element);
    }
    return end(&hash);
}

static struct dz_fingerprint of_classes(const struct dz_sheet *sheet)
{
    struct hash hash;
    begin(&hash, DZ_INPUT_CLASSES);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind != DZ_HEADER ||
            dz_sheet_find(sheet, DZ_CLASS, dz_sheet_string(sheet, element->name), element->k) ==
                DZ_NONE)
            continue;
        put_element(&hash, sheet, element);
        put_fingerprint(&hash, element);
    }
    return end(&hash);
}

static struct dz_fingerprint of_whole(const struct dz_sheet *sheet)
{
    struct hash hash;
    begin(&hash, DZ_INPUT_WHOLE);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        put_element(&hash, sheet, dz_sheet_at(sheet, i));
        put_fingerprint(&hash, dz_sheet_at(sheet, i));
    }
    return end(&hash);
}

/* ---- what only pytest reads ---- */

static int is_pytests(const char *name)
{
    return strncmp(name, "pytest_", 7) == 0;
}

/* Those that pytest calls by the item, or by the node, that they are about: a conftest's for what lies below it. */
static int is_of_items(const char *name)
{
    static const char *const names[] = {"pytest_runtest_setup",    "pytest_runtest_call",
                                        "pytest_runtest_teardown", "pytest_runtest_makereport",
                                        "pytest_pyfunc_call",      "pytest_fixture_setup",
                                        "pytest_generate_tests",   "pytest_pycollect_makeitem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

static int is_sessions(const char *name)
{
    return is_pytests(name) && !is_of_items(name);
}

static int is_hook(const char *name)
{
    static const char *const names[] = {
        "pytestmark",      "collect_ignore", "collect_ignore_glob", "load_tests",
        "__test__",        "setUpModule",    "tearDownModule",      "setup_module",
        "teardown_module", "setup_function", "teardown_function",   "setup",
        "teardown"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return is_pytests(name);
}

static int is_fixture(const char *name)
{
    return strcmp(name, "fixture") == 0 || strcmp(name, "yield_fixture") == 0;
}

/* session_fixture, pytest_fixture …; but no mark that asks for some. */
static int is_like_fixture(const char *name)
{
    return strstr(name, "fixture") && strcmp(name, "usefixtures") != 0;
}

/* A chain that ends in such a name: pytest.fixture, fixture, pytest_asyncio.fixture. */
static int reads(const struct dz_sheet *sheet, const struct dz_element *element,
                 int (*is)(const char *))
{
    const struct dz_read *all = dz_sheet_reads(sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++)
        if (is(dz_sheet_string(sheet, dz_sheet_chain(sheet, all[i].chain)->name)))
            return 1;
    return 0;
}

/* from pytest import fixture as f */
static int is_import_of_fixture(const struct dz_sheet *sheet, uint32_t name)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (imports[i].bound == name && imports[i].name != DZ_NONE &&
            is_like_fixture(dz_sheet_string(sheet, imports[i].name)))
            return 1;
    return 0;
}

static int binds(const struct dz_sheet *sheet, const struct dz_element *element, uint32_t name)
{
    const struct dz_bind *all = dz_sheet_binds(sheet, element);
    for (uint32_t i = 0; i < element->binds.n; i++)
        if (all[i].name == name)
            return 1;
    return 0;
}

/* once = pytest.fixture(scope="session") */
static int is_made_of_fixture(const struct dz_sheet *sheet, uint32_t name)
{
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (dz_is_statement(element) && !(element->flags & DZ_IS_DEF) &&
            binds(sheet, element, name) && reads(sheet, element, is_fixture))
            return 1;
    }
    return 0;
}

/* Of what has a header: whether a decorator makes a fixture of it. Decorators are called. */
static int is_decorated(const struct dz_sheet *sheet, const struct dz_element *element)
{
    const struct dz_read *all = dz_sheet_reads(sheet, element);
    if (reads(sheet, element, is_like_fixture))
        return 1;
    for (uint32_t i = 0; i < element->reads.n; i++) {
        const struct dz_chain *chain = dz_sheet_chain(sheet, all[i].chain);
        if (chain->parent == DZ_NONE && (all[i].mode & DZ_READ_CALLED) &&
            (is_import_of_fixture(sheet, chain->name) || is_made_of_fixture(sheet, chain->name)))
            return 1;
    }
    return 0;
}

static int is_class(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    return statement->flags & DZ_IS_DEF && statement->binds.n &&
           dz_sheet_binds(sheet, statement)[statement->binds.n - 1].mode & DZ_BIND_CLASS;
}

/* Fixtures of a class are methods, and found by their headers. */
static int makes_fixture(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    if (is_class(sheet, statement))
        return 0;
    return statement->flags & (DZ_IS_DEF | DZ_IS_COMPOUND) ? is_decorated(sheet, statement)
                                                           : reads(sheet, statement, is_fixture);
}

static int is_read(const struct dz_sheet *sheet, uint32_t name)
{
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        const struct dz_read *reads = dz_sheet_reads(sheet, element);
        for (uint32_t k = 0; k < element->reads.n; k++)
            if (dz_touch_root(sheet, reads[k].chain) == name)
                return 1;
    }
    return 0;
}

static int has_imports(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    const struct dz_bind *all = dz_sheet_binds(sheet, statement);
    for (uint32_t i = 0; i < statement->binds.n; i++)
        if (all[i].mode & DZ_BIND_IMPORT)
            return 1;
    return (statement->flags & DZ_IS_STAR) != 0;
}

/* What is imported, and no code of the module reads, may be a fixture: tests have it by a parameter of that name. */
int dz_input_is_import_of_hooks(const struct dz_sheet *sheet, const struct dz_import *import,
                                enum dz_hooks of)
{
    const char *name = import->bound == DZ_NONE ? "" : dz_sheet_string(sheet, import->bound);
    if (!(import->flags & DZ_IMPORT_FROM) || !is_imported_with(sheet, import))
        return 0;
    if (!*name || is_sessions(name))
        return 1;
    return of != DZ_HOOKS_OF_SESSION && (is_hook(name) || !is_read(sheet, import->bound));
}

static int imports_fixture(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; has_imports(sheet, statement) && i < n; i++) {
        const struct dz_import *import = &imports[i];
        const struct dz_element *by = dz_sheet_at(sheet, import->element);
        if (by->statement != DZ_NONE && dz_sheet_at(sheet, by->statement) == statement &&
            dz_input_is_import_of_hooks(sheet, import, DZ_HOOKS_ALL))
            return 1;
    }
    return 0;
}

static int binds_any(const struct dz_sheet *sheet, const struct dz_element *statement,
                     int (*is)(const char *))
{
    const struct dz_bind *binds = dz_sheet_binds(sheet, statement);
    for (uint32_t i = 0; i < statement->binds.n; i++)
        if (is(dz_sheet_string(sheet, binds[i].name)))
            return 1;
    return 0;
}

/* Who does not ask for it by its name does not have it (embed/cut/definition.c). */
static int is_plain_fixture(const struct dz_sheet *sheet, const struct dz_element *statement)
{
    uint32_t header =
        statement->flags & DZ_IS_DEF
            ? dz_sheet_find(sheet, DZ_HEADER, dz_sheet_string(sheet, statement->name), statement->k)
            : DZ_NONE;
    return header != DZ_NONE && dz_sheet_at(sheet, header)->flags & DZ_IS_FIXTURE;
}

static int is_of_hooks(const struct dz_sheet *sheet, const struct dz_element *statement,
                       uint32_t of)
{
    if (of == DZ_HOOKS_OF_SESSION)
        return binds_any(sheet, statement, is_sessions) || statement->flags & DZ_IS_STAR;
    if (binds_any(sheet, statement, is_hook))
        return 1;
    if (of == DZ_HOOKS_NOT_FIXTURES && is_plain_fixture(sheet, statement))
        return 0;
    return makes_fixture(sheet, statement) || imports_fixture(sheet, statement);
}

/* What a statement binds, by whichever statement of all that bind that name. */
static void add_hooks(struct hash *hash, const struct dz_sheet *sheet,
                      const struct dz_element *statement)
{
    const struct dz_bind *binds = dz_sheet_binds(sheet, statement);
    struct hash part;
    begin(&part, DZ_BINDING);
    put_fingerprint(&part, statement);
    for (uint32_t i = 0; i < statement->binds.n; i++) {
        put_text(&part, dz_sheet_string(sheet, binds[i].name));
        put_number(&part, binds[i].ordinal);
        put_number(&part, binds[i].mode);
    }
    add(hash, &part);
}

static void add_method(struct hash *hash, const struct dz_sheet *sheet,
                       const struct dz_element *header)
{
    struct hash part;
    begin(&part, DZ_HEADER);
    put_element(&part, sheet, header);
    put_fingerprint(&part, header);
    add(hash, &part);
}

/* pytest goes through a module's names in alphabetical order, so theirs does not count. */
static struct dz_fingerprint of_hooks(const struct dz_sheet *sheet, uint32_t of)
{
    struct hash hash;
    begin(&hash, DZ_INPUT_HOOKS);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (dz_is_statement(element) && is_of_hooks(sheet, element, of))
            add_hooks(&hash, sheet, element);
        else if (of == DZ_HOOKS_ALL && element->kind == DZ_HEADER && element->owner != DZ_NONE &&
                 is_decorated(sheet, element))
            add_method(&hash, sheet, element);
    }
    return hash.n ? end(&hash) : dz_absent;
}

static int is_fixture_of_module(const struct dz_sheet *sheet, const char *name)
{
    const struct dz_element *element;
    uint32_t at = 0, number = dz_scope_string(sheet, name);
    while ((element = next_binder(sheet, number, &at)))
        if (dz_is_statement(element) && is_plain_fixture(sheet, element))
            return 1;
    return 0;
}

static int is_last_name(const char *qualname, const char *name)
{
    const char *last = strrchr(qualname, '.');
    return last && strcmp(last + 1, name) == 0;
}

/* Of all classes: a test of one may have those of another by inheriting them. */
static struct dz_fingerprint of_fixture(const struct dz_sheet *sheet, const char *name, uint32_t of)
{
    struct hash hash;
    begin(&hash, DZ_INPUT_FIXTURE);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind == DZ_HEADER && element->flags & DZ_IS_FIXTURE &&
            is_last_name(dz_sheet_string(sheet, element->name), name))
            add_method(&hash, sheet,
                       of == DZ_NAME_BARE ? dz_sheet_at(sheet, outline_of(sheet, element))
                                          : element);
    }
    if (is_fixture_of_module(sheet, name)) {
        struct dz_fingerprint whole = of_name(sheet, name, of);
        XXH3_128bits_update(&hash.state, &whole, sizeof whole);
        hash.n++;
    }
    return hash.n ? end(&hash) : dz_absent;
}

/* ---- any ---- */

struct dz_fingerprint dz_input_of_sheet(const struct dz_sheet *sheet, const struct dz_input *input,
                                        const char *name)
{
    switch (input->kind) {
    case DZ_INPUT_ELEMENT:
        return of_element(sheet, input, name);
    case DZ_INPUT_NAME:
        return of_name(sheet, name, input->of);
    case DZ_INPUT_BOUND:
        return of_bound(sheet, name);
    case DZ_INPUT_EFFECTS:
        return of_effects(sheet, NULL);
    case DZ_INPUT_OUTSIDE:
        return of_effects(sheet, name);
    case DZ_INPUT_RAISES:
        return of_raises(sheet);
    case DZ_INPUT_ORDER:
        return of_order(sheet, name);
    case DZ_INPUT_CLASSES:
        return of_classes(sheet);
    case DZ_INPUT_SHAPE:
        return of_shape(sheet);
    case DZ_INPUT_HOOKS:
        return of_hooks(sheet, input->of);
    case DZ_INPUT_WHOLE:
        return of_whole(sheet);
    case DZ_INPUT_FIXTURE:
        return of_fixture(sheet, name, input->of);
    default:
        return dz_absent;
    }
}

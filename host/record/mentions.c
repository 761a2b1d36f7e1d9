#include "mentions.h"

#include <errno.h>
#include <string.h>

enum {
    IS_READ = DZ_READ_VALUE | DZ_READ_CALLED | DZ_READ_ITEM | DZ_READ_ANNOTATION,
    LOOKS_INTO = DZ_NAMES_NAMESPACE | DZ_NAMES_ATTRIBUTES | DZ_NAMES_INSPECTION | DZ_NAMES_CODE,
    PATH_MOST = 1024,
};

struct at {
    const struct dz_lefts *lefts;
    const struct dz_homes *homes;
    struct dz_mentions *mentions;
    const struct dz_sheet *sheet;
    uint32_t file;
    int failed; /* no memory */
};

static void set(struct at *at, struct dz_bits *bits, uint32_t number)
{
    if (dz_bits_set(bits, number) < 0)
        at->failed = 1;
}

static const char *string(const struct at *at, uint32_t number)
{
    return dz_sheet_string(at->sheet, number);
}

static uint32_t text_at(const struct at *at, uint32_t number)
{
    const char *text = string(at, number);
    return dz_lefts_text(at->lefts, text, strlen(text));
}

/* ---- modules ---- */

/* More of a module's path, by slashes. */
static void add_path(char *path, const char *dotted)
{
    size_t size = strlen(path), more = strlen(dotted);
    if (size + more + 2 > PATH_MOST)
        return;
    if (size && more)
        path[size++] = '/';
    memcpy(path + size, dotted, more + 1);
    for (char *dot = path + size; (dot = strchr(dot, '.'));)
        *dot = '/';
}

/* What this name of the module's stands for, if it is imported: pkg/module, or pkg/module/name. 0 where it is not, or not
 * once more: one of several imports may be the one that worked. */
static int next_import(const struct at *at, uint32_t bound, uint32_t *from, char *ret)
{
    const char *name = string(at, bound);
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(at->sheet, &n);
    while (*from < n) {
        const struct dz_import *import = &imports[(*from)++];
        if (import->bound != bound)
            continue;
        const char *module = string(at, import->module);
        size_t first = strcspn(module, ".");
        ret[0] = 0;
        add_path(ret, module);
        if (import->flags & DZ_IMPORT_FROM)
            add_path(ret, string(at, import->name));
        else if (strlen(name) == first && first < strlen(ret) && strncmp(module, name, first) == 0)
            ret[first] = 0; /* import a.b binds a */
        return 1;
    }
    return 0;
}

/* ---- names ---- */

static void mention_all_of(struct at *at, uint32_t file)
{
    uint32_t n;
    const uint32_t *lefts = dz_homes_of(at->homes, file, 0, &n);
    for (uint32_t i = 0; i < n; i++) {
        set(at, &at->mentions->names, lefts[i]);
        set(at, &at->mentions->handed_on, lefts[i]);
    }
}

static void mention_all_in(struct at *at, const char *module)
{
    uint32_t number = dz_homes_module(at->homes, module);
    for (uint32_t i = number ? at->homes->files_of[number - 1] : 0; i;
         i = at->homes->files[i - 1].next)
        mention_all_of(at, at->homes->files[i - 1].file);
}

static void mention_left(struct at *at, uint32_t number, uint32_t mode)
{
    const struct dz_left *left = &at->lefts->list[number];
    /* What is counted up only, or set, is not read. */
    if (!(mode & IS_READ) && !left->attribute && (left->is_number || !(mode & DZ_READ_AUGMENTED)))
        return;
    set(at, &at->mentions->names, number);
    if (mode & DZ_READ_VALUE)
        set(at, &at->mentions->handed_on, number);
}

static void mention_anywhere(struct at *at, uint32_t name, uint32_t mode)
{
    uint32_t i = name ? at->lefts->texts[name - 1].first : 0;
    for (; i; i = at->lefts->list[i - 1].next_of_name)
        mention_left(at, i - 1, mode);
}

static void mention_in_file(struct at *at, uint32_t name, uint32_t file, uint32_t mode)
{
    uint32_t n = 0;
    const uint32_t *lefts = name ? dz_homes_of(at->homes, file, name, &n) : NULL;
    for (uint32_t i = 0; i < n; i++)
        mention_left(at, lefts[i], mode);
}

static void mention_in_module(struct at *at, uint32_t name, const char *path, uint32_t mode)
{
    uint32_t number = name ? dz_homes_module(at->homes, path) : 0;
    for (uint32_t i = number ? at->homes->files_of[number - 1] : 0; i;
         i = at->homes->files[i - 1].next)
        mention_in_file(at, name, at->homes->files[i - 1].file, mode);
}

static void mention_attribute(struct at *at, uint32_t text, uint32_t mode)
{
    if (text && mode & IS_READ)
        set(at, &at->mentions->attributes, text);
    else if (text && mode & DZ_READ_AUGMENTED)
        set(at, &at->mentions->counted, text);
}

enum { CHAIN_MOST = 32 };

/* Names, the first one last. path: of what that one stands for, which is added to; NULL where that is not known. */
static void mention_members(struct at *at, const uint32_t *names, uint32_t n, char *path,
                            uint32_t mode)
{
    for (uint32_t i = n - 1; i-- > 0;) {
        uint32_t text = text_at(at, names[i]), its_mode = i ? (uint32_t)DZ_READ_CALLED : mode;
        if (path)
            mention_in_module(at, text, path, its_mode);
        else
            mention_anywhere(at, text, its_mode);
        mention_attribute(at, text, its_mode);
        if (path)
            add_path(path, string(at, names[i]));
    }
}

/* a.b.c: a is the module's own; b and c are attributes, or names of the modules a and a.b. */
static void mention_chain(struct at *at, uint32_t number, uint32_t mode)
{
    uint32_t names[CHAIN_MOST], n = 0, from = 0;
    char path[PATH_MOST];
    for (; number != DZ_NONE && n < CHAIN_MOST; number = dz_sheet_chain(at->sheet, number)->parent)
        names[n++] = dz_sheet_chain(at->sheet, number)->name;
    if (!n)
        return;
    mention_in_file(at, text_at(at, names[n - 1]), at->file, n == 1 ? mode : DZ_READ_CALLED);
    int is_imported = 0;
    while (next_import(at, names[n - 1], &from, path)) {
        is_imported = 1;
        if (n == 1 && mode & DZ_READ_VALUE)
            mention_all_in(at, path);
        mention_members(at, names, n, path, mode);
    }
    if (!is_imported)
        mention_members(at, names, n, NULL, mode);
}

/* A string may spell a name on its way to anywhere. */
static void mention_word(struct at *at, uint32_t number)
{
    for (; number != DZ_NONE; number = dz_sheet_chain(at->sheet, number)->parent) {
        uint32_t text = text_at(at, dz_sheet_chain(at->sheet, number)->name);
        mention_anywhere(at, text, DZ_READ_VALUE);
        mention_attribute(at, text, DZ_READ_VALUE);
    }
}

/* ---- codes ---- */

static void mention_element(struct at *at, uint32_t number)
{
    const struct dz_element *element = dz_sheet_at(at->sheet, number);
    const struct dz_read *reads = dz_sheet_reads(at->sheet, element);
    const uint32_t *words = dz_sheet_words(at->sheet, element);
    const struct dz_attribute *attributes = dz_sheet_attributes(at->sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++)
        mention_chain(at, reads[i].chain, reads[i].mode);
    for (uint32_t i = 0; i < element->words.n; i++)
        mention_word(at, words[i]);
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        uint32_t text = text_at(at, attributes[i].name);
        mention_anywhere(at, text, attributes[i].mode);
        mention_attribute(at, text, attributes[i].mode);
    }
    if (element->flags & DZ_NAMES_NAMESPACE)
        mention_all_of(at, at->file);
    at->mentions->looks_into |= (element->flags & LOOKS_INTO) != 0;
}

/* Imports within a function bind names of its own: of what it takes from a module, or the module itself. */
static void mention_imports(struct at *at, uint32_t element)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(at->sheet, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (imports[i].element != element)
            continue;
        char module[PATH_MOST] = "";
        add_path(module, string(at, imports[i].module));
        uint32_t name = imports[i].name == DZ_NONE ? 0 : text_at(at, imports[i].name);
        if (imports[i].name != DZ_NONE && *module)
            mention_in_module(at, name, module, DZ_READ_VALUE);
        else if (imports[i].name != DZ_NONE)
            mention_anywhere(at, name, DZ_READ_VALUE);
        else if (dz_sheet_at(at->sheet, element)->flags & LOOKS_INTO)
            mention_all_in(at, module);
    }
}

/* A method has its class at hand. */
static void mention_class(struct at *at, const char *qualname)
{
    size_t size = strcspn(qualname, ".");
    if (qualname[size])
        mention_in_file(at, dz_lefts_text(at->lefts, qualname, size), at->file, DZ_READ_CALLED);
}

/* The statements of a module are all that is not in functions. */
static void mention_module(struct at *at)
{
    for (uint32_t i = 0; i < dz_sheet_n(at->sheet); i++)
        if (dz_sheet_at(at->sheet, i)->kind != DZ_FUNCTION) {
            mention_element(at, i);
            mention_imports(at, i);
        }
}

int dz_mentions_of(struct dz_mentions *ret, const struct dz_lefts *lefts,
                   const struct dz_homes *homes, const struct dz_observations *all,
                   struct dz_elements *elements, uint32_t code)
{
    const struct dz_observed_code *observed = &all->codes[code];
    struct dz_joined joined = dz_elements_of(elements, code);
    ret->is_known = 1;
    if (!joined.sheet || joined.element == DZ_NONE) {
        ret->reads_all = joined.why != DZ_UNKNOWN_FOREIGN;
        return 0;
    }
    struct at at = {lefts, homes, ret, joined.sheet, observed->file, 0};
    if (observed->kind == DZ_CODE_MODULE)
        mention_module(&at);
    else {
        mention_element(&at, joined.element);
        mention_imports(&at, joined.element);
        mention_class(&at, observed->name ? all->strings[observed->name - 1] : "");
    }
    return at.failed ? -ENOMEM : 0;
}

/* ---- all that was mentioned ---- */

int dz_mentions_add(struct dz_mentions *to, const struct dz_mentions *more)
{
    to->reads_all |= more->reads_all;
    to->looks_into |= more->looks_into;
    return dz_bits_or(&to->names, &more->names) < 0 ||
                   dz_bits_or(&to->handed_on, &more->handed_on) < 0 ||
                   dz_bits_or(&to->attributes, &more->attributes) < 0 ||
                   dz_bits_or(&to->counted, &more->counted) < 0
               ? -ENOMEM
               : 0;
}

int dz_mentions_read(const struct dz_mentions *mentions, const struct dz_lefts *lefts,
                     uint32_t element)
{
    const struct dz_left *left = &lefts->list[element];
    if (mentions->reads_all)
        return 1;
    if (!dz_bits_has(&mentions->names, element))
        return 0;
    return !left->attribute || mentions->looks_into || dz_bits_has(&mentions->handed_on, element) ||
           dz_bits_has(&mentions->attributes, left->attribute) ||
           (!left->is_number && dz_bits_has(&mentions->counted, left->attribute));
}

void dz_mentions_clear(struct dz_mentions *mentions)
{
    mentions->reads_all = mentions->looks_into = 0;
    dz_bits_clear(&mentions->names);
    dz_bits_clear(&mentions->handed_on);
    dz_bits_clear(&mentions->attributes);
    dz_bits_clear(&mentions->counted);
}

void dz_mentions_free(struct dz_mentions *mentions)
{
    dz_bits_free(&mentions->names);
    dz_bits_free(&mentions->handed_on);
    dz_bits_free(&mentions->attributes);
    dz_bits_free(&mentions->counted);
}

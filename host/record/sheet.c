/* The form of a sheet: a head, then its parts one behind the other, each an array of records as sheet_format.h has them,
 * the text last. The head counts the records of each part; strings are stretches of the text, chains are links of strings,
 * and an element owns a range of each list (binds, reads, …).
 *
 * It lies in the file as it lies in memory, so that reading one is a checksum and a walk over the records; it is remade
 * from the source at any time, so there is no other byte order and no older version to understand. A sheet comes from
 * another process, and from a cache that others can write: each bound is checked here, once, and by nobody later. */
#include "sheet.h"

#include "../base/mem.h"
#include "scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct dz_sheet {
    struct dz_sheet_head head;
#define DZ_PART(name, type) const type *name;
    DZ_SHEET_PARTS
#undef DZ_PART
    char *bytes;
    uint32_t *by_line; /* functions and classes, by first line */
    uint32_t n_by_line;
    struct dz_scope scope;
};

/* ---- reading ---- */

static const uint32_t record_sizes[] = {
#define DZ_PART(name, type) sizeof(type),
    DZ_SHEET_PARTS
#undef DZ_PART
};

static uint64_t body_size(const struct dz_sheet_head *head)
{
    uint64_t size = 0;
    for (int part = 0; part < DZ_SHEET_PART_COUNT; part++)
        size += (uint64_t)head->n[part] * record_sizes[part];
    return size;
}

static uint64_t check_of(const char *bytes, size_t size)
{
    size_t from = offsetof(struct dz_sheet_head, version);
    return XXH3_64bits(bytes + from, size - from);
}

static int read_head(struct dz_sheet *sheet, const char *bytes, size_t size, struct dz_err *err)
{
    struct dz_sheet_head *head = &sheet->head;
    if (size < sizeof *head)
        return dz_fail(err, -EBADMSG, "a sheet of %zu bytes is too short", size);
    memcpy(head, bytes, sizeof *head);
    if (memcmp(head->magic, DZ_SHEET_MAGIC, sizeof head->magic) != 0)
        return dz_fail(err, -EBADMSG, "this is no sheet");
    if (head->version != DZ_SHEET_VERSION)
        return dz_fail(err, -ESTALE, "a sheet of version %u, where %d is in use", head->version,
                       DZ_SHEET_VERSION);
    if (body_size(head) != size - sizeof *head || head->check != check_of(bytes, size))
        return dz_fail(err, -EBADMSG, "a sheet is damaged");
    return 0;
}

static void find_parts(struct dz_sheet *sheet)
{
    const char *at = sheet->bytes + sizeof sheet->head;
#define DZ_PART(name, type)         \
    sheet->name = (const void *)at; \
    at += (size_t)sheet->head.n[DZ_PART_##name] * sizeof(type);
    DZ_SHEET_PARTS
#undef DZ_PART
}

static int is_below(uint32_t number, const struct dz_sheet *sheet, enum dz_sheet_part part)
{
    return number < sheet->head.n[part];
}

static int is_none_or_below(uint32_t number, const struct dz_sheet *sheet, enum dz_sheet_part part)
{
    return number == DZ_NONE || is_below(number, sheet, part);
}

static int is_range(const struct dz_range *range, const struct dz_sheet *sheet,
                    enum dz_sheet_part part)
{
    uint32_t n = sheet->head.n[part];
    return range->at <= n && range->n <= n - range->at;
}

static int strings_are_right(const struct dz_sheet *sheet)
{
    uint32_t n_text = sheet->head.n[DZ_PART_text];
    for (uint32_t i = 0; i < sheet->head.n[DZ_PART_strings]; i++) {
        const struct dz_sheet_string *string = &sheet->strings[i];
        if (string->at >= n_text || string->size >= n_text - string->at ||
            strnlen(sheet->text + string->at, string->size + 1) != string->size)
            return 0;
    }
    return is_none_or_below(sheet->head.problem, sheet, DZ_PART_strings);
}

static int chains_are_right(const struct dz_sheet *sheet)
{
    for (uint32_t i = 0; i < sheet->head.n[DZ_PART_chains]; i++) {
        const struct dz_chain *chain = &sheet->chains[i];
        if ((chain->parent != DZ_NONE && chain->parent >= i) ||
            !is_below(chain->name, sheet, DZ_PART_strings))
            return 0;
    }
    return 1;
}

/* What an element is part of comes before it, so that nobody can walk in a circle. */
static int element_is_right(const struct dz_sheet *sheet, uint32_t i)
{
    const struct dz_element *element = &sheet->elements[i];
    return element->kind < DZ_ELEMENT_KINDS && (element->kind == DZ_MODULE) == (i == 0) &&
           is_below(element->name, sheet, DZ_PART_strings) && element->k > 0 &&
           (element->owner == DZ_NONE ||
            (element->owner < i && sheet->elements[element->owner].kind == DZ_CLASS)) &&
           (element->statement == DZ_NONE || element->statement <= i) &&
           element->first_line <= element->last_line &&
           is_range(&element->binds, sheet, DZ_PART_binds) &&
           is_range(&element->reads, sheet, DZ_PART_reads) &&
           is_range(&element->words, sheet, DZ_PART_words) &&
           is_range(&element->paths, sheet, DZ_PART_paths) &&
           is_range(&element->attributes, sheet, DZ_PART_attributes);
}

static int elements_are_right(const struct dz_sheet *sheet)
{
    uint32_t n = sheet->head.n[DZ_PART_elements];
    for (uint32_t i = 0; i < n; i++)
        if (!element_is_right(sheet, i))
            return 0;
    return n > 0 || sheet->head.problem != DZ_NONE;
}

static int all_below(const uint32_t *numbers, const struct dz_sheet *sheet, enum dz_sheet_part list,
                     enum dz_sheet_part part)
{
    for (uint32_t i = 0; i < sheet->head.n[list]; i++)
        if (!is_below(numbers[i], sheet, part))
            return 0;
    return 1;
}

static int lists_are_right(const struct dz_sheet *sheet)
{
    for (uint32_t i = 0; i < sheet->head.n[DZ_PART_binds]; i++)
        if (!is_below(sheet->binds[i].name, sheet, DZ_PART_strings))
            return 0;
    for (uint32_t i = 0; i < sheet->head.n[DZ_PART_reads]; i++)
        if (!is_below(sheet->reads[i].chain, sheet, DZ_PART_chains))
            return 0;
    for (uint32_t i = 0; i < sheet->head.n[DZ_PART_attributes]; i++)
        if (!is_below(sheet->attributes[i].name, sheet, DZ_PART_strings))
            return 0;
    for (uint32_t i = 0; i < sheet->head.n[DZ_PART_imports]; i++) {
        const struct dz_import *import = &sheet->imports[i];
        if (!is_below(import->element, sheet, DZ_PART_elements) ||
            !is_below(import->module, sheet, DZ_PART_strings) ||
            !is_none_or_below(import->name, sheet, DZ_PART_strings) ||
            !is_none_or_below(import->bound, sheet, DZ_PART_strings))
            return 0;
    }
    return all_below(sheet->words, sheet, DZ_PART_words, DZ_PART_chains) &&
           all_below(sheet->paths, sheet, DZ_PART_paths, DZ_PART_strings);
}

/* ---- the order of first lines ---- */

static int by_first_line(const void *a, const void *b, void *elements)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct dz_element *all = elements;
    uint32_t left = all[i].first_line, right = all[j].first_line;
    return left != right ? (left < right ? -1 : 1) : i < j ? -1 : i > j;
}

static int sort_by_line(struct dz_sheet *sheet)
{
    uint32_t n = sheet->head.n[DZ_PART_elements];
    sheet->by_line = dz_alloc(n * sizeof *sheet->by_line);
    if (!sheet->by_line)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (sheet->elements[i].kind == DZ_FUNCTION || sheet->elements[i].kind == DZ_CLASS)
            sheet->by_line[sheet->n_by_line++] = i;
    qsort_r(sheet->by_line, sheet->n_by_line, sizeof *sheet->by_line, by_first_line,
            (void *)sheet->elements);
    return 0;
}

static int read_all(struct dz_sheet *sheet, const char *bytes, size_t size, struct dz_err *err)
{
    int r = read_head(sheet, bytes, size, err);
    if (r < 0)
        return r;
    sheet->bytes = dz_memdup(bytes, size);
    if (!sheet->bytes)
        return dz_fail(err, -ENOMEM, "no memory for a sheet");
    find_parts(sheet);
    if (!strings_are_right(sheet) || !chains_are_right(sheet) || !elements_are_right(sheet) ||
        !lists_are_right(sheet))
        return dz_fail(err, -EBADMSG, "a sheet contradicts itself");
    r = sort_by_line(sheet);
    if (r == 0)
        r = dz_scope_make(&sheet->scope, sheet);
    return r == -EBADMSG ? dz_fail(err, r, "a sheet contradicts itself")
           : r < 0       ? dz_fail(err, r, "no memory for a sheet")
                         : 0;
}

struct dz_sheet *dz_sheet_new(const void *bytes, size_t size, struct dz_err *err)
{
    struct dz_sheet *sheet = dz_alloc(sizeof *sheet);
    if (!sheet)
        dz_fail(err, -ENOMEM, "no memory for a sheet");
    else if (read_all(sheet, bytes, size, err) < 0) {
        dz_sheet_free(sheet);
        return NULL;
    }
    return sheet;
}

void dz_sheet_free(struct dz_sheet *sheet)
{
    if (!sheet)
        return;
    dz_free(sheet->bytes);
    dz_free(sheet->by_line);
    dz_scope_free(&sheet->scope);
    dz_free(sheet);
}

/* ---- what is in it ---- */

const struct dz_sheet_head *dz_sheet_head(const struct dz_sheet *sheet)
{
    return &sheet->head;
}

const struct dz_scope *dz_sheet_scope(const struct dz_sheet *sheet)
{
    return &sheet->scope;
}

const char *dz_sheet_problem(const struct dz_sheet *sheet)
{
    return sheet->head.problem == DZ_NONE ? NULL : dz_sheet_string(sheet, sheet->head.problem);
}

uint32_t dz_sheet_n(const struct dz_sheet *sheet)
{
    return sheet->head.n[DZ_PART_elements];
}

const struct dz_element *dz_sheet_at(const struct dz_sheet *sheet, uint32_t element)
{
    return &sheet->elements[element];
}

const char *dz_sheet_string(const struct dz_sheet *sheet, uint32_t string)
{
    return sheet->text + sheet->strings[string].at;
}

const struct dz_chain *dz_sheet_chain(const struct dz_sheet *sheet, uint32_t chain)
{
    return &sheet->chains[chain];
}

/* Backwards into room of the right size: a chain may be long, the stack is not. */
void dz_sheet_put_chain(const struct dz_sheet *sheet, uint32_t chain, struct dz_buf *to)
{
    size_t size = 0;
    for (uint32_t at = chain; at != DZ_NONE; at = sheet->chains[at].parent)
        size += sheet->strings[sheet->chains[at].name].size + 1;
    char *room = dz_buf_room(to, size);
    if (!room)
        return;
    to->len += size - 1;
    for (uint32_t at = chain; at != DZ_NONE; at = sheet->chains[at].parent) {
        const struct dz_sheet_string *name = &sheet->strings[sheet->chains[at].name];
        room[--size] = '.';
        size -= name->size;
        memcpy(room + size, sheet->text + name->at, name->size);
    }
}

const struct dz_bind *dz_sheet_binds(const struct dz_sheet *sheet, const struct dz_element *element)
{
    return sheet->binds + element->binds.at;
}

const struct dz_read *dz_sheet_reads(const struct dz_sheet *sheet, const struct dz_element *element)
{
    return sheet->reads + element->reads.at;
}

const uint32_t *dz_sheet_words(const struct dz_sheet *sheet, const struct dz_element *element)
{
    return sheet->words + element->words.at;
}

const uint32_t *dz_sheet_paths(const struct dz_sheet *sheet, const struct dz_element *element)
{
    return sheet->paths + element->paths.at;
}

const struct dz_attribute *dz_sheet_attributes(const struct dz_sheet *sheet,
                                               const struct dz_element *element)
{
    return sheet->attributes + element->attributes.at;
}

const struct dz_import *dz_sheet_imports(const struct dz_sheet *sheet, uint32_t *ret_n)
{
    *ret_n = sheet->head.n[DZ_PART_imports];
    return sheet->imports;
}

/* ---- looking up ---- */

/* The first of by_line at or behind a line. */
static uint32_t lower_bound(const struct dz_sheet *sheet, uint32_t line)
{
    uint32_t low = 0, high = sheet->n_by_line;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sheet->elements[sheet->by_line[middle]].first_line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_named(const struct dz_sheet *sheet, const struct dz_element *element,
                    const char *name, size_t size)
{
    const struct dz_sheet_string *string = &sheet->strings[element->name];
    return string->size == size && memcmp(sheet->text + string->at, name, size) == 0;
}

static int ends_in(const struct dz_sheet *sheet, const struct dz_element *element, const char *name)
{
    const struct dz_sheet_string *string = &sheet->strings[element->name];
    size_t size = strlen(name);
    const char *text = sheet->text + string->at;
    return string->size > size && text[string->size - size - 1] == '.' &&
           strcmp(text + string->size - size, name) == 0;
}

/* By its whole name, or the last part of it. */
static uint32_t find_first(const struct dz_sheet *sheet, uint32_t line, enum dz_element_kind kind,
                           const char *name)
{
    uint32_t found = DZ_NONE;
    for (uint32_t i = lower_bound(sheet, line); i < sheet->n_by_line; i++) {
        const struct dz_element *element = &sheet->elements[sheet->by_line[i]];
        if (element->first_line != line)
            break;
        if (element->kind == kind && (!name || is_named(sheet, element, name, strlen(name))))
            return sheet->by_line[i];
        if (element->kind == kind && found == DZ_NONE && ends_in(sheet, element, name))
            found = sheet->by_line[i];
    }
    return found;
}

static int covers(const struct dz_element *element, uint32_t line)
{
    return element->first_line <= line && line <= element->last_line;
}

/* The smaller of two that cover a line, or of equal ones the last: elements lie in each other and not across. */
static uint32_t smaller(const struct dz_sheet *sheet, uint32_t found, uint32_t other)
{
    const struct dz_element *best = found == DZ_NONE ? NULL : &sheet->elements[found];
    const struct dz_element *element = &sheet->elements[other];
    return !best || element->last_line - element->first_line <= best->last_line - best->first_line
               ? other
               : found;
}

static int is_around(const struct dz_sheet *sheet, uint32_t i, uint32_t line, uint32_t kinds)
{
    return kinds & (1u << sheet->elements[i].kind) && covers(&sheet->elements[i], line);
}

static uint32_t find_around(const struct dz_sheet *sheet, uint32_t line, uint32_t kinds)
{
    uint32_t found = DZ_NONE;
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++)
        if (is_around(sheet, i, line, kinds))
            found = smaller(sheet, found, i);
    return found;
}

static uint32_t find_named_around(const struct dz_sheet *sheet, uint32_t line, uint32_t kinds,
                                  const char *name)
{
    uint32_t n, found = DZ_NONE;
    const uint32_t *named = dz_scope_named(sheet, dz_scope_string(sheet, name), &n);
    for (uint32_t i = 0; i < n; i++)
        if (is_around(sheet, named[i], line, kinds))
            found = smaller(sheet, found, named[i]);
    return found;
}

/* Code that python makes of annotations (3.14 on) is no part of the body. */
static int is_annotate(const char *qualname)
{
    const char *last = qualname ? strrchr(qualname, '.') : NULL;
    return qualname && strcmp(last ? last + 1 : qualname, "__annotate__") == 0;
}

/* Type parameters (3.12 on) are made by code of their own, with the header, while the body does not run: its name is that
 * of the definition, within brackets. */
static uint32_t find_generic(const struct dz_sheet *sheet, uint32_t line, const char *qualname)
{
    static const char mark[] = "<generic parameters of ";
    const char *at = qualname ? strstr(qualname, mark) : NULL;
    dz_autobuf struct dz_buf name = {0};
    if (!at || strstr(qualname, ".<locals>."))
        return DZ_NONE;
    dz_buf_put(&name, qualname, (size_t)(at - qualname));
    at += sizeof mark - 1;
    dz_buf_put(&name, at, strcspn(at, ">"));
    dz_buf_put(&name, "", 1);
    return dz_buf_ok(&name) ? find_named_around(sheet, line, 1 << DZ_HEADER, name.data) : DZ_NONE;
}

enum { CODE = 1 << DZ_FUNCTION | 1 << DZ_CLASS, STATEMENT = 1 << DZ_BINDING | 1 << DZ_EFFECT };

/* By the outermost name: what follows `.<locals>.` is in it. Code whose name was declared global, and what python adds by
 * itself, has only its line. */
static uint32_t find_function(const struct dz_sheet *sheet, uint32_t line,
                              enum dz_element_kind kind, const char *qualname)
{
    const char *locals = qualname ? strstr(qualname, ".<locals>.") : NULL;
    dz_autobuf struct dz_buf outermost = {0};
    if (!locals)
        return find_first(sheet, line, kind, qualname);
    dz_buf_put(&outermost, qualname, (size_t)(locals - qualname));
    dz_buf_put(&outermost, "", 1);
    return dz_buf_ok(&outermost) ? find_named_around(sheet, line, 1 << DZ_FUNCTION, outermost.data)
                                 : DZ_NONE;
}

uint32_t dz_sheet_find_code(const struct dz_sheet *sheet, uint32_t line, enum dz_code_kind kind,
                            const char *qualname)
{
    if (dz_sheet_n(sheet) == 0)
        return DZ_NONE;
    if (kind == DZ_CODE_MODULE || kind == DZ_CODE_PACKAGE)
        return 0;
    if (kind == DZ_CODE_GENERATED)
        return dz_sheet_find_line(sheet, line);
    uint32_t found = DZ_NONE;
    if (is_annotate(qualname))
        found = find_around(sheet, line, 1 << DZ_ANNOTATION);
    if (found == DZ_NONE)
        found = find_generic(sheet, line, qualname);
    if (found == DZ_NONE)
        found =
            find_function(sheet, line, kind == DZ_CODE_CLASS ? DZ_CLASS : DZ_FUNCTION, qualname);
    if (found == DZ_NONE)
        found = find_around(sheet, line, CODE);
    if (found == DZ_NONE)
        found = find_around(sheet, line, STATEMENT);
    return found;
}

uint32_t dz_sheet_find_line(const struct dz_sheet *sheet, uint32_t line)
{
    uint32_t found = find_around(sheet, line, CODE);
    if (found == DZ_NONE)
        found = find_around(sheet, line, STATEMENT);
    return found == DZ_NONE && dz_sheet_n(sheet) ? 0 : found;
}

uint32_t dz_sheet_find(const struct dz_sheet *sheet, enum dz_element_kind kind, const char *name,
                       uint32_t k)
{
    uint32_t n;
    const uint32_t *named = dz_scope_named(sheet, dz_scope_string(sheet, name), &n);
    for (uint32_t i = 0; i < n; i++)
        if (sheet->elements[named[i]].kind == kind && sheet->elements[named[i]].k == k)
            return named[i];
    return DZ_NONE;
}

const char *dz_element_kind_name(uint32_t kind)
{
    static const char *const names[] = {"module", "function", "header", "annotation", "docstring",
                                        "class",  "binding",  "effect", "bare",       "outline"};
    return kind < DZ_ELEMENT_KINDS ? names[kind] : "unknown";
}

#include "items.h"

#include "../base/mem.h"

#include <string.h>

/* What an example names is its module's: where that has no such name, one that comes would be read, before a builtin and before
 * what a fixture has put into the doctest's namespace. */
static void read_examples(struct dz_reader *reader, uint32_t number)
{
    const struct dz_element *docstring = dz_sheet_at(reader->sheet, number);
    const uint32_t *words = dz_sheet_words(reader->sheet, docstring);
    dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, number);
    for (uint32_t i = 0; i < docstring->words.n; i++) {
        struct dz_dotted chain;
        dz_dotted_take(&chain, reader->sheet, words[i], DZ_READ_VALUE);
        dz_reader_start_over(reader);
        dz_read_in(reader, reader->file, &chain);
    }
}

/* The number of docstrings of that name: a setter has the name of its getter. */
static uint32_t read_docstrings(struct dz_reader *reader, const char *name)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++) {
        const struct dz_element *element = dz_sheet_at(reader->sheet, i);
        if (element->kind != DZ_DOCSTRING ||
            strcmp(dz_sheet_string(reader->sheet, element->name), name) != 0)
            continue;
        read_examples(reader, i);
        n++;
    }
    return n;
}

/* Whether a module of that name can have come from this file: pkg.shop, /…/pkg/shop.py. */
static int is_module_of(const char *path, const char *name, size_t size)
{
    static const char *const ends[] = {"/__init__.py", ".py"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]), k = 0;
        if (length <= end + size || strcmp(path + length - end, ends[i]) != 0)
            continue;
        const char *at = path + length - end - size;
        while (k < size && at[k] == (name[k] == '.' ? '/' : name[k]))
            k++;
        if (k == size && at[-1] == '/')
            return 1;
    }
    return 0;
}

uint32_t dz_read_doctest(struct dz_reader *reader, const char *name)
{
    const char *path = dz_names_file_text(reader->names, reader->file);
    uint32_t n = 0;
    for (size_t size = strcspn(name, ".");; size += 1 + strcspn(name + size + 1, ".")) {
        if (is_module_of(path, name, size))
            n += read_docstrings(reader, name[size] ? name + size + 1 : "<module>");
        if (!name[size])
            return n;
    }
}

void dz_names_item(struct dz_names *names, uint32_t from, uint32_t file, const char *name)
{
    struct dz_reader reader = {
        .names = names, .from = from, .file = file, .sheet = dz_names_sheet(names, file)};
    if (reader.sheet && dz_read_doctest(&reader, name))
        return;
    /* Nobody knows what was made of the file. */
    dz_reader_link(&reader, DZ_VERTEX_BYTES, file, 0);
    dz_reader_link(&reader, DZ_VERTEX_SHAPE, file, 0);
}

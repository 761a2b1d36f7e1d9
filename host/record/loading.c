#include "loading.h"

#include "../base/mem.h"
#include "importing.h"
#include "inputs.h"
#include "touch.h"

typedef void dz_met(void *of, uint32_t file);

/* Its package is imported before it. */
static uint32_t package_of(const struct dz_names *names, uint32_t file)
{
    uint32_t package = dz_modules_relative(&names->modules, file, 1, "");
    return package == file ? dz_modules_relative(&names->modules, file, 2, "") : package;
}

/* DZ_NONE: what is imported with the module; else what this element imports when it runs. */
static void each_import(struct dz_names *names, uint32_t file, uint32_t element, dz_met *met,
                        void *of)
{
    uint32_t n, targets[DZ_TARGETS_MOST];
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    const struct dz_import *imports = sheet ? dz_sheet_imports(sheet, &n) : NULL;
    for (uint32_t i = 0; sheet && i < n; i++) {
        if (element == DZ_NONE ? !dz_is_at_top(sheet, &imports[i])
                               : imports[i].element != element || dz_is_at_top(sheet, &imports[i]))
            continue;
        uint32_t n_targets = dz_import_targets(names, sheet, file, &imports[i], targets);
        for (uint32_t k = 0; k < n_targets; k++)
            met(of, targets[k]);
    }
}

static void load(void *of, uint32_t file)
{
    dz_reader_link(of, DZ_VERTEX_LOADED, file, 0);
}

/* Statements may raise by what they read and run, too. */
void dz_expand_loaded(struct dz_reader *reader)
{
    dz_names_source_input(reader->names, reader->from, reader->file,
                          (struct dz_input){.kind = DZ_INPUT_RAISES});
    uint32_t package = package_of(reader->names, reader->file);
    if (package)
        load(reader, package);
    if (!reader->sheet)
        return;
    each_import(reader->names, reader->file, DZ_NONE, load, reader);
    dz_reader_link(reader, DZ_VERTEX_RAN, reader->file, 0);
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++)
        if (dz_may_raise(reader->sheet, dz_sheet_at(reader->sheet, i)))
            dz_read_statement(reader, i);
}

/* ---- what is loaded with a file ---- */

struct loading {
    struct dz_names *names;
    struct dz_bits *loaded;
    uint32_t *list, n, cap;
};

static void note_loaded(void *of, uint32_t file)
{
    struct loading *loading = of;
    if (!file || dz_bits_has(loading->loaded, file))
        return;
    if (dz_bits_set(loading->loaded, file) < 0 ||
        !dz_has_room(&loading->list, loading->n, &loading->cap, sizeof *loading->list)) {
        loading->names->links->failed = 1;
        return;
    }
    loading->list[loading->n++] = file;
}

static const struct dz_bits *loaded_with(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    struct loading loading = {.names = names, .loaded = &info->loaded};
    if (dz_bits_has(&info->loaded, file))
        return &info->loaded;
    note_loaded(&loading, file);
    for (uint32_t i = 0; i < loading.n; i++) {
        note_loaded(&loading, package_of(names, loading.list[i]));
        each_import(names, loading.list[i], DZ_NONE, note_loaded, &loading);
    }
    dz_free(loading.list);
    return &info->loaded;
}

struct late {
    struct dz_names *names;
    uint32_t vertex, file;
};

static void load_late(void *of, uint32_t file)
{
    const struct late *late = of;
    if (!late->file || !dz_bits_has(loaded_with(late->names, late->file), file))
        dz_links_edge(late->names->links, late->vertex,
                      dz_names_vertex(late->names, DZ_VERTEX_LOADED, file, 0));
}

void dz_load_late(struct dz_names *names, uint32_t vertex, uint32_t file, uint32_t code)
{
    struct late late = {names, vertex, file};
    struct dz_joined joined = dz_elements_of(names->elements, code);
    if (joined.why == DZ_KNOWN && dz_sheet_at(joined.sheet, joined.element)->kind == DZ_FUNCTION)
        each_import(names, names->all->codes[code].file, joined.element, load_late, &late);
}

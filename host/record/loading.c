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
void dz_expand_raises(struct dz_reader *reader)
{
    dz_names_source_input(reader->names, reader->from, reader->file,
                          (struct dz_input){.kind = DZ_INPUT_RAISES});
    dz_reader_link(reader, DZ_VERTEX_RAN, reader->file, 0);
    for (uint32_t i = 0; reader->sheet && i < dz_sheet_n(reader->sheet); i++)
        if (dz_may_raise(reader->sheet, dz_sheet_at(reader->sheet, i)))
            dz_read_statement(reader, i);
}

void dz_expand_loaded(struct dz_reader *reader)
{
    uint32_t package = package_of(reader->names, reader->file);
    dz_reader_link(reader, DZ_VERTEX_RAISES, reader->file, 0);
    if (package)
        load(reader, package);
    each_import(reader->names, reader->file, DZ_NONE, load, reader);
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

static int is_loaded(struct dz_names *names, const struct dz_loaded *loaded, uint32_t file)
{
    for (uint32_t i = 0; i < loaded->n; i++)
        if (dz_bits_has(loaded_with(names, loaded->files[i]), file))
            return 1;
    return 0;
}

void dz_load_module(struct dz_names *names, uint32_t vertex, const struct dz_loaded *loaded,
                    uint32_t file)
{
    const struct dz_bits *all = is_loaded(names, loaded, file) ? NULL : loaded_with(names, file);
    for (uint32_t each = 0; all && (each = dz_bits_next(all, each)) != UINT32_MAX; each++)
        if (!is_loaded(names, loaded, each))
            dz_links_edge(names->links, vertex, dz_names_vertex(names, DZ_VERTEX_RAISES, each, 0));
}

struct late {
    struct dz_names *names;
    uint32_t vertex;
    const struct dz_loaded *loaded;
};

static void load_late(void *of, uint32_t file)
{
    const struct late *late = of;
    dz_load_module(late->names, late->vertex, late->loaded, file);
}

static int imports_late(const struct dz_joined *joined)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(joined->sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (imports[i].element == joined->element && !dz_is_at_top(joined->sheet, &imports[i]))
            return 1;
    return 0;
}

/* Asked of each code once. */
static int is_late(struct dz_names *names, uint32_t code)
{
    if (!dz_bits_has(&names->late_known, code)) {
        struct dz_joined joined = dz_elements_of(names->elements, code);
        int is = joined.why == DZ_KNOWN &&
                 dz_sheet_at(joined.sheet, joined.element)->kind == DZ_FUNCTION &&
                 imports_late(&joined);
        names->links->failed |= dz_bits_set(&names->late_known, code) < 0 ||
                                (is && dz_bits_set(&names->late, code) < 0);
    }
    return dz_bits_has(&names->late, code);
}

void dz_load_late(struct dz_names *names, uint32_t vertex, const struct dz_loaded *loaded,
                  uint32_t code)
{
    struct late late = {names, vertex, loaded};
    if (is_late(names, code))
        each_import(names, names->all->codes[code].file,
                    dz_elements_of(names->elements, code).element, load_late, &late);
}

#include "importing.h"

#include "../base/buf.h"
#include "outside.h"
#include "touch.h"

#include <string.h>

enum { REACHES_NOT = 1, REACHES };

/* ---- whom an import imports ---- */

static void add_target(uint32_t *targets, uint32_t *n, uint32_t file)
{
    if (file && *n < DZ_TARGETS_MOST)
        targets[(*n)++] = file;
}

uint32_t dz_import_targets(struct dz_names *names, const struct dz_sheet *sheet, uint32_t file,
                           const struct dz_import *import, uint32_t targets[DZ_TARGETS_MOST])
{
    uint32_t n = 0, n_found;
    const char *module = dz_sheet_string(sheet, import->module);
    const char *name = import->name == DZ_NONE ? "" : dz_sheet_string(sheet, import->name);
    dz_autobuf struct dz_buf both = {0};
    dz_buf_fmt(&both, "%s%s%s", module, *module && *name ? "." : "", name);
    const char *const dotted[] = {module, dz_buf_ok(&both) ? both.data : module};
    for (int i = 0; i < 2; i++) {
        if (!*dotted[i] || (i && !*name))
            continue;
        if (import->level) {
            add_target(targets, &n,
                       dz_modules_relative(&names->modules, file, import->level, dotted[i]));
            continue;
        }
        const struct dz_module_file *found =
            dz_modules_named(&names->modules, dotted[i], strlen(dotted[i]), &n_found);
        for (uint32_t k = 0; k < n_found; k++)
            add_target(targets, &n, found[k].file);
    }
    return n;
}

/* Values that pytest takes from a module: what made them, and at what that looked. Those that parametrize tests are theirs. */
static void read_values_of_hooks(struct dz_reader *reader, enum dz_hooks of)
{
    struct dz_input hooks = {.kind = DZ_INPUT_HOOKS, .of = of};
    static const char *const names[] = {"pytestmark", "pytest_plugins", "collect_ignore",
                                        "collect_ignore_glob", "__test__"};
    hooks.fingerprint = dz_input_of_sheet(reader->sheet, &hooks, "");
    if (memcmp(&hooks.fingerprint, &dz_absent, sizeof dz_absent) != 0)
        dz_reader_link(reader, DZ_VERTEX_LOOKED, reader->file, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (dz_is_bound(reader->sheet, names[i]))
            dz_reader_link(reader, DZ_VERTEX_NAME, reader->file,
                           dz_names_add_text(reader->names, names[i]));
}

/* What pytest finds in a module by whatever way it has come there: imported, hooks and fixtures are what they are elsewhere. */
void dz_expand_hooks(struct dz_reader *reader, enum dz_vertex_kind kind, enum dz_hooks of)
{
    uint32_t n, targets[DZ_TARGETS_MOST];
    const struct dz_sheet *sheet = reader->sheet;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    struct dz_dotted none = {0};
    dz_names_source_input(reader->names, reader->from, reader->file,
                          (struct dz_input){.kind = DZ_INPUT_HOOKS, .of = of});
    read_values_of_hooks(reader, of);
    for (uint32_t i = 0; i < n; i++) {
        if (!dz_is_at_top(sheet, &imports[i]) ||
            !dz_input_is_import_of_hooks(sheet, &imports[i], of))
            continue;
        dz_reader_start_over(reader);
        if (!(imports[i].flags & DZ_IMPORT_STAR)) {
            dz_read_of_import(reader, sheet, reader->file, &imports[i], &none);
            continue;
        }
        uint32_t n_targets =
            dz_import_targets(reader->names, sheet, reader->file, &imports[i], targets);
        for (uint32_t k = 0; k < n_targets; k++) {
            dz_reader_link(reader, kind, targets[k], 0);
            dz_reader_link(reader, DZ_VERTEX_NAME, targets[k],
                           dz_names_add_text(reader->names, "__all__"));
        }
    }
}

/* Of a module's imports those that have left something changed, or what they import has. */
static uint32_t order_of(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    dz_autobuf struct dz_buf lines = {0};
    uint32_t n, n_targets, targets[DZ_TARGETS_MOST];
    if (info->order || !sheet)
        return info->order;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++) {
        int writes = 0;
        if (!dz_is_at_top(sheet, &imports[i]))
            continue;
        n_targets = dz_import_targets(names, sheet, file, &imports[i], targets);
        for (uint32_t k = 0; k < n_targets; k++)
            writes |= names->files[targets[k]].writes;
        if (writes)
            dz_input_put_import(sheet, &imports[i], &lines);
    }
    if (dz_buf_ok(&lines))
        info->order = dz_names_add(names, lines.len ? lines.data : "\n", lines.len ? lines.len : 1);
    return info->order;
}

void dz_read_importers(struct dz_reader *reader)
{
    const struct dz_names *names = reader->names;
    const struct dz_names_file *info = &names->files[reader->file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        uint32_t above = names->all->spans[info->imports[i]].parent;
        uint32_t file = above == DZ_OBSERVED_NONE ? 0 : names->spans_files[above];
        uint32_t order = file ? order_of(reader->names, file) : 0;
        if (order)
            dz_reader_link(reader, DZ_VERTEX_ORDER, file, order);
    }
}

void dz_expand_effects(struct dz_reader *reader)
{
    dz_read_importers(reader);
    dz_names_source_input(reader->names, reader->from, reader->file,
                          (struct dz_input){.kind = DZ_INPUT_EFFECTS});
    dz_reader_link(reader, DZ_VERTEX_RAN, reader->file, 0);
    for (uint32_t i = 0; reader->sheet && i < dz_sheet_n(reader->sheet); i++)
        if (dz_has_effect(dz_sheet_at(reader->sheet, i)))
            dz_read_statement(reader, i);
}

/* ---- importing ---- */

/* What is a module below needs no name in the package. */
static void need_bound(struct dz_reader *reader, uint32_t file, const char *name)
{
    const struct dz_sheet *sheet = dz_names_sheet(reader->names, file);
    if (sheet && dz_is_bound(sheet, name) && !dz_find_below(reader->names, file, name))
        dz_reader_link(reader, DZ_VERTEX_BOUND, file, dz_names_add_text(reader->names, name));
}

/* An import statement fails where the module has no such name. */
static void need_imported(struct dz_reader *reader, const struct dz_import *import)
{
    struct dz_names *names = reader->names;
    const char *module = dz_sheet_string(reader->sheet, import->module);
    uint32_t n = 0;
    if (!(import->flags & DZ_IMPORT_FROM) || import->flags & DZ_IMPORT_STAR)
        return;
    const char *name = dz_sheet_string(reader->sheet, import->name);
    if (import->level) {
        uint32_t below =
            *module ? dz_modules_relative(&names->modules, reader->file, import->level, module) : 0;
        if (below)
            need_bound(reader, below, name);
        return;
    }
    const struct dz_module_file *found =
        dz_modules_named(&names->modules, module, strlen(module), &n);
    for (uint32_t i = 0; i < n; i++)
        need_bound(reader, found[i].file, name);
}

/* Functions that it has run, and that may reach outside. */
static void read_run_outside(struct dz_reader *reader)
{
    struct dz_names *names = reader->names;
    const struct dz_names_file *info = &names->files[reader->file];
    for (uint32_t i = 0; i < info->n_imports; i++) {
        const struct dz_bits *codes = &names->all->spans[info->imports[i]].codes;
        for (uint32_t code = 0; (code = dz_bits_next(codes, code)) != UINT32_MAX; code++) {
            struct dz_joined joined = dz_elements_of(names->elements, code);
            if (joined.why == DZ_KNOWN &&
                dz_sheet_at(joined.sheet, joined.element)->kind == DZ_FUNCTION &&
                dz_outside_is_of(joined.sheet, dz_sheet_at(joined.sheet, joined.element),
                                 dz_names_text(names, names->roots)))
                dz_read_run(reader, code);
        }
    }
}

/* Whether importing it may have effects outside: by its own statements, what they ran, or what it imports. */
static int reaches_outside(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    const struct dz_sheet *sheet = dz_names_sheet(names, file);
    uint32_t n, targets[DZ_TARGETS_MOST];
    if (info->reach)
        return info->reach == REACHES;
    /* In a circle of imports each is as harmless as the others. */
    info->reach = sheet ? REACHES_NOT : REACHES;
    for (uint32_t i = 0; sheet && i < dz_sheet_n(sheet); i++)
        if (dz_has_effect(dz_sheet_at(sheet, i)) &&
            dz_outside_is_of(sheet, dz_sheet_at(sheet, i), dz_names_text(names, names->roots)))
            info->reach = REACHES;
    const struct dz_import *imports = sheet ? dz_sheet_imports(sheet, &n) : NULL;
    for (uint32_t i = 0; sheet && info->reach != REACHES && i < n; i++) {
        uint32_t n_targets = dz_is_at_top(sheet, &imports[i])
                                 ? dz_import_targets(names, sheet, file, &imports[i], targets)
                                 : 0;
        for (uint32_t k = 0; k < n_targets; k++)
            if (targets[k] != file && reaches_outside(names, targets[k]))
                info->reach = REACHES;
    }
    return info->reach == REACHES;
}

static uint32_t roots_of(struct dz_names *names)
{
    dz_autobuf struct dz_buf text = {0};
    dz_buf_str(&text, " ");
    size_t before = 0;
    for (uint32_t i = 0; i < names->modules.n; i++) {
        const char *name = names->all->strings[names->modules.list[i].name - 1];
        size_t size = strcspn(name, ".");
        /* Names stand in order: equal first ones mostly one behind another. */
        if (size == before && strncmp(text.data + text.len - size - 1, name, size) == 0)
            continue;
        before = size;
        dz_buf_fmt(&text, "%.*s ", (int)size, name);
    }
    if (!names->roots && dz_buf_ok(&text))
        names->roots = dz_names_add(names, text.data, text.len);
    return names->roots;
}

/* The roots, and on two more lines which modules do nothing outside and which may (outside.h). */
static uint32_t known_of(struct dz_names *names)
{
    dz_autobuf struct dz_buf text = {0};
    if (names->known)
        return names->known;
    dz_buf_fmt(&text, "%s\n", dz_names_text(names, roots_of(names)));
    for (int reaches = 0; reaches < 2; reaches++) {
        dz_buf_str(&text, " ");
        for (uint32_t i = 0; i < names->modules.n; i++)
            if (reaches_outside(names, names->modules.list[i].file) == reaches)
                dz_buf_fmt(&text, "%s ", names->all->strings[names->modules.list[i].name - 1]);
        dz_buf_str(&text, "\n");
    }
    if (dz_buf_ok(&text))
        names->known = dz_names_add(names, text.data, text.len);
    return names->known;
}

void dz_expand_import(struct dz_reader *reader)
{
    uint32_t n;
    struct dz_names *names = reader->names;
    struct dz_input input = {.kind = DZ_INPUT_OUTSIDE, .name = known_of(names)};
    dz_names_source_input(names, reader->from, reader->file, input);
    if (!reader->sheet)
        return;
    const struct dz_import *imports = dz_sheet_imports(reader->sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (dz_is_at_top(reader->sheet, &imports[i]))
            need_imported(reader, &imports[i]);
    for (uint32_t i = 0; i < dz_sheet_n(reader->sheet); i++) {
        const struct dz_element *element = dz_sheet_at(reader->sheet, i);
        const struct dz_read *reads = dz_sheet_reads(reader->sheet, element);
        int is_eager = element->kind == DZ_ANNOTATION && element->flags & DZ_IS_EAGER;
        if (!dz_is_statement(element) && !is_eager)
            continue;
        for (uint32_t k = 0; k < element->reads.n; k++) {
            struct dz_dotted chain;
            dz_dotted_take(&chain, reader->sheet, reads[k].chain, reads[k].mode);
            if (chain.n)
                need_bound(reader, reader->file, chain.names[0]);
        }
        if (dz_has_effect(element) &&
            dz_outside_is_of(reader->sheet, element, dz_names_text(names, names->roots))) {
            dz_reader_link(reader, DZ_VERTEX_ELEMENT, reader->file, i);
            dz_reader_link(reader, DZ_VERTEX_RAN, reader->file, 0);
        }
    }
    read_run_outside(reader);
}

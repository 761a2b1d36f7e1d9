#include "names.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "importing.h"
#include "loading.h"
#include "parameters.h"
#include "test_classes.h"

#include <errno.h>
#include <string.h>

const char *dz_names_file_text(const struct dz_names *names, uint32_t file)
{
    return names->all->strings[file - 1];
}

uint32_t dz_names_add(struct dz_names *names, const char *text, size_t size)
{
    uint32_t number = dz_strings_add(&names->links->graph->strings, text, size);
    if (!number)
        names->links->failed = 1;
    return number;
}

uint32_t dz_names_add_text(struct dz_names *names, const char *text)
{
    return dz_names_add(names, text, strlen(text));
}

const char *dz_names_text(const struct dz_names *names, uint32_t number)
{
    return dz_strings_text(&names->links->graph->strings, number);
}

/* ---- paths ---- */

static const char *below_root(const struct dz_names *names, const char *path)
{
    size_t size = strlen(names->rootdir);
    if (size && strncmp(path, names->rootdir, size) == 0 && (path[size] == '/' || !path[size]))
        return path[size] ? path + size + 1 : "";
    return path;
}

uint32_t dz_names_path(struct dz_names *names, const char *absolute)
{
    return dz_names_add_text(names, below_root(names, absolute));
}

static uint32_t path_of(struct dz_names *names, uint32_t file)
{
    struct dz_names_file *info = &names->files[file];
    if (!info->path)
        info->path = dz_names_path(names, dz_names_file_text(names, file)) + 1;
    return info->path - 1;
}

const struct dz_sheet *dz_names_sheet(struct dz_names *names, uint32_t file)
{
    struct dz_joined joined = dz_elements_sheet(names->elements, file);
    return joined.why == DZ_KNOWN ? joined.sheet : NULL;
}

/* ---- inputs ---- */

void dz_names_unprovable(struct dz_names *names, uint32_t vertex, const char *why)
{
    struct dz_input input = {.kind = DZ_INPUT_UNPROVABLE, .name = dz_names_add_text(names, why)};
    dz_links_input(names->links, vertex, &input);
}

int dz_names_waived(struct dz_names *names, uint32_t vertex, struct dz_input input)
{
    if (!dz_waivers_of(&names->waivers, dz_names_text(names, input.path)))
        return 0;
    input.fingerprint = dz_unsure;
    dz_links_input(names->links, vertex, &input);
    return 1;
}

/* Of a source that lies in an archive, the size of the archive's path; 0: it lies in none. */
static size_t archive_size(const char *path)
{
    static const char *const ends[] = {".zip/", ".egg/", ".whl/", ".pyz/"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *at = strstr(path, ends[i]);
        if (at)
            return (size_t)(at - path) + strlen(ends[i]) - 1;
    }
    return 0;
}

static void add_unknown(struct dz_names *names, uint32_t vertex, uint32_t file, enum dz_unknown why)
{
    size_t size = archive_size(dz_names_file_text(names, file));
    if (size && why == DZ_UNKNOWN_UNREAD) {
        dz_auto char *archive = dz_memdup(dz_names_file_text(names, file), size);
        if (archive)
            dz_names_input(
                names, vertex,
                (struct dz_input){.kind = DZ_INPUT_CONTENT, .path = dz_names_path(names, archive)});
        return;
    }
    if (dz_names_waived(names, vertex,
                        (struct dz_input){.kind = DZ_INPUT_CONTENT, .path = path_of(names, file)}))
        return;
    dz_autobuf struct dz_buf text = {0};
    dz_buf_fmt(&text, "%s: %s", below_root(names, dz_names_file_text(names, file)),
               dz_unknown_text(why));
    dz_names_unprovable(names, vertex, dz_buf_ok(&text) ? text.data : "no memory");
}

/* Of what is no source, as it is now; where it may not be what was read, nothing is proved by it. */
void dz_names_input(struct dz_names *names, uint32_t vertex, struct dz_input input)
{
    dz_autobuf struct dz_buf why = {0};
    int r = dz_prints_add(&names->prints, &input);
    if (r == 0) {
        dz_links_input(names->links, vertex, &input);
        return;
    }
    if (input.path && dz_names_waived(names, vertex, input))
        return;
    /* What it has now is kept beside: by that the next job may tell that nobody has changed it. */
    if (r == -ESTALE && input.kind == DZ_INPUT_CONTENT &&
        memcmp(&input.fingerprint, &dz_absent, sizeof dz_absent) != 0)
        dz_links_input(names->links, vertex, &input);
    const char *path = dz_names_text(names, input.path), *name = dz_names_text(names, input.name);
    dz_buf_fmt(&why, r == -ESTALE ? "%s was changed while the job ran" : "%s cannot be looked at",
               *path ? path : name);
    dz_names_unprovable(names, vertex, dz_buf_ok(&why) ? why.data : "no memory");
}

/* Of a source: by the sheet of what was loaded. */
void dz_names_source_input(struct dz_names *names, uint32_t vertex, uint32_t file,
                           struct dz_input input)
{
    struct dz_joined joined = dz_elements_sheet(names->elements, file);
    if (joined.why != DZ_KNOWN) {
        add_unknown(names, vertex, file, joined.why);
        return;
    }
    input.path = path_of(names, file);
    input.fingerprint = dz_input_of_sheet(joined.sheet, &input, dz_names_text(names, input.name));
    dz_links_input(names->links, vertex, &input);
}

/* ---- vertices ---- */

static void name_vertex(struct dz_names *names, uint32_t vertex)
{
    static const char *const kinds[] = {
        [DZ_VERTEX_NAME] = "name",
        [DZ_VERTEX_BOUND] = "name",
        [DZ_VERTEX_SHAPE] = "module",
        [DZ_VERTEX_FIND] = "tests of",
        [DZ_VERTEX_HOOKS] = "hooks of",
        [DZ_VERTEX_SESSION_HOOKS] = "hooks of",
        [DZ_VERTEX_BYTES] = "bytes of",
        [DZ_VERTEX_RAN] = "import",
        [DZ_VERTEX_EFFECTS] = "effects of",
        [DZ_VERTEX_IMPORT] = "import",
        [DZ_VERTEX_RAISES] = "loading",
        [DZ_VERTEX_LOADED] = "loading",
        [DZ_VERTEX_INSIDE] = "looked into by",
        [DZ_VERTEX_TEST_CLASS] = "class of tests",
        [DZ_VERTEX_CLASSES] = "classes of",
        [DZ_VERTEX_ORDER] = "order of imports in",
        [DZ_VERTEX_HOOKS_NOT_FIXTURES] = "hooks of",
        [DZ_VERTEX_FIXTURE] = "fixture",
        [DZ_VERTEX_LOOKED] = "import",
    };
    struct dz_vertex *at = &names->links->vertices[vertex];
    dz_autobuf struct dz_buf text = {0};
    const char *path = below_root(names, dz_names_file_text(names, at->a));
    int is_order = at->kind == DZ_VERTEX_ORDER, is_inside = at->kind == DZ_VERTEX_INSIDE;
    const struct dz_sheet *sheet =
        at->kind == DZ_VERTEX_ELEMENT || is_inside ? dz_names_sheet(names, at->a) : NULL;
    const struct dz_element *element = sheet ? dz_sheet_at(sheet, at->b) : NULL;
    if (element)
        dz_buf_fmt(&text, "%s%s %s::%s#%u", is_inside ? "looked into by " : "",
                   dz_element_kind_name(element->kind), path, dz_sheet_string(sheet, element->name),
                   element->k);
    else
        dz_buf_fmt(&text, "%s %s%s%s", kinds[at->kind], path, at->b && !is_order ? "::" : "",
                   is_order ? "" : dz_names_text(names, at->b));
    uint32_t number = dz_buf_ok(&text) ? dz_names_add_text(names, text.data) : 0;
    names->links->vertices[vertex].name = number;
}

uint32_t dz_names_vertex(struct dz_names *names, enum dz_vertex_kind kind, uint32_t a, uint32_t b)
{
    int is_new;
    uint32_t vertex = dz_links_vertex(names->links, kind, a, b, &is_new);
    if (is_new && kind != DZ_VERTEX_SPAN)
        name_vertex(names, vertex);
    return vertex;
}

void dz_reader_link(const struct dz_reader *reader, enum dz_vertex_kind kind, uint32_t file,
                    uint32_t b)
{
    dz_links_edge(reader->names->links, reader->from,
                  dz_names_vertex(reader->names, kind, file, b));
}

/* ---- codes ---- */

static void add_package(struct dz_names *names, uint32_t from, const struct dz_observed_code *code)
{
    const char *path = dz_names_file_text(names, code->file);
    const char *name = dz_distributions_of(names->distributions, path);
    struct dz_input input = {.kind = name ? DZ_INPUT_DISTRIBUTION : DZ_INPUT_CONTENT};
    if (name)
        input.name = dz_names_add_text(names, name);
    else
        input.path = dz_names_path(names, path);
    dz_names_input(names, from, input);
}

static void add_generated(struct dz_names *names, uint32_t from,
                          const struct dz_observed_code *code)
{
    const struct dz_sheet *sheet = dz_names_sheet(names, code->file);
    if (!sheet)
        return;
    uint32_t element = dz_sheet_find_line(sheet, code->line);
    if (element != DZ_NONE && dz_sheet_at(sheet, element)->kind != DZ_MODULE)
        dz_links_edge(names->links, from,
                      dz_names_vertex(names, DZ_VERTEX_ELEMENT, code->file, element));
}

void dz_names_code(struct dz_names *names, uint32_t from, uint32_t number)
{
    const struct dz_observed_code *code = &names->all->codes[number];
    /* What a module's or a class's statements do is the import's, and their names'. */
    if (code->kind == DZ_CODE_MODULE || dz_outputs_is_made(names->outputs, code->file))
        return;
    if (code->kind == DZ_CODE_PACKAGE) {
        add_package(names, from, code);
        return;
    }
    if (code->kind == DZ_CODE_GENERATED) {
        add_generated(names, from, code);
        return;
    }
    struct dz_joined joined = dz_elements_of(names->elements, number);
    if (joined.why == DZ_UNKNOWN_WHOLE) {
        struct dz_input input = {.kind = DZ_INPUT_CONTENT};
        input.path = path_of(names, code->file);
        dz_names_input(names, from, input);
    } else if (joined.why != DZ_KNOWN)
        add_unknown(names, from, code->file, joined.why);
    else if (code->kind != DZ_CODE_CLASS ||
             dz_sheet_at(joined.sheet, joined.element)->kind == DZ_FUNCTION)
        dz_links_edge(names->links, from,
                      dz_names_vertex(names, DZ_VERTEX_ELEMENT, code->file, joined.element));
}

void dz_names_looked_up(struct dz_names *names, uint32_t from, const char *spelled)
{
    struct dz_reader reader = {.names = names, .from = from};
    size_t size = strcspn(spelled, ":");
    struct dz_dotted chain = {.mode = DZ_READ_VALUE};
    dz_autobuf struct dz_buf module = {0};
    dz_buf_fmt(&module, "%.*s", (int)size, spelled);
    if (spelled[size]) {
        chain.n = 1;
        chain.names[0] = spelled + size + 1;
    }
    if (dz_buf_ok(&module))
        dz_read_by_name(&reader, module.data, &chain);
}

/* ---- expanding ---- */

static void expand(struct dz_names *names, uint32_t vertex)
{
    struct dz_vertex at = names->links->vertices[vertex];
    if (at.kind == DZ_VERTEX_SPAN || at.kind == DZ_VERTEX_COLLECTED ||
        at.kind == DZ_VERTEX_FIXTURES || at.kind == DZ_VERTEX_FIXTURES_OUTLINE)
        return;
    struct dz_reader reader = {
        .names = names, .from = vertex, .file = at.a, .sheet = dz_names_sheet(names, at.a)};
    if (!reader.sheet && at.kind != DZ_VERTEX_RAN && at.kind != DZ_VERTEX_LOOKED &&
        at.kind != DZ_VERTEX_BYTES) {
        add_unknown(names, vertex, at.a, dz_elements_sheet(names->elements, at.a).why);
        return;
    }
    switch ((enum dz_vertex_kind)at.kind) {
    case DZ_VERTEX_ELEMENT:
        dz_expand_element(&reader, at.b);
        break;
    case DZ_VERTEX_INSIDE:
        dz_expand_inside(&reader, at.b);
        break;
    case DZ_VERTEX_NAME:
        dz_expand_name(&reader, at.b);
        break;
    case DZ_VERTEX_BOUND:
        dz_names_source_input(names, vertex, at.a,
                              (struct dz_input){.kind = DZ_INPUT_BOUND, .name = at.b});
        break;
    case DZ_VERTEX_SHAPE:
    case DZ_VERTEX_FIND:
        dz_expand_whole(&reader, DZ_INPUT_SHAPE);
        break;
    case DZ_VERTEX_CLASSES:
        dz_names_source_input(names, vertex, at.a, (struct dz_input){.kind = DZ_INPUT_CLASSES});
        break;
    case DZ_VERTEX_ORDER:
        dz_names_source_input(names, vertex, at.a,
                              (struct dz_input){.kind = DZ_INPUT_ORDER, .name = at.b});
        break;
    case DZ_VERTEX_HOOKS:
        dz_expand_hooks(&reader, DZ_VERTEX_HOOKS, DZ_HOOKS_ALL);
        break;
    case DZ_VERTEX_SESSION_HOOKS:
        dz_expand_hooks(&reader, DZ_VERTEX_SESSION_HOOKS, DZ_HOOKS_OF_SESSION);
        break;
    case DZ_VERTEX_BYTES:
        dz_names_input(names, vertex,
                       (struct dz_input){.kind = DZ_INPUT_CONTENT, .path = path_of(names, at.a)});
        break;
    case DZ_VERTEX_LOOKED:
        break;
    case DZ_VERTEX_RAN:
        dz_expand_ran(&reader);
        break;
    case DZ_VERTEX_EFFECTS:
        dz_expand_effects(&reader);
        break;
    case DZ_VERTEX_RAISES:
        dz_expand_raises(&reader);
        break;
    case DZ_VERTEX_LOADED:
        dz_expand_loaded(&reader);
        break;
    case DZ_VERTEX_IMPORT:
        dz_expand_import(&reader);
        break;
    case DZ_VERTEX_HOOKS_NOT_FIXTURES:
        /* Which fixtures are imported with a star is not known by their names. */
        dz_expand_hooks(&reader, DZ_VERTEX_HOOKS, DZ_HOOKS_NOT_FIXTURES);
        break;
    case DZ_VERTEX_FIXTURE:
        dz_names_source_input(names, vertex, at.a,
                              (struct dz_input){.kind = DZ_INPUT_FIXTURE, .name = at.b});
        break;
    case DZ_VERTEX_FIXTURE_OUTLINE:
        dz_names_source_input(
            names, vertex, at.a,
            (struct dz_input){.kind = DZ_INPUT_FIXTURE, .of = DZ_NAME_BARE, .name = at.b});
        break;
    case DZ_VERTEX_FIXTURES:
    case DZ_VERTEX_FIXTURES_OUTLINE:
        break;
    case DZ_VERTEX_TEST_FUNCTION:
        dz_expand_test_function(&reader, at.b);
        break;
    case DZ_VERTEX_TEST_CLASS:
        dz_expand_test_class(&reader, at.b);
        break;
    case DZ_VERTEX_SPAN:
    case DZ_VERTEX_COLLECTED:
        break;
    }
}

void dz_names_expand(struct dz_names *names)
{
    while (names->n_expanded < names->links->n && !names->links->failed)
        expand(names, names->n_expanded++);
}

/* ---- beginning and end ---- */

/* An import that has left something changed, and all that it was brought about by. */
static void note_writes(struct dz_names *names, uint32_t span)
{
    while (span != DZ_OBSERVED_NONE && names->all->spans[span].type == DZ_SPAN_IMPORT) {
        names->files[names->spans_files[span]].writes = 1;
        span = names->all->spans[span].parent;
    }
}

static int note_imports(struct dz_names *names)
{
    names->spans_files = dz_alloc((names->all->n_spans + 1) * sizeof *names->spans_files);
    if (!names->spans_files)
        return -ENOMEM;
    for (uint32_t i = 0; i < names->all->n_spans; i++) {
        const struct dz_observed_span *span = &names->all->spans[i];
        for (uint32_t k = 0; k < span->n_facts; k++) {
            if (span->facts[k].fact != DZ_FACT_SOURCE || !span->facts[k].string)
                continue;
            struct dz_names_file *info = &names->files[span->facts[k].string];
            if (!dz_has_room(&info->imports, info->n_imports, &info->cap_imports,
                             sizeof *info->imports))
                return -ENOMEM;
            info->imports[info->n_imports++] = i;
            names->spans_files[i] = span->facts[k].string;
        }
    }
    for (uint32_t i = 0; i < names->all->n_spans; i++)
        for (uint32_t k = 0; k < names->all->spans[i].n_facts; k++)
            if (names->all->spans[i].facts[k].fact == DZ_FACT_WROTE)
                note_writes(names, i);
    return 0;
}

int dz_names_init(struct dz_names *names)
{
    names->files = dz_alloc((names->all->n_strings + 1) * sizeof *names->files);
    if (!names->files || dz_modules_find(&names->modules, names->all, names->outputs) < 0)
        return -ENOMEM;
    return note_imports(names);
}

void dz_names_free(struct dz_names *names)
{
    for (uint32_t i = 0; names->files && i <= names->all->n_strings; i++) {
        dz_free(names->files[i].imports);
        dz_bits_free(&names->files[i].changed);
        dz_bits_free(&names->files[i].loaded);
    }
    dz_free(names->files);
    dz_free(names->visits);
    dz_free(names->spans_files);
    dz_bits_free(&names->late_known);
    dz_bits_free(&names->late);
    dz_prints_free(&names->prints);
    dz_modules_free(&names->modules);
}

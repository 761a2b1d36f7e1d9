#include "build.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "insight.h"
#include "loading.h"
#include "looking.h"
#include "names.h"
#include "nodeid.h"
#include "outputs.h"
#include "parameters.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct building {
    const struct dz_build *of;
    struct dz_graph *graph;
    struct dz_links links;
    struct dz_names names;
    struct dz_outputs outputs;
    struct dz_looking looking;
    struct dz_strings sources;        /* paths of project sources */
    uint32_t *source_files;           /* by number - 1: strings of the observations */
    uint32_t *conftests, n_conftests; /* the same, of conftests */
    uint32_t *spans;                  /* vertices of spans */
    uint32_t *modules;                /* by span: the file of the module that is imported in it */
    struct dz_strings test_names, file_names;
    uint32_t *test_spans;  /* by number of the name - 1 */
    uint8_t *knows_values; /* by span, of tests: their parameters are known by their values */
    uint32_t
        *collected; /* by span: vertices, + 1, of collections that have found nothing but values */
    struct dz_bits met;
    uint32_t *nodes; /* by vertex */
};

static const char *string(const struct building *building, uint32_t number)
{
    return number ? building->of->all->strings[number - 1] : "";
}

static uint32_t add_text(struct building *building, const char *text)
{
    uint32_t number = dz_strings_add(&building->graph->strings, text, strlen(text));
    if (!number)
        building->links.failed = 1;
    return number;
}

/* ---- sources ---- */

static int is_conftest(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && strcmp(slash + 1, "conftest.py") == 0;
}

static int list_sources(struct building *building)
{
    const struct dz_observations *all = building->of->all;
    building->source_files = dz_alloc((all->n_sources + 1) * sizeof *building->source_files);
    building->conftests = dz_alloc((all->n_sources + 1) * sizeof *building->conftests);
    if (!building->source_files || !building->conftests)
        return -ENOMEM;
    for (uint32_t i = 0; i < all->n_sources; i++) {
        const char *path = string(building, all->sources[i].file);
        uint32_t before = building->sources.n;
        uint32_t number = dz_strings_add(&building->sources, path, strlen(path));
        if (!number)
            return -ENOMEM;
        building->source_files[number - 1] = all->sources[i].file;
        if (number > before && is_conftest(path))
            building->conftests[building->n_conftests++] = all->sources[i].file;
    }
    return 0;
}

/* The source at a path below the rootdir, as in node ids; 0: none that was met. */
static uint32_t source_named(const struct building *building, const char *path)
{
    dz_autobuf struct dz_buf whole = {0};
    dz_buf_fmt(&whole, "%s/%s", building->of->rootdir, path);
    uint32_t number =
        dz_buf_ok(&whole) ? dz_strings_find(&building->sources, whole.data, whole.len) : 0;
    return number ? building->source_files[number - 1] : 0;
}

/* ---- what a span met ---- */

static uint32_t span_vertex(const struct building *building, uint32_t span)
{
    return building->spans[span];
}

static void lean_on(struct building *building, uint32_t vertex, uint32_t span)
{
    dz_links_edge(&building->links, vertex, span_vertex(building, span));
}

static uint32_t find_module(const struct building *building, const struct dz_observed_span *span)
{
    for (uint32_t i = 0; span->type == DZ_SPAN_IMPORT && i < span->n_facts; i++)
        if (span->facts[i].fact == DZ_FACT_SOURCE && span->facts[i].string &&
            !dz_outputs_is_made(&building->outputs, span->facts[i].string))
            return span->facts[i].string;
    return 0;
}

static int list_modules(struct building *building)
{
    const struct dz_observations *all = building->of->all;
    building->modules = dz_alloc((all->n_spans + 1) * sizeof *building->modules);
    for (uint32_t i = 0; building->modules && i < all->n_spans; i++)
        building->modules[i] = find_module(building, &all->spans[i]);
    return building->modules ? 0 : -ENOMEM;
}

/* The file of an import's module; 0: none, or one that the job has made. */
static uint32_t source_of(const struct building *building, uint32_t number)
{
    return building->modules[number];
}

/* What the front does to show what is through reaches no test. */
static int is_of_reports(const struct building *building, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    return span->type == DZ_SPAN_LOAD && strcmp(string(building, span->name), "load") != 0;
}

/* Whoever has made it: its code is what they have written. */
static void lean_on_makers(struct building *building, uint32_t vertex, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++) {
        const struct dz_output *output =
            &building->outputs.paths[building->of->all->codes[code].file];
        for (uint32_t i = 0; i < output->n_spans; i++)
            lean_on(building, vertex, output->spans[i]);
    }
}

static void load_module(struct building *building, uint32_t vertex, uint32_t span, uint32_t file);

/* Of a test whose values are known it does not matter what has found them. */
static uint32_t vertex_of_lean(const struct building *building, uint32_t from,
                               const struct dz_observed_fact *fact)
{
    uint32_t on = (uint32_t)fact->value;
    int reads = fact->string & DZ_LEAN_READS;
    return building->knows_values[from] && building->collected[on] && !reads
               ? building->collected[on] - 1
               : span_vertex(building, on);
}

/* Whether it was imported for a test, and not while tests were collected. */
static int is_imported_late(const struct building *building, uint32_t import)
{
    const struct dz_observations *all = building->of->all;
    while (import != DZ_OBSERVED_NONE && all->spans[import].type == DZ_SPAN_IMPORT)
        import = all->spans[import].parent;
    return import != DZ_OBSERVED_NONE && all->spans[import].type != DZ_SPAN_LOAD &&
           all->spans[import].type != DZ_SPAN_COLLECT;
}

/* Who reads what an import has left changed depends on what its statements did; who only needs the module, on its import. Where
 * a test has imported it, any other that needs it would have, had it been the first or the only one: it depends on the same,
 * seen or not. */
static void add_lean(struct building *building, uint32_t vertex, uint32_t span,
                     const struct dz_observed_fact *fact)
{
    uint32_t on = (uint32_t)fact->value;
    uint32_t source = source_of(building, on);
    if (is_of_reports(building, on))
        return;
    /* An import that has read it, too: a name that it has taken from another module is what its users read. */
    dz_links_edge(&building->links, vertex, vertex_of_lean(building, span, fact));
    int is_late = source && is_imported_late(building, on);
    if (source && (fact->string & DZ_LEAN_READS || is_late))
        dz_links_edge(&building->links, vertex,
                      dz_names_vertex(&building->names, DZ_VERTEX_EFFECTS, source, 0));
    if (is_late)
        load_module(building, vertex, span, source);
}

static void add_path(struct building *building, uint32_t vertex, uint32_t span,
                     uint32_t fact_number, enum dz_input_kind kind)
{
    const struct dz_observed_fact *fact = &building->of->all->spans[span].facts[fact_number];
    const char *path = string(building, fact->string);
    uint32_t writer = DZ_OBSERVED_NONE;
    enum dz_output_state state = dz_outputs_state(&building->outputs, span, fact_number, &writer);
    struct dz_input input = {.kind = kind,
                             .of = (uint32_t)fact->value,
                             .path = dz_names_path(&building->names, path),
                             .fingerprint = dz_absent};
    int is_written = state == DZ_OUTPUT_OF || state == DZ_OUTPUT_LATER;
    /* What others write into it is no matter either. */
    if (is_written && dz_names_waived(&building->names, vertex, input))
        return;
    if (state == DZ_OUTPUT_OF)
        lean_on(building, vertex, writer);
    else if (state != DZ_OUTPUT_IS && kind == DZ_INPUT_ABSENT)
        dz_links_input(&building->links, vertex, &input);
    else if (state == DZ_OUTPUT_NOT)
        dz_names_input(&building->names, vertex, input);
    else if (state == DZ_OUTPUT_LATER) {
        dz_autobuf struct dz_buf why = {0};
        dz_buf_fmt(&why, "%s was read, and written later",
                   dz_strings_text(&building->graph->strings, input.path));
        dz_names_unprovable(&building->names, vertex, dz_buf_ok(&why) ? why.data : "no memory");
    }
}

static void add_named(struct building *building, uint32_t vertex, enum dz_input_kind kind,
                      const char *name)
{
    dz_names_input(&building->names, vertex,
                   (struct dz_input){.kind = kind, .name = add_text(building, name)});
}

/* How pytest imports test files and conftests: it looks for what HOOKS and FIND stand for, and for nothing else. */
static int is_pytests_own(const struct building *building, const struct dz_observed_span *span,
                          const char *module)
{
    uint32_t n;
    const struct dz_module_file *found =
        dz_modules_named(&building->names.modules, module, strlen(module), &n);
    uint32_t own =
        span->type == DZ_SPAN_COLLECT ? source_named(building, string(building, span->name)) : 0;
    if (span->type != DZ_SPAN_COLLECT && span->type != DZ_SPAN_LOAD)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (found[i].file != own && !is_conftest(string(building, found[i].file)))
            return 0;
    return n > 0;
}

/* What the standard library starts to learn of the machine (ctypes.util.find_library, platform.processor): that stays. */
static int asks_the_machine(const char *command)
{
    static const char *const names[] = {"ldconfig", "uname"};
    size_t size = strcspn(command, " #");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (size >= length && memcmp(command + size - length, names[i], length) == 0 &&
            (size == length || command[size - length - 1] == '/'))
            return 1;
    }
    return 0;
}

static int is_named(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    return slash && strcmp(slash + 1, name) == 0;
}

/* On its way to the tests pytest looks for these in each folder: whether one is there is for what lies below to ask. */
static int is_of_collecting(const struct building *building, uint32_t span,
                            const struct dz_observed_fact *fact)
{
    const char *path = string(building, fact->fact == DZ_FACT_ABSENT ? fact->string : 0);
    return building->of->all->spans[span].type == DZ_SPAN_LOAD &&
           (is_named(path, "__init__.py") || is_named(path, "conftest.py"));
}

/* Hooks of a conftest that comes may be the session's. */
static void add_hooks_to_come(struct building *building, uint32_t vertex, const char *path)
{
    struct dz_input input = {.kind = DZ_INPUT_HOOKS,
                             .of = DZ_HOOKS_OF_SESSION,
                             .path = dz_names_path(&building->names, path),
                             .fingerprint = dz_absent};
    if (is_named(path, "conftest.py"))
        dz_links_input(&building->links, vertex, &input);
}

/* What a module's statements have read is what they made; that it was there, the import's. */
static uint32_t reader_of(struct building *building, uint32_t vertex, uint32_t span,
                          uint32_t number)
{
    const struct dz_observed_fact *fact = &building->of->all->spans[span].facts[number];
    uint32_t file = source_of(building, span);
    int is_listed = fact->fact == DZ_FACT_NAMES && fact->value == DZ_NAMES_ALL;
    if (!file || (fact->fact != DZ_FACT_CONTENT && fact->fact != DZ_FACT_ENVIRONMENT && !is_listed))
        return vertex;
    if (fact->fact == DZ_FACT_CONTENT || is_listed)
        add_path(building, vertex, span, number, DZ_INPUT_STAT);
    return dz_names_vertex(&building->names, DZ_VERTEX_LOOKED, file, 0);
}

/* ---- what only pytest reads ---- */

static void add_hooks(struct building *building, uint32_t vertex, enum dz_vertex_kind kind,
                      uint32_t file)
{
    dz_links_edge(&building->links, vertex, dz_names_vertex(&building->names, kind, file, 0));
}

static int is_above(const struct building *building, uint32_t conftest, uint32_t file)
{
    const char *path = string(building, conftest);
    return strncmp(path, string(building, file), strlen(path) - strlen("conftest.py")) == 0;
}

/* Of the conftests above, and of the file itself. 0: of all conftests. */
static void add_hooks_around(struct building *building, uint32_t vertex, enum dz_vertex_kind kind,
                             uint32_t file)
{
    if (file)
        add_hooks(building, vertex, kind, file);
    for (uint32_t i = 0; i < building->n_conftests; i++)
        if (!file || is_above(building, building->conftests[i], file))
            add_hooks(building, vertex, kind, building->conftests[i]);
}

/* The test's span that a span has begun in, or NONE. */
static uint32_t test_around(const struct building *building, uint32_t number)
{
    const struct dz_observations *all = building->of->all;
    while (number != DZ_OBSERVED_NONE && all->spans[number].type != DZ_SPAN_TEST)
        number = all->spans[number].parent;
    return number;
}

/* The file of the test that a span has begun in; 0: of none, or of one that is no source. */
static uint32_t file_of_span(const struct building *building, uint32_t number)
{
    const struct dz_observations *all = building->of->all;
    number = test_around(building, number);
    if (number == DZ_OBSERVED_NONE)
        return 0;
    const char *name = string(building, all->spans[number].name), *colons = strstr(name, "::");
    dz_auto char *path = dz_memdup(name, colons ? (size_t)(colons - name) : strlen(name));
    return path ? source_named(building, path) : 0;
}

/* Where a fixture of this name is looked for, whether there is one or not. */
static void add_fixture(struct building *building, uint32_t vertex, uint32_t file, const char *name,
                        size_t size, enum dz_vertex_kind kind)
{
    struct dz_names *names = &building->names;
    uint32_t text = dz_strings_add(&building->graph->strings, name, size);
    if (!text)
        building->links.failed = 1;
    dz_links_edge(&building->links, vertex, dz_names_vertex(names, kind, file, text));
    for (uint32_t i = 0; i < building->n_conftests; i++)
        if (is_above(building, building->conftests[i], file))
            dz_links_edge(&building->links, vertex,
                          dz_names_vertex(names, kind, building->conftests[i], text));
}

/* Tests of a file that ask for the same share a vertex. */
static void add_fixtures(struct building *building, uint32_t vertex, uint32_t span, uint32_t list)
{
    uint32_t file = file_of_span(building, span);
    int is_new;
    if (!file) {
        add_hooks_around(building, vertex, DZ_VERTEX_HOOKS, 0);
        return;
    }
    int outlines = building->knows_values[test_around(building, span)];
    uint32_t fixtures = dz_links_vertex(&building->links,
                                        outlines ? DZ_VERTEX_FIXTURES_OUTLINE : DZ_VERTEX_FIXTURES,
                                        file, list, &is_new);
    const char *name = string(building, list);
    if (is_new)
        building->links.vertices[fixtures].name = add_text(building, "fixtures asked for");
    for (size_t size; is_new && *name; name += size + (name[size] == ' ')) {
        size = strcspn(name, " ");
        add_fixture(building, fixtures, file, name, size,
                    outlines ? DZ_VERTEX_FIXTURE_OUTLINE : DZ_VERTEX_FIXTURE);
    }
    dz_links_edge(&building->links, vertex, fixtures);
}

/* Where it is not told what a test asks for, it may be anything. */
static void add_untold_fixtures(struct building *building, uint32_t vertex, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    for (uint32_t i = 0; i < span->n_facts; i++)
        if (span->facts[i].fact == DZ_FACT_FIXTURE)
            return;
    add_hooks_around(building, vertex, DZ_VERTEX_HOOKS, file_of_span(building, number));
}

static void add_fact(struct building *building, uint32_t vertex, uint32_t span, uint32_t number)
{
    static const enum dz_input_kind kinds[DZ_FACTS] = {
        [DZ_FACT_CONTENT] = DZ_INPUT_CONTENT, [DZ_FACT_STAT] = DZ_INPUT_STAT,
        [DZ_FACT_LINK] = DZ_INPUT_LINK,       [DZ_FACT_NAMES] = DZ_INPUT_NAMES,
        [DZ_FACT_ABSENT] = DZ_INPUT_ABSENT,   [DZ_FACT_PLACE] = DZ_INPUT_PLACE,
    };
    const struct dz_observed_fact *fact = &building->of->all->spans[span].facts[number];
    const char *text = string(building, fact->fact == DZ_FACT_LEAN ? 0 : fact->string);
    if (is_of_collecting(building, span, fact)) {
        add_hooks_to_come(building, vertex, text);
        return;
    }
    vertex = reader_of(building, vertex, span, number);
    switch (fact->fact) {
    case DZ_FACT_CONTENT:
    case DZ_FACT_STAT:
    case DZ_FACT_LINK:
    case DZ_FACT_NAMES:
    case DZ_FACT_ABSENT:
    case DZ_FACT_PLACE:
        add_path(building, vertex, span, number, kinds[fact->fact]);
        break;
    case DZ_FACT_MODULE:
        if (!is_pytests_own(building, &building->of->all->spans[span], text))
            dz_names_looked_up(&building->names, vertex, text);
        break;
    case DZ_FACT_ENVIRONMENT:
        add_named(building, vertex, DZ_INPUT_ENVIRONMENT, text);
        break;
    case DZ_FACT_DISTRIBUTION:
        add_named(building, vertex, DZ_INPUT_DISTRIBUTION, text);
        break;
    case DZ_FACT_LEAN:
        add_lean(building, vertex, span, fact);
        break;
    case DZ_FACT_CHILD:
        if (!asks_the_machine(text))
            dz_names_unprovable(&building->names, vertex, "child");
        break;
    case DZ_FACT_BLIND:
        dz_names_unprovable(&building->names, vertex, text);
        break;
    case DZ_FACT_FIXTURE:
        add_fixtures(building, vertex, span, fact->string);
        break;
    case DZ_FACT_WRITTEN:
    case DZ_FACT_TOUCHED:
    case DZ_FACT_SOURCE:
    case DZ_FACT_FORKED:
    case DZ_FACT_WROTE:
    case DZ_FACTS:
        break;
    }
}

static void add_doubts(struct building *building, uint32_t vertex, uint32_t span)
{
    const char *doubt;
    for (unsigned n = 0; (doubt = dz_observations_doubt(building->of->all, span, n)); n++)
        dz_names_unprovable(&building->names, vertex, doubt);
}

static int names_lines(const struct dz_sheet *sheet, uint32_t number)
{
    const struct dz_element *element = dz_sheet_at(sheet, number);
    if (!(element->flags & DZ_NAMES_POSITION) || element->kind != DZ_MODULE)
        return !!(element->flags & DZ_NAMES_POSITION);
    /* A module's code runs its statements; what they define and import is not run yet. */
    for (uint32_t i = number + 1; i < dz_sheet_n(sheet); i++) {
        element = dz_sheet_at(sheet, i);
        if (element->flags & DZ_NAMES_POSITION && !(element->flags & DZ_IS_IMPORT) &&
            element->kind != DZ_FUNCTION && element->kind != DZ_CLASS && element->kind != DZ_BARE)
            return 1;
    }
    return 0;
}

/* Lines are those of whatever is on the stack: of all project code that ran beside the code that asks for them. */
static int asks_for_lines(const struct building *building, const struct dz_observed_span *span)
{
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++) {
        struct dz_joined joined = dz_elements_of(building->names.elements, code);
        if (joined.why == DZ_KNOWN && names_lines(joined.sheet, joined.element))
            return 1;
    }
    return 0;
}

static void add_bytes(struct building *building, uint32_t vertex,
                      const struct dz_observed_span *span)
{
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
        if (dz_elements_of(building->names.elements, code).why == DZ_KNOWN)
            dz_links_edge(&building->links, vertex,
                          dz_names_vertex(&building->names, DZ_VERTEX_BYTES,
                                          building->of->all->codes[code].file, 0));
}

/* Whether all test files lie around it or below. */
static int is_above_all(const struct building *building, uint32_t conftest)
{
    for (uint32_t i = 0; i < building->of->n_files; i++) {
        uint32_t file = source_named(building, building->of->files[i].path);
        if (file && !is_above(building, conftest, file))
            return 0;
    }
    return 1;
}

/* What pytest has imported before: the test's file, and the conftests above; of what several tests share, those above all. */
static uint32_t *list_loaded(struct building *building, uint32_t number, uint32_t *ret_n)
{
    uint32_t file = file_of_span(building, number), n = 0;
    uint32_t *list = dz_alloc((building->n_conftests + 1) * sizeof *list);
    for (uint32_t i = 0; list && i < building->n_conftests; i++) {
        uint32_t conftest = building->conftests[i];
        if (file ? is_above(building, conftest, file) : is_above_all(building, conftest))
            list[n++] = conftest;
    }
    if (list && file)
        list[n++] = file;
    building->links.failed |= !list;
    *ret_n = n;
    return list;
}

static void load_module(struct building *building, uint32_t vertex, uint32_t span, uint32_t file)
{
    struct dz_loaded loaded = {0};
    dz_auto uint32_t *list = list_loaded(building, span, &loaded.n);
    loaded.files = list;
    if (list)
        dz_load_module(&building->names, vertex, &loaded, file);
}

static void add_late(struct building *building, uint32_t vertex, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    struct dz_loaded loaded = {0};
    if (span->type == DZ_SPAN_IMPORT || span->type == DZ_SPAN_LOAD || span->type == DZ_SPAN_COLLECT)
        return;
    dz_auto uint32_t *list = list_loaded(building, number, &loaded.n);
    loaded.files = list;
    for (uint32_t code = 0; list && (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
        dz_load_late(&building->names, vertex, &loaded, code);
}

/* What a module's statements ran is not what whoever imports it depends on, but who reads what they made (names.h). */
static void add_codes(struct building *building, uint32_t vertex, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
        if (span->type != DZ_SPAN_IMPORT || building->of->all->codes[code].kind == DZ_CODE_PACKAGE)
            dz_names_code(&building->names, vertex, code);
    if (asks_for_lines(building, span))
        add_bytes(building, vertex, span);
}

/* What a module's statements have looked at is in what they made. */
static void add_looked_into(struct building *building, uint32_t vertex, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    uint32_t file = source_of(building, number);
    if (!dz_looking_is_in(&building->looking, span))
        return;
    if (span->type != DZ_SPAN_IMPORT) {
        building->links.failed |= dz_looking_add(&building->looking, vertex, number) < 0;
        return;
    }
    if (file)
        dz_looking_add_import(&building->looking,
                              dz_names_vertex(&building->names, DZ_VERTEX_RAN, file, 0), file);
}

/* That there is no conftest and no package in the folders above, as pytest has found when it began. */
static void add_places_around(struct building *building, uint32_t vertex, const char *path)
{
    const struct dz_observations *all = building->of->all;
    for (uint32_t i = 0; i < all->n_spans; i++)
        for (uint32_t k = 0; all->spans[i].type == DZ_SPAN_LOAD && k < all->spans[i].n_facts; k++) {
            const struct dz_observed_fact *fact = &all->spans[i].facts[k];
            if (!is_of_collecting(building, i, fact))
                continue;
            const char *place = string(building, fact->string);
            if (strncmp(place, path, (size_t)(strrchr(place, '/') + 1 - place)) == 0)
                add_path(building, vertex, i, k, DZ_INPUT_ABSENT);
        }
}

/* Which plugins there are is not known: each module that was imported for the session may be one. Hooks of a conftest below
 * may be the session's, too. */
static void add_hooks_of_session(struct building *building, uint32_t vertex)
{
    const struct dz_observations *all = building->of->all;
    for (uint32_t i = 0; i < building->n_conftests; i++)
        add_hooks(building, vertex, DZ_VERTEX_SESSION_HOOKS, building->conftests[i]);
    for (uint32_t i = 0; i < all->n_spans; i++) {
        const struct dz_observed_span *span = &all->spans[i];
        for (uint32_t k = 0; span->type == DZ_SPAN_LOAD && k < span->n_facts; k++) {
            uint32_t file = span->facts[k].fact == DZ_FACT_LEAN
                                ? source_of(building, (uint32_t)span->facts[k].value)
                                : 0;
            if (file && !is_conftest(string(building, file)))
                add_hooks(building, vertex, DZ_VERTEX_HOOKS, file);
        }
    }
}

/* A module that was imported in the middle of a test has done in it what its statements do. */
static void lean_on_effects_within(struct building *building, uint32_t number)
{
    const struct dz_observations *all = building->of->all;
    uint32_t file = source_of(building, number), around = number;
    if (!file || !is_imported_late(building, number))
        return;
    while (all->spans[around].type == DZ_SPAN_IMPORT)
        around = all->spans[around].parent;
    dz_links_edge(&building->links, span_vertex(building, around),
                  dz_names_vertex(&building->names, DZ_VERTEX_EFFECTS, file, 0));
    load_module(building, span_vertex(building, around), around, file);
}

/* What was looked at to find values. */
static int is_of_values(const struct dz_observed_fact *fact)
{
    return fact->fact == DZ_FACT_CONTENT || fact->fact == DZ_FACT_NAMES ||
           fact->fact == DZ_FACT_ENVIRONMENT;
}

/* A collection that has found values stands on what else it has met. */
static void fill_collected(struct building *building, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    uint32_t whole = span_vertex(building, number), rest = building->collected[number] - 1;
    dz_links_edge(&building->links, whole, rest);
    add_codes(building, whole, number);
    add_late(building, whole, number);
    add_looked_into(building, whole, number);
    for (uint32_t code = 0; (code = dz_bits_next(&span->codes, code)) != UINT32_MAX; code++)
        if (building->of->all->codes[code].kind == DZ_CODE_PACKAGE)
            dz_names_code(&building->names, rest, code);
    for (uint32_t i = 0; i < span->n_facts; i++)
        add_fact(building, is_of_values(&span->facts[i]) ? whole : rest, number, i);
}

static void fill_span(struct building *building, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    uint32_t vertex = span_vertex(building, number), file = source_of(building, number);
    if (is_of_reports(building, number))
        return;
    if (building->collected[number]) {
        fill_collected(building, number);
        vertex = building->collected[number] - 1;
    } else {
        add_codes(building, vertex, number);
        add_late(building, vertex, number);
        add_looked_into(building, vertex, number);
        for (uint32_t i = 0; i < span->n_facts; i++)
            add_fact(building, vertex, number, i);
    }
    lean_on_makers(building, vertex, number);
    add_doubts(building, vertex, number);
    if (file)
        dz_links_edge(&building->links, vertex,
                      dz_names_vertex(&building->names, DZ_VERTEX_IMPORT, file, 0));
    lean_on_effects_within(building, number);
    if (span->type == DZ_SPAN_LOAD)
        add_hooks_of_session(building, vertex);
    if (span->type == DZ_SPAN_TEST)
        add_untold_fixtures(building, vertex, number);
    file = span->type == DZ_SPAN_COLLECT ? source_named(building, string(building, span->name)) : 0;
    if (file) {
        add_hooks_around(building, vertex, DZ_VERTEX_HOOKS_NOT_FIXTURES, file);
        building->names.files[file].is_tested = 1;
        add_places_around(building, vertex, string(building, file));
    }
}

static void make_collected(struct building *building, uint32_t number)
{
    const struct dz_observed_span *span = &building->of->all->spans[number];
    dz_autobuf struct dz_buf text = {0};
    int is_new;
    if (span->type != DZ_SPAN_COLLECT || dz_bits_next(&span->codes, 0) == UINT32_MAX ||
        !dz_parameters_are_all_found(&building->names, number))
        return;
    uint32_t vertex = dz_links_vertex(&building->links, DZ_VERTEX_COLLECTED, number, 0, &is_new);
    dz_buf_fmt(&text, "collect %s, without the values of parameters", string(building, span->name));
    building->links.failed |= !dz_buf_ok(&text);
    if (building->links.failed)
        return;
    building->links.vertices[vertex].name = add_text(building, text.data);
    building->collected[number] = vertex + 1;
}

static int make_span(struct building *building, uint32_t number)
{
    static const char *const types[DZ_SPAN_TYPES] = {"load",  "collect", "py.import", "fixture",
                                                     "cache", "test",    "test.call", "fork"};
    const struct dz_observed_span *span = &building->of->all->spans[number];
    dz_autobuf struct dz_buf text = {0};
    int is_new;
    building->spans[number] = dz_links_vertex(&building->links, DZ_VERTEX_SPAN, number, 0, &is_new);
    dz_buf_fmt(&text, "%s %s", types[span->type], string(building, span->name));
    if (!dz_buf_ok(&text) || building->links.failed)
        return -ENOMEM;
    building->links.vertices[building->spans[number]].name = add_text(building, text.data);
    make_collected(building, number);
    return building->links.failed ? -ENOMEM : 0;
}

/* ---- tests and their files ---- */

static int is_better(const struct dz_observed_span *span, const struct dz_observed_span *than)
{
    return span->complete != than->complete ? span->complete > than->complete
                                            : span->start_us >= than->start_us;
}

/* Of each name the last that is whole. */
static int list_tests(struct building *building)
{
    const struct dz_observations *all = building->of->all;
    building->test_spans = dz_alloc((all->n_spans + 1) * sizeof *building->test_spans);
    if (!building->test_spans)
        return -ENOMEM;
    for (uint32_t i = 0; i < all->n_spans; i++) {
        if (all->spans[i].type != DZ_SPAN_TEST)
            continue;
        const char *name = string(building, all->spans[i].name);
        uint32_t before = building->test_names.n;
        uint32_t number = dz_strings_add(&building->test_names, name, strlen(name));
        if (!number)
            return -ENOMEM;
        uint32_t *best = &building->test_spans[number - 1];
        if (number > before || is_better(&all->spans[i], &all->spans[*best]))
            *best = i;
    }
    return 0;
}

/* Which tests do not depend on where their values come from. */
static int find_values(struct building *building)
{
    static const struct dz_fingerprint unknown;
    const struct dz_build *of = building->of;
    building->knows_values = dz_alloc(of->all->n_spans + 1);
    building->collected = dz_alloc((of->all->n_spans + 1) * sizeof *building->collected);
    if (!building->knows_values || !building->collected)
        return -ENOMEM;
    for (uint32_t i = 0; i < of->n_tests; i++) {
        const char *nodeid = of->tests[i].nodeid;
        uint32_t number = dz_strings_find(&building->test_names, nodeid, strlen(nodeid));
        if (!number || memcmp(&of->tests[i].parameters, &unknown, sizeof unknown) == 0)
            continue;
        uint32_t span = building->test_spans[number - 1];
        building->knows_values[span] =
            !dz_parameters_are_asked_for(&building->names, span, &building->met);
    }
    return building->links.failed ? -ENOMEM : 0;
}

/* A test that no log knows of is one that nobody has seen. */
static uint32_t vertex_of_test(struct building *building, const char *nodeid)
{
    int is_new;
    uint32_t number = dz_strings_find(&building->test_names, nodeid, strlen(nodeid));
    if (number)
        return span_vertex(building, building->test_spans[number - 1]);
    uint32_t vertex =
        dz_links_vertex(&building->links, DZ_VERTEX_SPAN, DZ_OBSERVED_NONE, 0, &is_new);
    if (is_new) {
        building->links.vertices[vertex].name = add_text(building, "tests that were not observed");
        dz_names_unprovable(&building->names, vertex, "it was not observed");
    }
    return vertex;
}

/* Its number, also of one that is new: its tests are not known then. */
static uint32_t file_named(struct building *building, const char *path, size_t size)
{
    struct dz_graph *graph = building->graph;
    uint32_t before = building->file_names.n;
    uint32_t number = dz_strings_add(&building->file_names, path, size);
    if (number && number <= before)
        return number - 1;
    uint32_t text = dz_strings_add(&graph->strings, path, size);
    if (!number || !text ||
        !dz_has_room(&graph->files, graph->n_files, &graph->cap_files, sizeof *graph->files)) {
        building->links.failed = 1;
        return 0;
    }
    graph->files[graph->n_files++] = (struct dz_test_file){.path = text, .node = DZ_NONE};
    return number - 1;
}

static uint32_t file_of(struct building *building, const char *nodeid)
{
    const char *colons = strstr(nodeid, "::");
    return file_named(building, nodeid, colons ? (size_t)(colons - nodeid) : strlen(nodeid));
}

/* All that decides which tests are in it. A file that is no source is collected each time. */
static void find_tests_of(struct building *building, uint32_t number)
{
    const struct dz_observations *all = building->of->all;
    const char *path = dz_strings_text(&building->file_names, number + 1);
    uint32_t file = source_named(building, path);
    if (!file)
        return;
    uint32_t vertex = dz_names_vertex(&building->names, DZ_VERTEX_FIND, file, 0);
    add_hooks_around(building, vertex, DZ_VERTEX_HOOKS, file);
    add_hooks_around(building, vertex, DZ_VERTEX_LOADED, file);
    for (uint32_t i = 0; i < all->n_spans; i++)
        if (all->spans[i].type == DZ_SPAN_LOAD && !is_of_reports(building, i))
            lean_on(building, vertex, i);
    building->graph->files[number].node = vertex;
}

/* Collecting it is part of that, by whatever process. */
static void lean_on_collecting(struct building *building)
{
    const struct dz_observations *all = building->of->all;
    for (uint32_t i = 0; i < all->n_spans; i++) {
        const char *name = string(building, all->spans[i].name);
        uint32_t number = all->spans[i].type == DZ_SPAN_COLLECT
                              ? dz_strings_find(&building->file_names, name, strlen(name))
                              : 0;
        uint32_t vertex = number ? building->graph->files[number - 1].node : DZ_NONE;
        if (vertex != DZ_NONE)
            lean_on(building, vertex, i);
    }
}

/* Where pytest has found it: its function, and its class. Other items than functions have other names. */
struct found {
    uint32_t file;  /* 0: not in a source */
    uint32_t class; /* string, or 0 */
    int is_function;
};

static int is_identifiers(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 0 && name[i] != '_' && name[i] != '.' && !isalnum(name[i]))
            return 0;
    return size > 0;
}

static int find_test(struct building *building, struct found *ret, struct dz_nodeid *ret_id,
                     const char *nodeid)
{
    int r = dz_nodeid_read(ret_id, nodeid);
    dz_auto char *path = r == 0 ? dz_memdup(nodeid, ret_id->file_size) : NULL;
    *ret = (struct found){0};
    if (!path)
        return -ENOMEM;
    ret->file = source_named(building, path);
    if (!is_identifiers(ret_id->name, ret_id->name_size) ||
        memchr(ret_id->name, '.', ret_id->name_size))
        return 0;
    ret->is_function = ret->file > 0;
    if (ret->file && is_identifiers(ret_id->class.data, ret_id->class.len))
        ret->class = add_text(building, ret_id->class.data);
    return 0;
}

/* Of no function: a doctest, a line of a table. What its collector has read, the file's span says, but for what pytest has. */
static int name_item(struct building *building, uint32_t vertex, uint32_t file, const char *nodeid)
{
    const char *colons = strstr(nodeid, "::");
    if (file) {
        dz_names_item(&building->names, vertex, file, colons ? colons + 2 : "");
        return 0;
    }
    dz_autobuf struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/%.*s", building->of->rootdir,
               (int)(colons ? (size_t)(colons - nodeid) : strlen(nodeid)), nodeid);
    if (!dz_buf_ok(&path))
        return -ENOMEM;
    struct dz_input input = {.kind = DZ_INPUT_CONTENT,
                             .path = dz_names_path(&building->names, path.data)};
    dz_names_input(&building->names, vertex, input);
    return 0;
}

static void name_function(struct building *building, uint32_t vertex, uint32_t file,
                          const char *name, size_t size, int knows_values)
{
    struct dz_names *names = &building->names;
    uint32_t text = dz_strings_add(&building->graph->strings, name, size);
    if (!text)
        building->links.failed = 1;
    else if (knows_values)
        dz_links_edge(&building->links, vertex,
                      dz_names_vertex(names, DZ_VERTEX_TEST_FUNCTION, file, text));
    else
        dz_names_function(names, vertex, file, name, size);
}

static int name_test(struct building *building, uint32_t vertex, const char *nodeid,
                     int knows_values)
{
    struct dz_nodeid id;
    struct found found;
    int r = find_test(building, &found, &id, nodeid);
    struct dz_names *names = &building->names;
    if (r == 0 && !found.is_function)
        r = name_item(building, vertex, found.file, nodeid);
    else if (r == 0 && found.class) {
        dz_links_edge(&building->links, vertex,
                      dz_names_vertex(names, DZ_VERTEX_TEST_CLASS, found.file, found.class));
        dz_names_method(names, vertex, found.file, found.class, id.name, id.name_size,
                        knows_values);
        if (!knows_values)
            dz_parameters_need_classes(names, vertex, found.file, found.class);
    } else if (r == 0)
        name_function(building, vertex, found.file, id.name, id.name_size, knows_values);
    dz_buf_free(&id.class);
    return r;
}

/* The test's span, or NONE: nobody has seen it. */
static uint32_t span_of_test(const struct building *building, const char *nodeid)
{
    uint32_t number = dz_strings_find(&building->test_names, nodeid, strlen(nodeid));
    return number ? building->test_spans[number - 1] : DZ_OBSERVED_NONE;
}

static int add_test(struct building *building, const struct dz_build_test *test,
                    struct dz_record *record)
{
    uint32_t span = span_of_test(building, test->nodeid);
    int knows_values = span != DZ_OBSERVED_NONE && building->knows_values[span];
    record->node = vertex_of_test(building, test->nodeid);
    if (!knows_values)
        record->parameters = (struct dz_fingerprint){{0}};
    if (knows_values && test->values)
        dz_parameters_name(&building->names, record->node, test->values);
    if (!knows_values && span != DZ_OBSERVED_NONE)
        dz_parameters_need_headers(&building->names, record->node, span, &building->met);
    return name_test(building, record->node, test->nodeid, knows_values);
}

/* When all that the classes stand for is known. */
static int look_at_test(struct building *building, struct dz_insight *insight, const char *nodeid)
{
    struct dz_nodeid id;
    struct found found;
    uint32_t number = dz_strings_find(&building->test_names, nodeid, strlen(nodeid));
    int r = find_test(building, &found, &id, nodeid);
    if (r == 0 && found.class && number) {
        uint32_t span = building->test_spans[number - 1];
        dz_insight_look(
            insight, span_vertex(building, span), span,
            dz_names_vertex(&building->names, DZ_VERTEX_TEST_CLASS, found.file, found.class));
    }
    dz_buf_free(&id.class);
    return r;
}

static int look_at_tests(struct building *building)
{
    struct dz_insight insight;
    int r = dz_insight_init(&insight, &building->names);
    for (uint32_t i = 0; r == 0 && i < building->of->n_tests && !building->links.failed; i++)
        if (building->of->tests[i].has_run)
            r = look_at_test(building, &insight, building->of->tests[i].nodeid);
    dz_insight_free(&insight);
    return r;
}

static int add_records(struct building *building)
{
    struct dz_graph *graph = building->graph;
    const struct dz_build *of = building->of;
    for (uint32_t i = 0; i < of->n_tests; i++) {
        const struct dz_build_test *test = &of->tests[i];
        struct dz_record record = {.nodeid = add_text(building, test->nodeid),
                                   .file = file_of(building, test->nodeid),
                                   .node = DZ_NONE,
                                   .outcome = test->outcome,
                                   .duration_us = test->duration_us,
                                   .day = of->day};
        record.parameters = test->parameters;
        if (test->has_run && add_test(building, test, &record) < 0)
            return -ENOMEM;
        if (!dz_has_room(&graph->records, graph->n_records, &graph->cap_records,
                         sizeof *graph->records))
            return -ENOMEM;
        graph->records[graph->n_records++] = record;
    }
    return 0;
}

static int by_file(const void *one, const void *other)
{
    const struct dz_record *a = one, *b = other;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    /* Their ids were numbered as they came. */
    return a->nodeid < b->nodeid ? -1 : a->nodeid > b->nodeid;
}

/* From vertices to the nodes that they have become. */
static void name_nodes(struct building *building)
{
    struct dz_graph *graph = building->graph;
    for (uint32_t i = 0; i < graph->n_records; i++) {
        struct dz_record *record = &graph->records[i];
        if (record->node != DZ_NONE)
            record->node = building->nodes[record->node];
        record->is_found =
            dz_record_has_parameters(record) && graph->files[record->file].node != DZ_NONE;
    }
    for (uint32_t i = 0; i < graph->n_files; i++)
        if (graph->files[i].node != DZ_NONE)
            graph->files[i].node = building->nodes[graph->files[i].node];
    if (graph->n_records)
        qsort(graph->records, graph->n_records, sizeof *graph->records, by_file);
}

/* The front's: it is the first. */
static void tell_load(const struct building *building)
{
    const struct dz_observations *all = building->of->all;
    uint32_t *load = building->of->load;
    *load = DZ_NONE;
    for (uint32_t i = 0; *load == DZ_NONE && i < all->n_spans; i++)
        if (all->spans[i].type == DZ_SPAN_LOAD && !is_of_reports(building, i))
            *load = building->nodes[span_vertex(building, i)];
}

/* ---- all ---- */

static int begin(struct building *building)
{
    const struct dz_build *of = building->of;
    building->links = (struct dz_links){.graph = building->graph};
    building->names = (struct dz_names){.links = &building->links,
                                        .all = of->all,
                                        .elements = of->elements,
                                        .distributions = of->distributions,
                                        .rootdir = of->rootdir,
                                        .waivers = of->waivers,
                                        .prints = {.strings = &building->graph->strings,
                                                   .fingerprint = of->fingerprint,
                                                   .context = of->context}};
    building->names.outputs = &building->outputs;
    building->spans = dz_alloc((of->all->n_spans + 1) * sizeof *building->spans);
    int r = building->spans ? dz_outputs_find(&building->outputs, of->all) : -ENOMEM;
    if (r == 0)
        r = dz_names_init(&building->names);
    if (r == 0)
        r = dz_looking_init(&building->looking, &building->names);
    if (r == 0)
        r = list_sources(building);
    if (r == 0)
        r = list_modules(building);
    if (r == 0)
        r = list_tests(building);
    return r == 0 ? find_values(building) : r;
}

static int fill(struct building *building)
{
    const struct dz_build *of = building->of;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < of->all->n_spans; i++)
        r = make_span(building, i);
    for (uint32_t i = 0; r == 0 && i < of->all->n_spans; i++)
        fill_span(building, i);
    for (uint32_t i = 0; r == 0 && i < of->n_files; i++) {
        uint32_t file = file_named(building, of->files[i].path, strlen(of->files[i].path));
        if (of->files[i].is_whole && !building->links.failed)
            find_tests_of(building, file);
    }
    if (r == 0)
        r = add_records(building);
    if (r == 0)
        lean_on_collecting(building);
    dz_names_expand(&building->names);
    if (r == 0)
        r = look_at_tests(building);
    dz_names_expand(&building->names);
    return r < 0 || building->links.failed ? -ENOMEM : 0;
}

static int finish(struct building *building)
{
    building->nodes = dz_alloc((building->links.n + 1) * sizeof *building->nodes);
    int r = building->nodes ? dz_links_condense(&building->links, building->nodes) : -ENOMEM;
    if (r == 0)
        name_nodes(building);
    if (r == 0 && building->of->load)
        tell_load(building);
    return r;
}

static void free_all(struct building *building)
{
    dz_looking_free(&building->looking);
    dz_names_free(&building->names);
    dz_links_free(&building->links);
    dz_outputs_free(&building->outputs);
    dz_strings_free(&building->sources);
    dz_strings_free(&building->test_names);
    dz_strings_free(&building->file_names);
    dz_free(building->source_files);
    dz_free(building->conftests);
    dz_free(building->modules);
    dz_free(building->test_spans);
    dz_free(building->knows_values);
    dz_free(building->collected);
    dz_bits_free(&building->met);
    dz_free(building->spans);
    dz_free(building->nodes);
}

int dz_build(struct dz_graph *ret, const struct dz_build *build, struct dz_err *err)
{
    *ret = (struct dz_graph){0};
    struct building building = {.of = build, .graph = ret};
    int r = begin(&building);
    if (r == 0)
        r = fill(&building);
    if (r == 0)
        r = finish(&building);
    free_all(&building);
    if (r < 0)
        dz_graph_free(ret);
    return r < 0 ? dz_fail(err, r, "cannot make a graph of what was observed") : 0;
}

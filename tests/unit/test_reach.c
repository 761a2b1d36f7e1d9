/* What new effects may write: a few modules as sheets, made by hand, and whose names are marked. Real sources are
 * changed in tests/e2e/test_effects.py. */
#include "../../host/record/reach.h"
#include "../made_graph.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <xxhash.h>

/* ---- a sheet in the making: what is added belongs to the last element ---- */

enum { MOST = 4096, TEXT_MOST = 1 << 16 };

struct made {
    struct dz_sheet_head head;
    struct dz_sheet_string strings[MOST];
    struct dz_chain chains[MOST];
    struct dz_element elements[MOST];
    struct dz_bind binds[MOST];
    struct dz_read reads[MOST];
    struct dz_attribute attributes[MOST];
    struct dz_import imports[MOST];
    char text[TEXT_MOST];
};

static uint32_t string(struct made *made, const char *text)
{
    uint32_t *n = &made->head.n[DZ_PART_strings], *at = &made->head.n[DZ_PART_text];
    for (uint32_t i = 0; i < *n; i++)
        if (strcmp(made->text + made->strings[i].at, text) == 0)
            return i;
    uint32_t size = (uint32_t)strlen(text);
    assert_true(*n < MOST && *at + size < TEXT_MOST);
    made->strings[*n] = (struct dz_sheet_string){*at, size};
    memcpy(made->text + *at, text, size + 1);
    *at += size + 1;
    return (*n)++;
}

static struct dz_element *add(struct made *made, enum dz_element_kind kind, const char *name)
{
    uint32_t n = made->head.n[DZ_PART_elements]++;
    struct dz_element *element = &made->elements[n];
    assert_true(n < MOST);
    *element = (struct dz_element){
        .kind = kind, .name = string(made, name), .k = 1, .owner = DZ_NONE, .statement = DZ_NONE};
    element->first_line = element->last_line = n + 1;
    element->binds.at = made->head.n[DZ_PART_binds];
    element->reads.at = made->head.n[DZ_PART_reads];
    element->attributes.at = made->head.n[DZ_PART_attributes];
    memcpy(element->fingerprint, name, strlen(name) < 15 ? strlen(name) : 15);
    return element;
}

static struct dz_element *last(struct made *made)
{
    return &made->elements[made->head.n[DZ_PART_elements] - 1];
}

static void binds(struct made *made, const char *name, uint32_t mode)
{
    made->binds[made->head.n[DZ_PART_binds]++] = (struct dz_bind){string(made, name), 1, mode};
    last(made)->binds.n++;
}

static void reads(struct made *made, const char *dotted, uint32_t mode)
{
    uint32_t parent = DZ_NONE, *n = &made->head.n[DZ_PART_chains];
    for (const char *at = dotted; *at; at += strcspn(at, ".") + (at[strcspn(at, ".")] == '.')) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "."), at);
        made->chains[*n] = (struct dz_chain){parent, string(made, name)};
        parent = (*n)++;
    }
    made->reads[made->head.n[DZ_PART_reads]++] = (struct dz_read){parent, mode, 1};
    last(made)->reads.n++;
}

static void has_attribute(struct made *made, const char *name, uint32_t mode)
{
    made->attributes[made->head.n[DZ_PART_attributes]++] =
        (struct dz_attribute){string(made, name), mode};
    last(made)->attributes.n++;
}

/* name: NULL: import module. */
static void imports(struct made *made, uint32_t level, const char *module, const char *name)
{
    const char *bound = name ? name : module;
    if (last(made)->kind != DZ_FUNCTION) {
        add(made, DZ_BINDING, bound)->flags = DZ_IS_IMPORT;
        binds(made, bound, DZ_BIND_IMPORT);
    }
    made->imports[made->head.n[DZ_PART_imports]++] =
        (struct dz_import){.element = made->head.n[DZ_PART_elements] - 1,
                           .module = string(made, module),
                           .name = name ? string(made, name) : DZ_NONE,
                           .bound = string(made, bound),
                           .level = level,
                           .flags = name ? DZ_IMPORT_FROM : 0};
}

static void value(struct made *made, const char *name)
{
    add(made, DZ_BINDING, name);
    binds(made, name, DZ_BIND_VALUE);
}

static void function(struct made *made, const char *name)
{
    add(made, DZ_BINDING, name)->flags = DZ_IS_DEF;
    binds(made, name, DZ_BIND_FUNCTION);
    add(made, DZ_FUNCTION, name);
}

/* base: NULL for none. */
static uint32_t class(struct made *made, enum dz_element_kind kind, const char *name,
                      const char *base)
{
    struct dz_element *statement = add(made, kind, name);
    statement->flags = DZ_IS_DEF;
    statement->why = kind == DZ_EFFECT ? DZ_WHY_BASE : 0;
    binds(made, name, DZ_BIND_CLASS);
    if (base)
        reads(made, base, DZ_READ_VALUE);
    add(made, DZ_HEADER, name)->why = kind == DZ_EFFECT ? DZ_WHY_BASE : 0;
    if (base)
        reads(made, base, DZ_READ_VALUE);
    add(made, DZ_CLASS, name);
    return made->head.n[DZ_PART_elements] - 1;
}

static void method(struct made *made, uint32_t owner, const char *name)
{
    add(made, DZ_FUNCTION, name)->owner = owner;
}

static void effect(struct made *made, const char *name, uint32_t why)
{
    add(made, DZ_EFFECT, name)->why = why;
}

static struct dz_sheet *sheet_of(const struct made *made)
{
    dz_autobuf struct dz_buf bytes = {0};
    struct dz_sheet_head head = made->head;
    struct dz_err err;
    dz_buf_put(&bytes, &head, sizeof head);
#define DZ_PART_OF(name) dz_buf_put(&bytes, made->name, head.n[DZ_PART_##name] * sizeof *made->name)
    DZ_PART_OF(strings);
    DZ_PART_OF(chains);
    DZ_PART_OF(elements);
    DZ_PART_OF(binds);
    DZ_PART_OF(reads);
    DZ_PART_OF(attributes);
    DZ_PART_OF(imports);
    DZ_PART_OF(text);
#undef DZ_PART_OF
    if (!dz_buf_ok(&bytes))
        return NULL;
    size_t from = offsetof(struct dz_sheet_head, version);
    uint64_t check = XXH3_64bits(bytes.data + from, bytes.len - from);
    memcpy(bytes.data + offsetof(struct dz_sheet_head, check), &check, sizeof check);
    struct dz_sheet *sheet = dz_sheet_new(bytes.data, bytes.len, &err);
    if (!sheet && err.code != -ENOMEM)
        fail_msg("%s", err.text);
    return sheet;
}

/* ---- a project of a few modules ---- */

enum { CORE, USER, LATE, PACKAGE, MODULES };

static const char *const paths[] = {"pkg/core.py", "pkg/user.py", "pkg/late.py", "pkg/__init__.py"};
static struct made modules[MODULES], was;
static int is_there[MODULES], was_there, is_unknown;

static void begin(struct made *made)
{
    memset(made, 0, sizeof *made);
    made->head = (struct dz_sheet_head){
        .magic = DZ_SHEET_MAGIC, .version = DZ_SHEET_VERSION, .minor = 12, .problem = DZ_NONE};
    add(made, DZ_MODULE, "<module>");
}

static struct dz_sheet *now(void *of, const char *path, int *ret_unknown)
{
    (void)of;
    for (int i = 0; i < MODULES; i++)
        if (strcmp(paths[i], path) == 0 && is_there[i]) {
            struct dz_sheet *sheet = is_unknown ? NULL : sheet_of(&modules[i]);
            *ret_unknown = !sheet;
            return sheet;
        }
    return NULL;
}

static struct dz_sheet *before(void *of, const struct dz_look *look)
{
    (void)of;
    (void)look;
    return was_there ? sheet_of(&was) : NULL;
}

/* core.py has TABLE, OTHER, and register, that leads to TABLE by a function beside it. */
static int set_up(void **state)
{
    struct made *core = &modules[CORE];
    (void)state;
    for (int i = 0; i < MODULES; i++) {
        begin(&modules[i]);
        is_there[i] = i != LATE;
    }
    begin(&was);
    was_there = 1;
    is_unknown = 0;
    value(core, "TABLE");
    value(core, "OTHER");
    function(core, "register");
    reads(core, "keep", DZ_READ_CALLED);
    function(core, "keep");
    reads(core, "TABLE", DZ_READ_ITEM | DZ_READ_VALUE);
    function(core, "wraps");
    imports(&modules[USER], 1, "", "core");
    imports(&was, 1, "", "core");
    return 0;
}

static uint32_t name_input(struct dz_graph *graph, const char *path, const char *name)
{
    return made_input(graph, (struct dz_input){.kind = DZ_INPUT_NAME,
                                               .path = made_string(graph, path),
                                               .name = made_string(graph, name)});
}

static const struct dz_project_sources sources = {NULL, now, before};

/* The names of core.py that are marked when user.py has changed: "TABLE OTHER ". */
static const char *marked(void)
{
    static const char *const names[] = {"TABLE", "OTHER", "register", "Base", "Plain"};
    static char text[128];
    struct dz_graph graph = {0};
    struct dz_bits changed_sources = {0}, changed = {0};
    for (int i = 0; i < MODULES; i++)
        if (i != LATE)
            made_look(&graph, (struct dz_look){.path = made_string(&graph, paths[i])});
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        name_input(&graph, paths[CORE], names[i]);
    name_input(&graph, "elsewhere.py", "TABLE");
    assert_int_equal(dz_bits_set(&changed_sources, made_string(&graph, paths[USER])), 0);
    assert_int_equal(dz_reach(&graph, &changed_sources, &sources, &changed), 0);
    text[0] = 0;
    for (uint32_t i = 0; (i = dz_bits_next(&changed, i)) != UINT32_MAX; i++) {
        const struct dz_input *input = &graph.inputs[i];
        int is_core = strcmp(dz_strings_text(&graph.strings, input->path), paths[CORE]) == 0;
        strcat(text, is_core ? dz_strings_text(&graph.strings, input->name) : "elsewhere");
        strcat(text, " ");
    }
    dz_bits_free(&changed_sources);
    dz_bits_free(&changed);
    dz_graph_free(&graph);
    return text;
}

/* ---- tests ---- */

static void what_a_new_effect_stores_into_is_marked(void **state)
{
    (void)state;
    assert_string_equal(marked(), "");
    effect(&modules[USER], "<core.TABLE>", DZ_WHY_STORE);
    reads(&modules[USER], "core.TABLE", DZ_READ_ITEM | DZ_READ_VALUE);
    assert_string_equal(marked(), "TABLE ");
}

static void an_effect_that_was_there_marks_nothing_but_where_nobody_knows_that(void **state)
{
    (void)state;
    struct made *both[] = {&modules[USER], &was};
    for (int i = 0; i < 2; i++) {
        effect(both[i], "<core.TABLE>", DZ_WHY_STORE);
        reads(both[i], "core.TABLE", DZ_READ_ITEM);
    }
    assert_string_equal(marked(), "");
    was_there = 0;
    assert_string_equal(marked(), "TABLE ");
}

static void the_same_effect_once_more_is_new(void **state)
{
    (void)state;
    an_effect_that_was_there_marks_nothing_but_where_nobody_knows_that(state);
    was_there = 1;
    effect(&modules[USER], "<core.TABLE>", DZ_WHY_STORE);
    reads(&modules[USER], "core.TABLE", DZ_READ_ITEM);
    assert_string_equal(marked(), "TABLE ");
}

static void an_effect_that_sees_another_binding_is_new(void **state)
{
    (void)state;
    an_effect_that_was_there_marks_nothing_but_where_nobody_knows_that(state);
    was_there = 1;
    was.reads[was.head.n[DZ_PART_reads] - 1].sees = 0;
    assert_string_equal(marked(), "TABLE ");
}

static void what_functions_mention_that_it_can_reach_is_marked(void **state)
{
    (void)state;
    effect(&modules[USER], "<core.wraps>", DZ_WHY_CALL);
    reads(&modules[USER], "core.wraps", DZ_READ_CALLED);
    assert_string_equal(marked(), "");
    effect(&modules[USER], "<core.register>", DZ_WHY_CALL);
    reads(&modules[USER], "core.register", DZ_READ_CALLED);
    assert_string_equal(marked(), "TABLE ");
}

static void a_function_reaches_what_it_imports_itself(void **state)
{
    (void)state;
    function(&modules[USER], "f");
    imports(&modules[USER], 1, "core", "OTHER");
    effect(&modules[USER], "<f>", DZ_WHY_CALL);
    reads(&modules[USER], "f", DZ_READ_CALLED);
    assert_string_equal(marked(), "OTHER ");
}

static void a_class_marks_what_hooks_of_its_bases_mention(void **state)
{
    (void)state;
    class(&modules[CORE], DZ_BINDING, "Plain", NULL);
    uint32_t base = class(&modules[CORE], DZ_BINDING, "Base", NULL);
    method(&modules[CORE], base, "Base.__init_subclass__");
    reads(&modules[CORE], "OTHER.append", DZ_READ_CALLED);
    class(&modules[USER], DZ_EFFECT, "New", "core.Plain");
    assert_string_equal(marked(), "");
    class(&modules[USER], DZ_EFFECT, "Newer", "core.Base");
    assert_string_equal(marked(), "OTHER ");
    method(&modules[CORE], base, "Base.__init_subclass__");
    has_attribute(&modules[CORE], "kinds", DZ_READ_ITEM);
    assert_string_equal(marked(), "OTHER Base ");
}

static void a_method_is_found_by_what_its_object_is_made_of(void **state)
{
    (void)state;
    uint32_t app = class(&modules[CORE], DZ_BINDING, "App", NULL);
    method(&modules[CORE], app, "App.route");
    reads(&modules[CORE], "OTHER", DZ_READ_VALUE);
    method(&modules[CORE], app, "App.run");
    reads(&modules[CORE], "TABLE", DZ_READ_VALUE);
    value(&modules[CORE], "APP");
    reads(&modules[CORE], "App", DZ_READ_CALLED);
    effect(&modules[USER], "<core.APP.route>", DZ_WHY_CALL);
    reads(&modules[USER], "core.APP.route", DZ_READ_CALLED);
    assert_string_equal(marked(), "OTHER ");
}

static void a_new_import_brings_all_effects_of_what_it_imports(void **state)
{
    (void)state;
    struct made *late = &modules[LATE];
    imports(late, 0, "pkg.core", NULL);
    effect(late, "<pkg.core.TABLE>", DZ_WHY_STORE);
    reads(late, "pkg.core.TABLE", DZ_READ_ITEM);
    /* It binds the first of its names. */
    late->imports[0].bound = string(late, "pkg");
    late->binds[0].name = string(late, "pkg");
    imports(&modules[USER], 0, "pkg", "late");
    assert_string_equal(marked(), "");
    is_there[LATE] = 1;
    assert_string_equal(marked(), "TABLE ");
    /* By another name, it is the same module. */
    imports(&was, 1, "", "late");
    assert_string_equal(marked(), "");
}

static void a_module_that_is_given_away_is_marked_whole(void **state)
{
    (void)state;
    effect(&modules[USER], "<core.wraps>", DZ_WHY_CALL);
    reads(&modules[USER], "core.wraps", DZ_READ_CALLED);
    reads(&modules[USER], "core", DZ_READ_VALUE);
    assert_string_equal(marked(), "TABLE OTHER register Base Plain ");
}

static void more_functions_than_are_gone_through_mark_all_of_their_modules(void **state)
{
    (void)state;
    for (int i = 0; i < 1020; i++) {
        char name[16], next[16];
        snprintf(name, sizeof name, "f%d", i);
        snprintf(next, sizeof next, "f%d", i + 1);
        function(&modules[LATE], name);
        reads(&modules[LATE], next, DZ_READ_CALLED);
        function(&modules[PACKAGE], name);
        reads(&modules[PACKAGE], next, DZ_READ_CALLED);
    }
    is_there[LATE] = 1;
    imports(&modules[USER], 1, "", "late");
    imports(&modules[USER], 1, "", "f0");
    effect(&modules[USER], "<core.wraps>", DZ_WHY_CALL);
    reads(&modules[USER], "core.wraps", DZ_READ_CALLED);
    effect(&modules[USER], "<late.f0>", DZ_WHY_CALL);
    reads(&modules[USER], "late.f0", DZ_READ_CALLED);
    assert_string_equal(marked(), "");
    effect(&modules[USER], "<f0>", DZ_WHY_CALL);
    reads(&modules[USER], "f0", DZ_READ_CALLED);
    assert_string_equal(marked(), "TABLE OTHER register Base Plain ");
}

/* Whether OTHER is marked when keep, which the import of user.py has run, is another function now. */
static int is_other_marked(const char *node)
{
    struct dz_graph graph = {0};
    struct dz_bits changed_sources = {0}, changed = {0};
    made_look(&graph, (struct dz_look){.path = made_string(&graph, paths[CORE])});
    uint32_t keep = made_input(&graph, (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                                         .of = DZ_FUNCTION,
                                                         .path = made_string(&graph, paths[CORE]),
                                                         .name = made_string(&graph, "keep"),
                                                         .k = 1});
    uint32_t table = name_input(&graph, paths[CORE], "TABLE");
    uint32_t other = name_input(&graph, paths[CORE], "OTHER");
    made_node(&graph, "function pkg/core.py::keep#1");
    made_node_has(&graph, keep);
    made_node(&graph, node);
    made_node_leans(&graph, 0);
    assert_int_equal(dz_bits_set(&changed_sources, made_string(&graph, paths[CORE])), 0);
    assert_int_equal(dz_bits_set(&changed, keep), 0);
    assert_int_equal(dz_reach(&graph, &changed_sources, &sources, &changed), 0);
    assert_false(dz_bits_has(&changed, table));
    int r = dz_bits_has(&changed, other);
    dz_bits_free(&changed_sources);
    dz_bits_free(&changed);
    dz_graph_free(&graph);
    return r;
}

static void a_function_that_an_import_has_run_marks_what_it_mentions_anew(void **state)
{
    (void)state;
    struct dz_element *keep = &modules[CORE].elements[6];
    was = modules[CORE];
    assert_string_equal(modules[CORE].text + modules[CORE].strings[keep->name].at, "keep");
    assert_false(is_other_marked("import pkg/user.py"));
    function(&modules[CORE], "last");
    uint32_t at = modules[CORE].head.n[DZ_PART_reads];
    reads(&modules[CORE], "TABLE", DZ_READ_ITEM | DZ_READ_VALUE);
    reads(&modules[CORE], "OTHER.append", DZ_READ_CALLED);
    keep->reads = (struct dz_range){at, 2};
    last(&modules[CORE])->reads.n = 0;
    assert_true(is_other_marked("import pkg/user.py"));
    assert_false(is_other_marked("test.call test_user.py::test_it"));
}

static void a_source_that_nothing_can_be_said_of_may_have_written_any_name(void **state)
{
    (void)state;
    is_unknown = 1;
    assert_string_equal(marked(), "TABLE OTHER register Base Plain elsewhere ");
}

static void without_memory_nothing_is_taken_for_unreached(void **state)
{
    (void)state;
    a_class_marks_what_hooks_of_its_bases_mention(state);
    struct dz_graph graph = {0};
    struct dz_bits changed_sources = {0};
    int r = -ENOMEM;
    for (int i = 0; i < 2; i++)
        made_look(&graph, (struct dz_look){.path = made_string(&graph, paths[i])});
    uint32_t other = name_input(&graph, paths[CORE], "OTHER");
    assert_int_equal(dz_bits_set(&changed_sources, made_string(&graph, paths[USER])), 0);
    for (unsigned long n = 1; r < 0; n++) {
        struct dz_bits changed = {0};
        dz_mem_fail_after(n);
        r = dz_reach(&graph, &changed_sources, &sources, &changed);
        dz_mem_fail_after(0);
        assert_true(r == -ENOMEM || dz_bits_has(&changed, other));
        dz_bits_free(&changed);
    }
    dz_bits_free(&changed_sources);
    dz_graph_free(&graph);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(what_a_new_effect_stores_into_is_marked),
        TEST(an_effect_that_was_there_marks_nothing_but_where_nobody_knows_that),
        TEST(the_same_effect_once_more_is_new),
        TEST(an_effect_that_sees_another_binding_is_new),
        TEST(what_functions_mention_that_it_can_reach_is_marked),
        TEST(a_function_reaches_what_it_imports_itself),
        TEST(a_class_marks_what_hooks_of_its_bases_mention),
        TEST(a_method_is_found_by_what_its_object_is_made_of),
        TEST(a_new_import_brings_all_effects_of_what_it_imports),
        TEST(a_module_that_is_given_away_is_marked_whole),
        TEST(more_functions_than_are_gone_through_mark_all_of_their_modules),
        TEST(a_function_that_an_import_has_run_marks_what_it_mentions_anew),
        TEST(a_source_that_nothing_can_be_said_of_may_have_written_any_name),
        TEST(without_memory_nothing_is_taken_for_unreached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

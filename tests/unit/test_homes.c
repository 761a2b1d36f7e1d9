#include "../../host/record/homes.h"
#include "../made_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const files[] = {"/p/m.py", "/p/pkg/__init__.py", "/p/pkg/m.py", "/q/pkg/m.py",
                                    "/p/template.html"};
static const char *const lefts[] = {
    "/p/m.py::a",     "/p/pkg/m.py::b.x",      "/p/pkg/m.py::a",      "/p/pkg/m.py::a.x",
    "/q/pkg/m.py::a", "/p/pkg/__init__.py::a", "/p/template.html::a", "/p/nobody/knows.py::a"};
enum { FILES = sizeof files / sizeof *files, LEFTS = sizeof lefts / sizeof *lefts };

struct world {
    struct dz_observations all;
    struct dz_lefts lefts;
    struct dz_homes homes;
};

static void make(struct world *ret)
{
    dz_autobuf struct dz_buf log = {0};
    struct dz_err err = {0};
    *ret = (struct world){0};
    put_head(&log, DZ_LOG_FRONT, "", (struct told){0}, 0);
    for (uint32_t i = 0; i < FILES; i++) {
        put_string(&log, i + 1, files[i]);
        put_source(&log, i + 1, "0123456789abcdef", 16);
    }
    put_span(&log, 1, 0, DZ_SPAN_TEST, 1);
    for (uint32_t i = 0; i < LEFTS; i++) {
        put_string(&log, FILES + i + 1, lefts[i]);
        put_fact(&log, 1, DZ_FACT_WROTE, FILES + i + 1, 0);
    }
    put_end(&log, 1);
    assert_int_equal(dz_observations_add(&ret->all, "front", log.data, log.len, &err), 0);
    assert_int_equal(dz_lefts_find(&ret->lefts, &ret->all), 0);
    assert_int_equal(ret->lefts.n, LEFTS);
    assert_int_equal(dz_homes_find(&ret->homes, &ret->lefts, &ret->all), 0);
}

static void drop(struct world *world)
{
    dz_homes_free(&world->homes);
    dz_lefts_free(&world->lefts);
    dz_observations_free(&world->all);
}

/* As many of the module's are of this name as are asked for; none is met twice. */
static uint32_t count(const struct world *world, const char *module, const char *name)
{
    uint32_t n_all = 0, number = dz_homes_module(&world->homes, module);
    uint32_t text = *name ? dz_lefts_text(&world->lefts, name, strlen(name)) : 0;
    uint8_t met[LEFTS] = {0};
    for (uint32_t at = number ? world->homes.files_of[number - 1] : 0; at;
         at = world->homes.files[at - 1].next) {
        uint32_t n, file = world->homes.files[at - 1].file;
        const uint32_t *found = dz_homes_of(&world->homes, file, text, &n);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(world->lefts.list[found[i]].file, file);
            assert_false(met[found[i]]++);
        }
        n_all += n;
    }
    return n_all;
}

static void what_was_left_lies_in_each_module_that_its_file_may_be(void **state)
{
    struct world world;
    (void)state;
    make(&world);
    assert_int_equal(count(&world, "m", ""), 5); /* of /p, /p/pkg and /q/pkg */
    assert_int_equal(count(&world, "pkg/m", ""), 4);
    assert_int_equal(count(&world, "p/pkg/m", ""), 3);
    assert_int_equal(count(&world, "pkg", ""), 1);
    assert_int_equal(count(&world, "pkg/__init__", ""), 1);
    assert_int_equal(count(&world, "kg/m", ""), 0);
    assert_int_equal(count(&world, "p/pkg/m/m", ""), 0);
    assert_int_equal(count(&world, "template", ""), 0);
    assert_int_equal(count(&world, "knows", ""), 0); /* no source that was met */
    drop(&world);
}

static void of_a_file_each_name_is_found_with_all_its_attributes(void **state)
{
    struct world world;
    (void)state;
    make(&world);
    assert_int_equal(count(&world, "p/pkg/m", "a"), 2);
    assert_int_equal(count(&world, "p/pkg/m", "b"), 1);
    assert_int_equal(count(&world, "pkg/m", "a"), 3);
    assert_int_equal(count(&world, "m", "a"), 4);
    assert_int_equal(count(&world, "pkg", "b"), 0);
    drop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_left_lies_in_each_module_that_its_file_may_be),
        cmocka_unit_test(of_a_file_each_name_is_found_with_all_its_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What node ids name. */
#include "../../host/record/nodeid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reads(const char *nodeid, const char *file, const char *class, const char *name)
{
    struct dz_nodeid id;
    assert_int_equal(dz_nodeid_read(&id, nodeid), 0);
    assert_int_equal(id.file_size, strlen(file));
    assert_memory_equal(nodeid, file, id.file_size);
    assert_string_equal(id.class.len ? id.class.data : "", class);
    assert_int_equal(id.name_size, strlen(name));
    assert_memory_equal(id.name, name, id.name_size);
    dz_buf_free(&id.class);
}

static void a_node_id_has_a_file_classes_and_a_function(void **state)
{
    (void)state;
    reads("tests/test_a.py::test_it", "tests/test_a.py", "", "test_it");
    reads("test_a.py::A::test_it", "test_a.py", "A", "test_it");
    reads("test_a.py::A::B::test_it", "test_a.py", "A.B", "test_it");
}

static void what_is_in_brackets_are_parameters(void **state)
{
    (void)state;
    reads("test_a.py::test_it[1]", "test_a.py", "", "test_it");
    reads("test_a.py::A::test_it[a::b[0]::c]", "test_a.py", "A", "test_it");
}

static void what_is_missing_is_empty(void **state)
{
    (void)state;
    reads("", "", "", "");
    reads("test_a.py", "test_a.py", "", "");
    reads("test_a.py::", "test_a.py", "", "");
    reads("a[0].py::test_it", "a[0].py", "", "test_it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_id_has_a_file_classes_and_a_function),
        cmocka_unit_test(what_is_in_brackets_are_parameters),
        cmocka_unit_test(what_is_missing_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

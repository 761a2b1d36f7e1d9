/* What several baselines prove together, and what a job knows of its tests at its end. */
#include "../../host/record/proofs.h"
#include "../../host/record/run_tests.h"
#include "../made_graph.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- a baseline, and what a selection says of it ---- */

struct said {
    struct dz_graph graph;
    uint8_t records[16], files[16];
};

static uint32_t file(struct said *said, const char *path, int is_as_it_was)
{
    struct dz_graph *graph = &said->graph;
    made_room(&graph->files, graph->n_files, &graph->cap_files, sizeof *graph->files);
    graph->files[graph->n_files] = (struct dz_test_file){.path = made_string(graph, path)};
    said->files[graph->n_files] = !is_as_it_was;
    return graph->n_files++;
}

static void test(struct said *said, uint32_t in, const char *nodeid, enum dz_outcome outcome,
                 enum dz_reason reason)
{
    struct dz_graph *graph = &said->graph;
    made_room(&graph->records, graph->n_records, &graph->cap_records, sizeof *graph->records);
    said->records[graph->n_records] = (uint8_t)reason;
    graph->records[graph->n_records++] =
        (struct dz_record){.nodeid = made_string(graph, nodeid), .file = in, .outcome = outcome};
}

static void proved(struct said *said, uint32_t in, const char *nodeid)
{
    test(said, in, nodeid, DZ_OUTCOME_PROVED, DZ_REASON_NONE);
}

static void add(struct dz_proofs *proofs, struct said *said)
{
    struct dz_selection selection = {.records = said->records, .files = said->files};
    assert_int_equal(dz_proofs_add(proofs, &said->graph, &selection), 0);
    dz_graph_free(&said->graph);
}

/* Names are told with | behind each. */
static void assert_told(struct dz_proofs *proofs, const char *files, const char *counts,
                        const char *tests)
{
    struct dz_buf told[4] = {{0}};
    struct dz_proved proved = {0}, audited = {0};
    assert_int_equal(dz_proofs_tell(proofs, &told[0], &told[1], &proved, &audited), 0);
    assert_int_equal(audited.names.len, 0);
    told[2] = proved.names;
    dz_buf_free(&proved.parameters);
    for (int i = 0; i < 3; i += 2)
        for (size_t at = 0; at < told[i].len; at++)
            if (!told[i].data[at])
                told[i].data[at] = '|';
    for (size_t at = 0; at < told[1].len; at += sizeof(uint32_t))
        dz_buf_fmt(&told[3], "%u|", *(uint32_t *)(void *)(told[1].data + at));
    const char *expected[] = {files, NULL, tests, counts};
    for (int i = 0; i < 4; i++) {
        dz_buf_put(&told[i], "", 1);
        if (expected[i])
            assert_string_equal(told[i].data, expected[i]);
        dz_buf_free(&told[i]);
    }
    dz_proofs_free(proofs);
}

static void a_file_is_left_out_where_all_in_it_is_proved(void **state)
{
    (void)state;
    struct dz_proofs proofs = {0};
    struct said one = {0};
    uint32_t a = file(&one, "a.py", 1), b = file(&one, "b.py", 1), c = file(&one, "c.py", 0);
    file(&one, "empty.py", 1);
    proved(&one, a, "a.py::1");
    proved(&one, a, "a.py::2");
    test(&one, a, "a.py::3", DZ_OUTCOME_DESELECTED, DZ_REASON_NONE);
    proved(&one, b, "b.py::1");
    test(&one, b, "b.py::2", DZ_OUTCOME_PROVED, DZ_REASON_CHANGED);
    proved(&one, c, "c.py::1");
    add(&proofs, &one);
    assert_told(&proofs, "a.py|empty.py|", "2|0|", "b.py::1|c.py::1|");
}

static void one_proof_is_enough_and_a_failure_of_today_refuses_it(void **state)
{
    (void)state;
    struct dz_proofs proofs = {0};
    struct said one = {0}, other = {0};
    uint32_t a = file(&one, "a.py", 1);
    proved(&one, a, "a.py::1");
    proved(&one, a, "a.py::2");
    proved(&one, a, "a.py::3");
    test(&one, a, "a.py::4", DZ_OUTCOME_PROVED, DZ_REASON_CHANGED);
    add(&proofs, &one);
    a = file(&other, "a.py", 0);
    test(&other, a, "a.py::1", DZ_OUTCOME_FAILED, DZ_REASON_FAILED);
    test(&other, a, "a.py::2", DZ_OUTCOME_FAILED, DZ_REASON_CHANGED);
    test(&other, a, "a.py::3", DZ_OUTCOME_DUE, DZ_REASON_DUE);
    proved(&other, a, "a.py::4");
    add(&proofs, &other);
    assert_told(&proofs, "", "", "a.py::2|a.py::4|");
}

static void if_parameters(struct said *said, uint32_t in, const char *nodeid, char parameters)
{
    test(said, in, nodeid, DZ_OUTCOME_PROVED, DZ_REASON_PARAMETERS);
    said->graph.records[said->graph.n_records - 1].parameters.bytes[15] = (uint8_t)parameters;
}

static void assert_proved_if(const struct dz_proofs *proofs, const char *nodeid,
                             const char *parameters, const char *file)
{
    dz_autobuf struct dz_buf files = {0}, counts = {0};
    struct dz_proved tests = {0}, audited = {0};
    assert_int_equal(dz_proofs_tell(proofs, &files, &counts, &tests, &audited), 0);
    dz_buf_put(&files, "", 1);
    assert_string_equal(files.data, file);
    size_t n = strlen(parameters), size = strlen(nodeid) + 1;
    assert_int_equal(tests.names.len, n * size);
    assert_int_equal(tests.parameters.len, n * 16);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(tests.names.data + i * size, nodeid);
        assert_int_equal(tests.parameters.data[i * 16 + 15], parameters[i]);
    }
    dz_proved_free(&tests);
    dz_proved_free(&audited);
}

/* Which ones it has, only who collects the file can say; one baseline that knows is enough. */
static void what_is_proved_with_some_parameters_is_told_with_each_of_them(void **state)
{
    (void)state;
    struct dz_proofs proofs = {0};
    struct said one = {0}, other = {0}, again = {0}, known = {0}, failed = {0};
    if_parameters(&one, file(&one, "a.py", 1), "a.py::t[1]", 'x');
    add(&proofs, &one);
    assert_proved_if(&proofs, "a.py::t[1]", "x", "");
    if_parameters(&other, file(&other, "a.py", 0), "a.py::t[1]", 'y');
    add(&proofs, &other);
    if_parameters(&again, file(&again, "a.py", 0), "a.py::t[1]", 'x');
    add(&proofs, &again);
    assert_proved_if(&proofs, "a.py::t[1]", "yx", "");
    proved(&known, file(&known, "a.py", 1), "a.py::t[1]");
    add(&proofs, &known);
    assert_proved_if(&proofs, "", "", "a.py");
    test(&failed, file(&failed, "a.py", 1), "a.py::t[1]", DZ_OUTCOME_FAILED, DZ_REASON_FAILED);
    add(&proofs, &failed);
    assert_proved_if(&proofs, "", "", "");
    dz_proofs_free(&proofs);
}

static uint32_t count_audited(const struct dz_proofs *proofs)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < proofs->nodeids.n; i++)
        n += proofs->tests[i].is_audited;
    return n;
}

static void what_is_audited_is_not_left_out_nor_is_its_file(void **state)
{
    (void)state;
    struct dz_proofs proofs = {0};
    struct said one = {0};
    dz_autobuf struct dz_buf files = {0}, counts = {0};
    struct dz_proved tests = {0}, audited = {0};
    uint32_t a = file(&one, "a.py", 1), b = file(&one, "b.py", 0);
    proved(&one, a, "a.py::1");
    test(&one, a, "a.py::2", DZ_OUTCOME_DESELECTED, DZ_REASON_NONE);
    proved(&one, b, "b.py::1");
    test(&one, b, "b.py::2", DZ_OUTCOME_FAILED, DZ_REASON_FAILED);
    add(&proofs, &one);
    dz_proofs_audit(&proofs, 100, 1);
    assert_int_equal(dz_proofs_tell(&proofs, &files, &counts, &tests, &audited), 0);
    assert_int_equal(files.len + counts.len + tests.names.len, 0);
    assert_int_equal(audited.names.len, 16);
    assert_memory_equal(audited.names.data, "a.py::1\0b.py::1", 16);
    dz_proved_free(&audited);
    dz_proofs_audit(&proofs, 0, 1);
    assert_told(&proofs, "a.py|", "1|", "b.py::1|");
}

static void an_audits_share_is_by_chance_and_by_the_seed_again(void **state)
{
    (void)state;
    struct dz_proofs proofs = {0};
    char nodeid[32];
    uint32_t first = 0;
    for (uint32_t i = 0; i < 1000; i += 10) {
        struct said one = {0};
        uint32_t a = file(&one, "a.py", 1);
        for (uint32_t k = i; k < i + 10; k++) {
            snprintf(nodeid, sizeof nodeid, "a.py::%u", k);
            proved(&one, a, nodeid);
        }
        add(&proofs, &one);
    }
    for (uint32_t seed = 0; seed < 50; seed++) {
        dz_proofs_audit(&proofs, 20, seed);
        assert_in_range(count_audited(&proofs), 130, 270);
        first |= (uint32_t)proofs.tests[0].is_audited << seed % 32;
    }
    assert_true(first != 0 && first != UINT32_MAX);
    uint32_t n = count_audited(&proofs);
    dz_proofs_audit(&proofs, 20, 49);
    assert_int_equal(count_audited(&proofs), n);
    dz_proofs_free(&proofs);
}

static void both_together_may_leave_a_file_out(void **state)
{
    (void)state;
    struct dz_proofs proofs = {0};
    struct said one = {0}, other = {0};
    uint32_t a = file(&one, "a.py", 1);
    proved(&one, a, "a.py::1");
    test(&one, a, "a.py::2", DZ_OUTCOME_OPEN, DZ_REASON_OPEN);
    add(&proofs, &one);
    a = file(&other, "a.py", 0);
    proved(&other, a, "a.py::2");
    /* Of the file as it was for this one: it is not there any more. */
    test(&other, a, "a.py::gone", DZ_OUTCOME_PROVED, DZ_REASON_CHANGED);
    add(&proofs, &other);
    assert_told(&proofs, "a.py|", "2|", "");
}

/* ---- at the end ---- */

static const char zeros[16 * 8];

static void collected_with(struct dz_buf *frames, const char *path, int complete,
                           const char *nodeids, size_t size, const char *parameters)
{
    uint32_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += !nodeids[i];
    struct dz_msg msg = {.type = DZ_MSG_collected,
                         .collected = {.path = dz_bytes(path, strlen(path)),
                                       .complete = (uint8_t)complete,
                                       .nodeids = dz_bytes(nodeids, size),
                                       .parameters = dz_bytes(parameters, 16 * n),
                                       .values = dz_bytes(zeros, n)}};
    dz_wire_put(frames, &msg);
}

static void collected(struct dz_buf *frames, const char *path, int complete, const char *nodeids,
                      size_t size)
{
    collected_with(frames, path, complete, nodeids, size, zeros);
}

static void deselected(struct dz_buf *frames, const char *nodeids, size_t size)
{
    struct dz_msg msg = {.type = DZ_MSG_deselected,
                         .deselected = {.nodeids = dz_bytes(nodeids, size)}};
    dz_wire_put(frames, &msg);
}

static void assert_outcome(const struct dz_run_tests *all, uint32_t i, const char *nodeid,
                           enum dz_outcome outcome, int has_run)
{
    assert_string_equal(dz_strings_text(&all->strings, all->tests[i].nodeid), nodeid);
    assert_int_equal(all->tests[i].outcome, outcome);
    assert_int_equal(all->tests[i].has_run, has_run);
}

static void what_has_not_run_is_proved_or_due(void **state)
{
    (void)state;
    static const char ids[] = "a.py::1\0a.py::2\0a.py::3\0a.py::4\0a.py::5";
    static const char of_b[] = "b.py::1", none[] = "a.py::3";
    static const char proved_files[] = "b.py", proved_tests[] = "a.py::2\0a.py::5";
    struct dz_run_tests all = {0};
    struct dz_msg_chosen chosen = {.files = dz_bytes(proved_files, sizeof proved_files),
                                   .tests = dz_bytes(proved_tests, sizeof proved_tests),
                                   .parameters = dz_bytes(zeros, 32)};
    dz_autobuf struct dz_buf frames = {0};
    collected(&frames, "a.py", 1, ids, sizeof ids);
    collected(&frames, "b.py", 0, of_b, sizeof of_b);
    deselected(&frames, none, sizeof none);
    assert_int_equal(dz_run_tests_are_proved(&all, &chosen), 0);
    assert_int_equal(dz_run_tests_are_told(&all, frames.data, frames.len), 0);
    assert_int_equal(dz_run_tests_have_run(&all, "a.py::4", DZ_OUTCOME_FAILED, 7), 0);
    assert_int_equal(dz_run_tests_have_run(&all, "a.py::5", DZ_OUTCOME_PROVED, 8), 0);
    assert_int_equal(dz_run_tests_have_run(&all, "c.py::1[::]", DZ_OUTCOME_PROVED, 9), 0);
    assert_int_equal(all.n, 7);
    assert_outcome(&all, 0, "a.py::1", DZ_OUTCOME_DUE, 0);
    assert_outcome(&all, 1, "a.py::2", DZ_OUTCOME_PROVED, 0);
    assert_outcome(&all, 2, "a.py::3", DZ_OUTCOME_DESELECTED, 0);
    assert_outcome(&all, 3, "a.py::4", DZ_OUTCOME_FAILED, 1);
    assert_outcome(&all, 4, "a.py::5", DZ_OUTCOME_PROVED, 1);
    assert_outcome(&all, 5, "b.py::1", DZ_OUTCOME_PROVED, 0);
    assert_outcome(&all, 6, "c.py::1[::]", DZ_OUTCOME_PROVED, 1);
    assert_int_equal(all.n_files, 3);
    assert_int_equal(all.files[0].complete, 1);
    assert_int_equal(all.files[1].complete, 0);
    assert_int_equal(all.files[2].complete, 0);
    dz_run_tests_free(&all);
}

static void two_tests_of_one_name_prove_nothing(void **state)
{
    (void)state;
    static const char ids[] = "a.py::1\0a.py::1\0a.py::2\0a.py::2\0a.py::3";
    static const char proved_tests[] = "a.py::3";
    struct dz_run_tests all = {0};
    struct dz_msg_chosen chosen = {.tests = dz_bytes(proved_tests, sizeof proved_tests),
                                   .parameters = dz_bytes(zeros, 16)};
    dz_autobuf struct dz_buf frames = {0};
    collected(&frames, "a.py", 1, ids, sizeof ids);
    assert_int_equal(dz_run_tests_are_proved(&all, &chosen), 0);
    assert_int_equal(dz_run_tests_are_told(&all, frames.data, frames.len), 0);
    dz_run_tests_have_run(&all, "a.py::1", DZ_OUTCOME_PROVED, 1);
    dz_run_tests_have_run(&all, "a.py::1", DZ_OUTCOME_PROVED, 1);
    dz_run_tests_have_run(&all, "a.py::2", DZ_OUTCOME_FAILED, 1);
    dz_run_tests_have_run(&all, "a.py::2", DZ_OUTCOME_PROVED, 1);
    assert_outcome(&all, 0, "a.py::1", DZ_OUTCOME_OPEN, 1);
    assert_outcome(&all, 1, "a.py::2", DZ_OUTCOME_FAILED, 1);
    assert_outcome(&all, 2, "a.py::3", DZ_OUTCOME_PROVED, 0);
    dz_run_tests_free(&all);
}

static void names_without_an_end_are_refused(void **state)
{
    (void)state;
    struct dz_run_tests all = {0};
    dz_autobuf struct dz_buf frames = {0};
    collected(&frames, "a.py", 1, "a.py::1", 7);
    assert_int_equal(dz_run_tests_are_told(&all, frames.data, frames.len), -EBADMSG);
    assert_int_equal(dz_run_tests_are_told(&all, frames.data, frames.len - 1), -EBADMSG);
    dz_run_tests_free(&all);
}

static void without_memory_nothing_is_said(void **state)
{
    (void)state;
    static const char ids[] = "a.py::1\0a.py::2";
    int r = -ENOMEM;
    for (unsigned long n = 1; r < 0; n++) {
        struct dz_run_tests all = {0};
        dz_autobuf struct dz_buf frames = {0};
        collected(&frames, "a.py", 1, ids, sizeof ids);
        dz_mem_fail_after(n);
        r = dz_run_tests_are_told(&all, frames.data, frames.len);
        dz_mem_fail_after(0);
        assert_true(r == 0 || r == -ENOMEM);
        dz_run_tests_free(&all);
        assert_in_range(n, 1, 100);
    }
}

/* What has not run because of other parameters than it was proved with is due. */
static void what_is_proved_with_other_parameters_is_due(void **state)
{
    (void)state;
    static const char ids[] = "a.py::1\0a.py::2\0a.py::3";
    static const char names[] = "a.py::1\0a.py::1\0a.py::2\0a.py::3";
    static const char has[] = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbcccccccccccccccc";
    static const char proves[64 + 1] = "xxxxxxxxxxxxxxxxaaaaaaaaaaaaaaaaxxxxxxxxxxxxxxxx";
    struct dz_run_tests all = {0};
    struct dz_msg_chosen chosen = {.tests = dz_bytes(names, sizeof names),
                                   .parameters = dz_bytes(proves, 64)};
    dz_autobuf struct dz_buf frames = {0};
    collected_with(&frames, "a.py", 1, ids, sizeof ids, has);
    assert_int_equal(dz_run_tests_are_proved(&all, &chosen), 0);
    assert_int_equal(dz_run_tests_are_told(&all, frames.data, frames.len), 0);
    assert_outcome(&all, 0, "a.py::1", DZ_OUTCOME_PROVED, 0);
    assert_outcome(&all, 1, "a.py::2", DZ_OUTCOME_DUE, 0);
    assert_outcome(&all, 2, "a.py::3", DZ_OUTCOME_PROVED, 0);
    assert_memory_equal(all.tests[1].parameters.bytes, has + 16, 16);
    dz_run_tests_free(&all);
}

static void parameters_that_are_too_few_are_refused(void **state)
{
    (void)state;
    static const char ids[] = "a.py::1\0a.py::2";
    struct dz_run_tests all = {0};
    dz_autobuf struct dz_buf frames = {0};
    struct dz_msg msg = {.type = DZ_MSG_collected,
                         .collected = {.path = dz_bytes("a.py", 4),
                                       .nodeids = dz_bytes(ids, sizeof ids),
                                       .parameters = dz_bytes(zeros, 31),
                                       .values = dz_bytes(zeros, 2)}};
    struct dz_msg_chosen chosen = {.tests = dz_bytes(ids, sizeof ids),
                                   .parameters = dz_bytes(zeros, 16)};
    dz_wire_put(&frames, &msg);
    assert_int_equal(dz_run_tests_are_told(&all, frames.data, frames.len), -EBADMSG);
    assert_int_equal(dz_run_tests_are_proved(&all, &chosen), -EBADMSG);
    dz_run_tests_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_left_out_where_all_in_it_is_proved),
        cmocka_unit_test(one_proof_is_enough_and_a_failure_of_today_refuses_it),
        cmocka_unit_test(what_is_proved_with_some_parameters_is_told_with_each_of_them),
        cmocka_unit_test(what_is_audited_is_not_left_out_nor_is_its_file),
        cmocka_unit_test(an_audits_share_is_by_chance_and_by_the_seed_again),
        cmocka_unit_test(both_together_may_leave_a_file_out),
        cmocka_unit_test(what_has_not_run_is_proved_or_due),
        cmocka_unit_test(two_tests_of_one_name_prove_nothing),
        cmocka_unit_test(names_without_an_end_are_refused),
        cmocka_unit_test(what_is_proved_with_other_parameters_is_due),
        cmocka_unit_test(parameters_that_are_too_few_are_refused),
        cmocka_unit_test(without_memory_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

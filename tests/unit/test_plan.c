/* The plan, by example and by chance: random suites meet random lives of workers. */
#include "../../host/base/mem.h"
#include "../../host/record/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE DZ_PLAN_NONE
#define MS UINT64_C(1000)

/* ---- suites by hand ---- */

enum { MOST = 400, MOST_FIXTURES = 60, MOST_USES = 8 * MOST, MOST_SLOTS = 9 };

struct suite {
    struct dz_plan_test tests[MOST];
    struct dz_plan_fixture fixtures[MOST_FIXTURES];
    uint32_t uses[MOST_USES];
    struct dz_plan_input input;
};

static void begin_suite(struct suite *suite, uint32_t slots)
{
    memset(suite, 0, sizeof *suite);
    suite->input = (struct dz_plan_input){
        .tests = suite->tests, .fixtures = suite->fixtures, .uses = suite->uses, .slots = slots};
}

static uint32_t add_fixture(struct suite *suite, uint64_t setup_us, int pinned)
{
    suite->fixtures[suite->input.n_fixtures] = (struct dz_plan_fixture){setup_us, pinned};
    return suite->input.n_fixtures++;
}

static uint32_t add_test(struct suite *suite, uint32_t module, uint64_t us)
{
    suite->tests[suite->input.n_tests] = (struct dz_plan_test){
        .estimate_us = us, .module = module, .klass = NONE, .first_use = suite->input.n_uses};
    return suite->input.n_tests++;
}

/* To the test added last. */
static void add_use(struct suite *suite, uint32_t fixture)
{
    suite->uses[suite->input.n_uses++] = fixture;
    suite->tests[suite->input.n_tests - 1].uses++;
}

static void add_tests(struct suite *suite, uint32_t n, uint32_t module, uint64_t us,
                      uint32_t fixture)
{
    while (n--) {
        add_test(suite, module, us);
        if (fixture != NONE)
            add_use(suite, fixture);
    }
}

static struct dz_plan *plan_of(const struct suite *suite)
{
    struct dz_err err = {0};
    struct dz_plan *plan = dz_plan_new(&suite->input, &err);
    if (!plan)
        fail_msg("%s", err.text);
    return plan;
}

/* ---- by example ---- */

static void one_slot_runs_as_the_session_does(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 1);
    uint32_t server = add_fixture(&suite, 0, 0);
    for (uint32_t i = 0; i < 20; i++)
        add_tests(&suite, 1, i % 3, i * MS, i % 4 ? NONE : server);
    struct dz_plan *plan = plan_of(&suite);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(dz_plan_next(plan, 0), i);
    assert_int_equal(dz_plan_next(plan, 0), NONE);
    dz_plan_free(plan);
}

static void the_longest_module_starts_first(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    add_tests(&suite, 1, 0, 50 * MS, NONE);
    add_tests(&suite, 1, 1, 90 * MS, NONE);
    add_tests(&suite, 1, 2, 70 * MS, NONE);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_next(plan, 0), 1);
    assert_int_equal(dz_plan_next(plan, 1), 2);
    assert_int_equal(dz_plan_next(plan, 1), 0);
    assert_int_equal(dz_plan_total_left_us(plan), 210 * MS);
    assert_int_equal(dz_plan_left_us(plan, 1), 120 * MS);
    dz_plan_free(plan);
}

static void a_long_test_leaves_its_module_and_starts_first(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    add_tests(&suite, 20, 0, 5 * MS, NONE);
    uint32_t slow = add_test(&suite, 0, 500 * MS);
    add_tests(&suite, 20, 1, 5 * MS, NONE);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_next(plan, 0), slow);
    dz_plan_free(plan);
}

static void a_module_is_cut_at_the_border_of_a_class(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    for (uint32_t i = 0; i < 40; i++)
        suite.tests[add_test(&suite, 0, 10 * MS)].klass = i / 5;
    struct dz_plan *plan = plan_of(&suite);
    for (uint32_t slot = 0, alone = 1; slot < 2; slot++) {
        for (uint32_t last = NONE, test; (test = dz_plan_next(plan, slot)) != NONE; last = test) {
            dz_plan_finished(plan, test, 10 * MS);
            if (last != NONE && test / 5 != last / 5)
                assert_int_equal(test % 5, 0);
            /* The rest is the other slot's, until this one steals. */
            if (slot == 0 && alone && dz_plan_left_us(plan, 0) == 0)
                break;
        }
    }
    assert_int_equal(dz_plan_unfinished(plan), 0);
    dz_plan_free(plan);
}

static void an_idle_slot_takes_half_of_the_longest_queue(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 3);
    for (uint32_t module = 0; module < 30; module++)
        add_tests(&suite, 4, module, 10 * MS, NONE);
    struct dz_plan *plan = plan_of(&suite);
    uint64_t had = dz_plan_left_us(plan, 0);
    assert_int_equal(had, 400 * MS);
    for (uint64_t n = 0; n < 40; n++)
        dz_plan_finished(plan, dz_plan_next(plan, 0), 10 * MS);
    dz_plan_finished(plan, dz_plan_next(plan, 1), 10 * MS);
    assert_int_not_equal(dz_plan_next(plan, 0), NONE);
    assert_in_range(dz_plan_left_us(plan, 0), 140 * MS, 220 * MS);
    assert_int_equal(dz_plan_left_us(plan, 1), 390 * MS);
    dz_plan_free(plan);
}

static void a_busy_slot_leaves_to_others_what_it_would_begin_later(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    add_tests(&suite, 1, 0, 1000 * MS, NONE);
    add_tests(&suite, 1, 1, 400 * MS, NONE);
    add_tests(&suite, 1, 2, 300 * MS, NONE);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_next(plan, 0), 0);
    assert_int_equal(dz_plan_next(plan, 1), 1);
    assert_int_equal(dz_plan_next(plan, 0), NONE);
    assert_int_equal(dz_plan_next(plan, 1), 2);
    dz_plan_free(plan);

    begin_suite(&suite, 2);
    add_tests(&suite, 1, 0, 100 * MS, NONE);
    add_tests(&suite, 1, 1, 95 * MS, NONE);
    add_tests(&suite, 1, 2, 10 * MS, NONE);
    plan = plan_of(&suite);
    dz_plan_finished(plan, dz_plan_next(plan, 1), 95 * MS);
    assert_int_equal(dz_plan_next(plan, 1), 2);
    /* Slot 0 has 100 ms more, but would begin them at once. */
    assert_int_equal(dz_plan_next(plan, 1), NONE);
    assert_int_equal(dz_plan_next(plan, 0), 0);
    dz_plan_free(plan);
}

static void what_a_dead_process_gives_back_can_be_stolen(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    uint32_t server = add_fixture(&suite, 1 * MS, 1);
    add_tests(&suite, 1, 0, 2000 * MS, NONE);
    add_tests(&suite, 10, 1, 100 * MS, server);
    add_tests(&suite, 1, 2, 3000 * MS, NONE);
    struct dz_plan *plan = plan_of(&suite);
    dz_plan_finished(plan, dz_plan_next(plan, 0), 1);
    assert_int_equal(dz_plan_next(plan, 1), 0);
    assert_int_equal(dz_plan_next(plan, 1), 1);
    assert_false(dz_plan_wants(plan, 0));
    dz_plan_give_back(plan, 1);
    dz_plan_give_back(plan, 0);
    assert_true(dz_plan_wants(plan, 0));
    assert_int_equal(dz_plan_next(plan, 0), 0);
    assert_int_equal(dz_plan_next(plan, 1), 1);
    dz_plan_free(plan);
}

static void a_group_is_dealt_apart_only_if_a_slot_would_idle(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    uint32_t server = add_fixture(&suite, 10 * MS, 0);
    for (uint32_t module = 0; module < 6; module++)
        add_tests(&suite, 1, module, 300 * MS, module < 2 ? server : NONE);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_next(plan, 0), 0);
    assert_int_equal(dz_plan_next(plan, 0), 1);
    assert_int_equal(dz_plan_next(plan, 1), 2);
    dz_plan_free(plan);
}

static void a_group_is_not_dealt_in_parts_shorter_than_its_set_up(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    uint32_t server = add_fixture(&suite, 300 * MS, 0);
    add_tests(&suite, 8, 0, 100 * MS, server);
    add_tests(&suite, 1, 1, 600 * MS, NONE);
    for (uint32_t i = 0; i < 8; i++)
        suite.tests[i].klass = i;
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_next(plan, 0), 0);
    assert_int_equal(dz_plan_left_us(plan, 0), 800 * MS);
    dz_plan_free(plan);
}

static void a_group_of_unknown_cost_stays_in_one_slot_until_measured(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    uint32_t server = add_fixture(&suite, 0, 0);
    add_tests(&suite, 40, 0, 0, server);
    add_tests(&suite, 40, 1, 0, server);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_useful_slots(plan), 2);
    assert_int_equal(dz_plan_next(plan, 0), 0);
    assert_false(dz_plan_wants(plan, 1));
    dz_plan_fixture_ran(plan, server, 3 * MS, 0);
    assert_false(dz_plan_wants(plan, 1));
    dz_plan_finished(plan, 0, 20 * MS);
    assert_true(dz_plan_wants(plan, 1));
    assert_int_equal(dz_plan_next(plan, 1), 40);
    dz_plan_free(plan);
}

static void both_set_up_and_a_duration_must_be_known_to_split(void **state)
{
    (void)state;
    for (int fixture_first = 0; fixture_first < 2; fixture_first++) {
        struct suite suite;
        begin_suite(&suite, 3);
        uint32_t server = add_fixture(&suite, 0, 0);
        add_tests(&suite, 40, 0, 0, server);
        add_tests(&suite, 4, 1, 0, NONE);
        struct dz_plan *plan = plan_of(&suite);
        assert_int_equal(dz_plan_next(plan, 0), 0);
        for (uint32_t i = 0; i < 4; i++)
            dz_plan_finished(plan, dz_plan_next(plan, 1), 20 * MS);
        for (int i = 0; i < 2; i++) {
            assert_false(dz_plan_wants(plan, 2));
            if (i == fixture_first)
                dz_plan_finished(plan, 0, 20 * MS);
            else
                dz_plan_fixture_ran(plan, server, 3 * MS, 0);
        }
        assert_true(dz_plan_wants(plan, 2));
        dz_plan_free(plan);
    }
}

static void a_group_that_bound_a_port_is_never_split(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    uint32_t known = add_fixture(&suite, 1 * MS, 1), found = add_fixture(&suite, 0, 0);
    add_tests(&suite, 20, 0, 1000 * MS, known);
    add_tests(&suite, 20, 1, 1000 * MS, found);
    struct dz_plan *plan = plan_of(&suite);
    uint32_t of_slot[2] = {dz_plan_next(plan, 0) / 20, dz_plan_next(plan, 1) / 20};
    assert_int_not_equal(of_slot[0], of_slot[1]);
    dz_plan_fixture_ran(plan, found, 1 * MS, 1);
    for (uint32_t n = 1; n < 20; n++)
        assert_int_equal(dz_plan_next(plan, 0) / 20, of_slot[0]);
    assert_int_equal(dz_plan_next(plan, 0), NONE);
    assert_false(dz_plan_wants(plan, 0));
    assert_int_equal(dz_plan_left_us(plan, 1), 20000 * MS);
    dz_plan_free(plan);
}

/* 16 tests share a fixture, one has begun. Returns how many of them another slot gets. */
static uint32_t taken_of_group(uint64_t setup_us, uint64_t us)
{
    struct suite suite;
    begin_suite(&suite, 2);
    uint32_t server = add_fixture(&suite, setup_us, 0), n = 0;
    add_tests(&suite, 16, 0, us, server);
    add_tests(&suite, 1, 1, 16 * us + 1, NONE);
    struct dz_plan *plan = plan_of(&suite);
    dz_plan_finished(plan, dz_plan_next(plan, 0), us);
    assert_int_equal(dz_plan_next(plan, 1), 0);
    if (dz_plan_wants(plan, 0))
        n = (uint32_t)(dz_plan_left_us(plan, 0) / us);
    dz_plan_free(plan);
    return n;
}

static void a_group_is_split_only_where_a_second_set_up_pays(void **state)
{
    (void)state;
    assert_int_equal(taken_of_group(10 * MS, 20 * MS), 8);
    assert_int_equal(taken_of_group(200 * MS, 20 * MS), 0);
    assert_int_equal(taken_of_group(1, 6 * MS), 0);
    assert_int_equal(taken_of_group(1, 7 * MS), 8);
}

static void useful_slots_follow_the_work(void **state)
{
    (void)state;
    static const struct {
        uint32_t tests, slots, pinned, want;
        uint64_t us;
    } rows[] = {
        {0, 4, 0, 0, 0},       {1, 4, 0, 1, 0},          {2, 4, 0, 2, 0},
        {8, 16, 0, 8, 0},      {12, 16, 0, 8, 0},        {60, 99, 0, 15, 0},
        {20, 8, 0, 1, 1 * MS}, {60, 8, 0, 3, 1 * MS},    {5, 8, 0, 5, 1000 * MS},
        {300, 4, 0, 4, 0},     {50, 8, 1, 1, 1000 * MS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct suite suite;
        begin_suite(&suite, rows[i].slots);
        uint32_t server = add_fixture(&suite, 1 * MS, 1);
        add_tests(&suite, rows[i].tests, 0, rows[i].us, rows[i].pinned ? server : NONE);
        struct dz_plan *plan = plan_of(&suite);
        assert_int_equal(dz_plan_useful_slots(plan), rows[i].want);
        dz_plan_free(plan);
    }
}

static void an_unknown_test_is_taken_for_its_likes(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    add_test(&suite, 0, 30 * MS);
    uint32_t beside = add_test(&suite, 0, 0), alone = add_test(&suite, 1, 0);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_estimate_us(plan, beside), 30 * MS);
    assert_int_equal(dz_plan_estimate_us(plan, alone), 30 * MS);
    dz_plan_free(plan);

    begin_suite(&suite, 1);
    add_tests(&suite, 3, 0, 0, NONE);
    plan = plan_of(&suite);
    assert_int_equal(dz_plan_estimate_us(plan, 2), 10 * MS);
    dz_plan_finished(plan, dz_plan_next(plan, 0), 700 * MS);
    assert_int_equal(dz_plan_estimate_us(plan, 0), 700 * MS);
    assert_int_equal(dz_plan_estimate_us(plan, 2), 700 * MS);
    assert_int_equal(dz_plan_total_left_us(plan), 1400 * MS);
    dz_plan_free(plan);
}

static void bad_input_gets_a_sentence(void **state)
{
    (void)state;
    struct suite suite;
    struct dz_err err = {0};
    begin_suite(&suite, 0);
    assert_null(dz_plan_new(&suite.input, &err));
    assert_non_null(strstr(err.text, "no workers"));
    begin_suite(&suite, 1);
    add_tests(&suite, 1, 0, 0, 0);
    assert_null(dz_plan_new(&suite.input, &err));
    assert_non_null(strstr(err.text, "no fixture 0"));
    begin_suite(&suite, 1);
    add_test(&suite, 0, 0);
    suite.tests[0].uses = UINT32_MAX;
    assert_null(dz_plan_new(&suite.input, &err));
    assert_non_null(strstr(err.text, "not listed"));
}

static void foreign_numbers_change_nothing(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 2);
    add_tests(&suite, 2, 0, 0, NONE);
    struct dz_plan *plan = plan_of(&suite);
    assert_int_equal(dz_plan_next(plan, 7), NONE);
    assert_false(dz_plan_wants(plan, 7));
    dz_plan_finished(plan, 0, 1);
    dz_plan_finished(plan, 99, 1);
    dz_plan_give_back(plan, 1);
    dz_plan_fixture_ran(plan, 0, 1, 1);
    assert_int_equal(dz_plan_unfinished(plan), 2);
    assert_int_equal(dz_plan_left_us(plan, 99), 0);
    dz_plan_free(plan);
}

static void without_memory_there_is_a_sentence_and_no_plan(void **state)
{
    (void)state;
    struct suite suite;
    begin_suite(&suite, 3);
    uint32_t server = add_fixture(&suite, 1 * MS, 0);
    for (uint32_t module = 0; module < 6; module++)
        add_tests(&suite, 5, module, 100 * MS, module % 2 ? server : NONE);
    for (unsigned long n = 1;; n++) {
        struct dz_err err = {0};
        dz_mem_fail_after(n);
        struct dz_plan *plan = dz_plan_new(&suite.input, &err);
        dz_mem_fail_after(0);
        if (plan) {
            assert_true(n > 20);
            dz_plan_free(plan);
            return;
        }
        assert_true(err.code < 0);
        assert_non_null(strstr(err.text, "no memory to plan 30 tests"));
    }
}

/* ---- by chance ---- */

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static int chance(uint32_t percent)
{
    return draw(100) < percent;
}

/* What a process of the model lives through. */
struct process {
    int alive, last;
    uint32_t held[8], n_held, n_had, module;
    uint8_t has[MOST_FIXTURES]; /* fixtures of tests that it was given */
};

struct model {
    struct suite suite;
    struct dz_plan *plan;
    struct process processes[MOST_SLOTS];
    uint8_t out[MOST], ended[MOST];
    uint8_t measured[MOST_FIXTURES], timed[MOST_FIXTURES], binds[MOST_FIXTURES];
    uint32_t
        last_of[MOST_FIXTURES]; /* of a fixture not yet measured: the test given out last, + 1 */
    uint32_t n_ended, deaths;
    int deadly, closed;
};

static void draw_fixtures(struct model *model)
{
    struct suite *suite = &model->suite;
    for (uint32_t n = draw(MOST_FIXTURES / 2); n--;) {
        int known = chance(50), binds = chance(15);
        uint32_t f =
            add_fixture(suite, known ? 1 + draw(chance(50) ? 1000 : 100000) : 0, known && binds);
        model->binds[f] = (uint8_t)binds;
        model->measured[f] = (uint8_t)known;
    }
}

static void draw_uses(struct suite *suite, uint32_t module, int everywhere)
{
    uint32_t n = suite->input.n_fixtures;
    if (!n)
        return;
    if (everywhere)
        add_use(suite, 0);
    /* Most fixtures are one module's, a few are met anywhere. */
    if (n > 4 && chance(40))
        add_use(suite, 4 + module % (n - 4));
    if (chance(5))
        add_use(suite, draw(n));
}

static void draw_suite(struct model *model)
{
    struct suite *suite = &model->suite;
    begin_suite(suite, 1 + draw(MOST_SLOTS - 1));
    draw_fixtures(model);
    uint32_t n = draw(MOST), klass = 0, known = draw(3) * 50;
    int everywhere = chance(30), mixed = chance(20);
    for (uint32_t module = 0; suite->input.n_tests < n; module++) {
        for (uint32_t left = 1 + draw(40); left-- && suite->input.n_tests < n;) {
            uint32_t at = mixed ? draw(10) : module;
            uint64_t us = chance(known) ? 1 + draw(chance(5) ? 1000000 : 5000) : 0;
            uint32_t test = add_test(suite, at, us);
            klass += (uint32_t)chance(20);
            if (klass % 2)
                suite->tests[test].klass = klass * 10 + at;
            draw_uses(suite, at, everywhere);
        }
    }
    suite->input.fork = (enum dz_plan_fork)draw(3);
    suite->input.keep_order = chance(20);
}

static uint32_t *uses_of(struct model *model, uint32_t test)
{
    return model->suite.uses + model->suite.tests[test].first_use;
}

/* No other process may have a fixture that bound a port, nor one of which too little is known. */
static void check_fixtures(struct model *model, struct process *mine, uint32_t test)
{
    for (uint32_t u = 0; u < model->suite.tests[test].uses; u++) {
        uint32_t f = uses_of(model, test)[u];
        int may = model->measured[f] && !model->binds[f] &&
                  (model->timed[f] || model->suite.input.keep_order);
        for (uint32_t i = 0; i < MOST_SLOTS && !may; i++)
            if (&model->processes[i] != mine && model->processes[i].alive)
                assert_false(model->processes[i].has[f]);
        mine->has[f] = 1;
        if (!model->measured[f] && !model->deaths && model->last_of[f])
            assert_true(test >= model->last_of[f] - 1);
        model->last_of[f] = test + 1;
    }
}

static void check_order(struct model *model, uint32_t test)
{
    if (!model->suite.input.keep_order && model->suite.input.slots > 1)
        return;
    for (uint32_t t = 0; t < test; t++)
        assert_true(model->out[t] || model->ended[t]);
}

static void check_fork(struct model *model, struct process *mine, uint32_t test)
{
    if (model->suite.input.fork == DZ_FORK_TEST)
        assert_int_equal(mine->n_had, 0);
    if (model->suite.input.fork == DZ_FORK_MODULE && mine->n_had)
        assert_int_equal(model->suite.tests[test].module, mine->module);
}

static void ask(struct model *model, uint32_t slot)
{
    struct process *mine = &model->processes[slot];
    if (!mine->alive) {
        if (!dz_plan_wants(model->plan, slot))
            return;
        memset(mine, 0, sizeof *mine);
        mine->alive = 1;
    }
    if (mine->last || mine->n_held == 8)
        return;
    uint32_t test = dz_plan_next(model->plan, slot);
    if (test == NONE) {
        mine->last = 1;
        mine->alive = mine->n_held > 0;
        return;
    }
    assert_false(model->closed);
    assert_true(test < model->suite.input.n_tests);
    assert_false(model->out[test] || model->ended[test]);
    check_order(model, test);
    check_fork(model, mine, test);
    check_fixtures(model, mine, test);
    model->out[test] = 1;
    mine->held[mine->n_held++] = test;
    mine->n_had++;
    mine->module = model->suite.tests[test].module;
}

static void set_up(struct model *model, uint32_t test)
{
    for (uint32_t u = 0; u < model->suite.tests[test].uses; u++) {
        uint32_t f = uses_of(model, test)[u];
        if (model->measured[f] && chance(90))
            continue;
        dz_plan_fixture_ran(model->plan, f, draw(50000), model->binds[f]);
        model->measured[f] = 1;
    }
}

static void finish(struct model *model, struct process *mine)
{
    uint32_t test = mine->held[0];
    memmove(mine->held, mine->held + 1, --mine->n_held * sizeof *mine->held);
    set_up(model, test);
    dz_plan_finished(model->plan, test, draw(20000));
    for (uint32_t u = 0; u < model->suite.tests[test].uses; u++)
        model->timed[uses_of(model, test)[u]] = 1;
    assert_int_equal(model->ended[test]++, 0);
    model->out[test] = 0;
    model->n_ended++;
    mine->alive = mine->n_held || !mine->last;
}

static void die(struct model *model, struct process *mine)
{
    if (mine->n_held && chance(50))
        finish(model, mine);
    while (mine->n_held) {
        uint32_t i = draw(mine->n_held), test = mine->held[i];
        memmove(mine->held + i, mine->held + i + 1, (--mine->n_held - i) * sizeof *mine->held);
        dz_plan_give_back(model->plan, test);
        model->out[test] = 0;
    }
    mine->alive = 0;
    model->deaths++;
}

static uint32_t count_out(const struct model *model)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < model->suite.input.n_tests; t++)
        n += model->out[t];
    return n;
}

static void check_sums(struct model *model)
{
    uint32_t n = model->closed ? count_out(model) : model->suite.input.n_tests - model->n_ended;
    assert_int_equal(dz_plan_unfinished(model->plan), n);
    assert_int_equal(dz_plan_total_left_us(model->plan) > 0, n > 0);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < model->suite.input.slots; i++)
        sum += dz_plan_left_us(model->plan, i);
    if (!model->suite.input.keep_order)
        assert_int_equal(dz_plan_total_left_us(model->plan), sum);
    for (uint32_t t = 0; t < model->suite.input.n_tests; t++)
        assert_true(dz_plan_estimate_us(model->plan, t) > 0);
}

static int is_stuck(struct model *model)
{
    for (uint32_t i = 0; i < model->suite.input.slots; i++)
        if (model->processes[i].alive || dz_plan_wants(model->plan, i))
            return 0;
    return 1;
}

static void live(struct model *model)
{
    for (uint32_t n = 0; dz_plan_unfinished(model->plan); n++) {
        uint32_t slot = draw(model->suite.input.slots);
        struct process *mine = &model->processes[slot];
        if (chance(50))
            ask(model, slot);
        else if (mine->n_held)
            finish(model, mine);
        if (model->deadly && mine->alive && chance(3))
            die(model, mine);
        if (n % 64 == 0) {
            check_sums(model);
            assert_false(dz_plan_unfinished(model->plan) && is_stuck(model));
        }
        if (model->deadly == 2 && !model->closed && draw(1000) == 0) {
            dz_plan_close(model->plan);
            model->closed = 1;
        }
    }
}

static void whatever_happens_every_test_is_given_out_once_and_groups_stay_together(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 1500; round++) {
        static struct model model;
        memset(&model, 0, sizeof model);
        seed = round;
        draw_suite(&model);
        model.deadly = (int)draw(3);
        for (uint32_t t = 0; t < model.suite.input.n_tests; t++)
            for (uint32_t u = 0; model.suite.tests[t].estimate_us && u < model.suite.tests[t].uses;
                 u++)
                model.timed[uses_of(&model, t)[u]] = 1;
        model.plan = plan_of(&model.suite);
        uint32_t useful = dz_plan_useful_slots(model.plan);
        assert_true(useful <= model.suite.input.slots &&
                    (useful > 0) == (model.suite.input.n_tests > 0));
        live(&model);
        check_sums(&model);
        for (uint32_t i = 0; i < model.suite.input.slots; i++)
            assert_int_equal(dz_plan_next(model.plan, i), NONE);
        dz_plan_free(model.plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slot_runs_as_the_session_does),
        cmocka_unit_test(the_longest_module_starts_first),
        cmocka_unit_test(a_long_test_leaves_its_module_and_starts_first),
        cmocka_unit_test(a_module_is_cut_at_the_border_of_a_class),
        cmocka_unit_test(an_idle_slot_takes_half_of_the_longest_queue),
        cmocka_unit_test(a_busy_slot_leaves_to_others_what_it_would_begin_later),
        cmocka_unit_test(what_a_dead_process_gives_back_can_be_stolen),
        cmocka_unit_test(a_group_is_dealt_apart_only_if_a_slot_would_idle),
        cmocka_unit_test(a_group_is_not_dealt_in_parts_shorter_than_its_set_up),
        cmocka_unit_test(a_group_of_unknown_cost_stays_in_one_slot_until_measured),
        cmocka_unit_test(both_set_up_and_a_duration_must_be_known_to_split),
        cmocka_unit_test(a_group_that_bound_a_port_is_never_split),
        cmocka_unit_test(a_group_is_split_only_where_a_second_set_up_pays),
        cmocka_unit_test(useful_slots_follow_the_work),
        cmocka_unit_test(an_unknown_test_is_taken_for_its_likes),
        cmocka_unit_test(bad_input_gets_a_sentence),
        cmocka_unit_test(foreign_numbers_change_nothing),
        cmocka_unit_test(without_memory_there_is_a_sentence_and_no_plan),
        cmocka_unit_test(whatever_happens_every_test_is_given_out_once_and_groups_stay_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

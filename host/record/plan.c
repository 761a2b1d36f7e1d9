/* Longest first, then stealing.
 *
 * The order of tests (order.h) is cut into units: a module, or a piece of one that is longer than a
 * share; a test longer than that alone. Units are dealt longest first to the slot with the least
 * time. From then on a slot whose queue is empty takes about half of what the slot with the most
 * time left has more than itself, from the tail and along borders of modules or classes where one
 * is near. Fixtures are held together by the order, which knows where a cut would cost a second
 * copy.
 *
 * A queue is a list of stretches of the order, each known by its first position, so a test moves by
 * moving numbers in arrays made once: nothing here can fail after dz_plan_new.
 *
 * Estimates are made anew when the number of tests measured without one has doubled: for a million
 * tests twenty times, and between two such times every sum of durations is two look-ups.
 *
 * keep_order has one queue for all slots, and nothing is cut or stolen. What gives way is
 * parallelism: tests with a pinned or unmeasured fixture all run in the slot that took the first of
 * them, and while one of them is next, the other slots wait.
 *
 * Not chosen: planning by single tests, which balances as well and makes every order-dependent test
 * fail; a plan made anew at each report, which moves work without need. */
#include "plan.h"

#include "../base/mem.h"
#include "order.h"
#include "peaks.h"
#include "units.h"

#include <errno.h>
#include <string.h>

enum {
    UNKNOWN_US = 10 * 1000, /* of a test when nothing at all is known */
    WORTH_US = 20 * 1000,   /* less work than this is not worth a process: a fork costs a few ms */
};
/* Past this durations say nothing more, and sums of a hundred million still fit. */
#define LONGEST_US (UINT64_C(1) << 36)
#define NONE DZ_PLAN_NONE

enum state { DUE, COMMITTED, ENDED };

struct slot {
    uint32_t head, tail;         /* first positions of its stretches, or NONE */
    uint64_t queued_us, held_us; /* estimates of its queue, and of what its process holds */
    uint32_t given;              /* tests that its process was given */
    uint32_t module;             /* of the last of them */
    uint8_t barren;              /* nothing of it can be stolen until something changes */
};

/* What is known of a module's tests: their number and time. */
struct tally {
    uint64_t n, us;
};

struct dz_plan {
    struct dz_order order;
    struct dz_plan_test *tests; /* estimate_us is what was measured, now or last time, else 0 */
    uint32_t *uses;
    uint8_t *state;
    uint32_t *owner; /* of a committed test: its slot */
    struct tally *modules;
    struct tally past, present; /* of all tests: the last run's, this run's */

    uint32_t *end, *next, *prev; /* of the stretch that begins at a position */
    uint32_t *turn;              /* when a position was first committed, from 1; 0 is never */
    uint32_t n_turns;

    struct slot *slots; /* and one more, the common queue of keep_order */
    uint32_t n_slots, useful;
    struct dz_peaks peaks; /* of the slots: time left, or 0 where nothing is to be stolen */

    uint32_t surprises,
        next_guess; /* ended tests that had no estimate, and at how many to guess anew */
    uint32_t unfinished;
    uint32_t
        anchor; /* keep_order: the slot that has the tests with pinned or unmeasured fixtures */
    enum dz_plan_fork fork;
    uint8_t keep_order, closed;
};

static uint64_t sane_us(uint64_t us)
{
    return us > LONGEST_US ? LONGEST_US : us;
}

/* ---- queues ---- */

static uint64_t slot_left_us(const struct slot *slot)
{
    return slot->queued_us + slot->held_us;
}

static void weigh(struct dz_plan *plan, struct slot *slot)
{
    uint32_t i = (uint32_t)(slot - plan->slots);
    if (i < plan->n_slots)
        dz_peaks_set(&plan->peaks, i, slot->head == NONE || slot->barren ? 0 : slot_left_us(slot));
}

static void weigh_all(struct dz_plan *plan)
{
    for (uint32_t i = 0; i < plan->n_slots; i++) {
        plan->slots[i].barren = 0;
        weigh(plan, &plan->slots[i]);
    }
}

static uint64_t at_us(const struct dz_plan *plan, uint32_t position)
{
    return dz_order_us(&plan->order, position, position + 1);
}

static void put_before(struct dz_plan *plan, struct slot *slot, uint32_t a, uint32_t next)
{
    uint32_t prev = next == NONE ? slot->tail : plan->prev[next];
    plan->next[a] = next;
    plan->prev[a] = prev;
    *(prev == NONE ? &slot->head : &plan->next[prev]) = a;
    *(next == NONE ? &slot->tail : &plan->prev[next]) = a;
    slot->queued_us += dz_order_us(&plan->order, a, plan->end[a]);
}

static void take_out(struct dz_plan *plan, struct slot *slot, uint32_t a)
{
    uint32_t prev = plan->prev[a], next = plan->next[a];
    *(prev == NONE ? &slot->head : &plan->next[prev]) = next;
    *(next == NONE ? &slot->tail : &plan->prev[next]) = prev;
    slot->queued_us -= dz_order_us(&plan->order, a, plan->end[a]);
}

static uint32_t pop(struct dz_plan *plan, struct slot *slot)
{
    uint32_t a = slot->head, end = plan->end[a];
    take_out(plan, slot, a);
    if (a + 1 < end) {
        plan->end[a + 1] = end;
        put_before(plan, slot, a + 1, slot->head);
    }
    return a;
}

/* What came back is first in its queue, in the order it was given out. */
static void put_back(struct dz_plan *plan, struct slot *slot, uint32_t position)
{
    uint32_t next = slot->head;
    while (next != NONE && plan->turn[next] && plan->turn[next] < plan->turn[position])
        next = plan->next[next];
    plan->end[position] = position + 1;
    put_before(plan, slot, position, next);
}

static struct slot *queue_of(const struct dz_plan *plan, uint32_t slot)
{
    return &plan->slots[plan->keep_order ? plan->n_slots : slot];
}

/* ---- estimates ---- */

static void count(struct tally *tally, uint64_t us)
{
    tally->n++;
    tally->us += us;
}

static uint64_t mean_us(const struct tally *tally)
{
    return tally->us / tally->n ? tally->us / tally->n : 1;
}

static uint64_t guess_us(const struct dz_plan *plan, const struct dz_plan_test *test)
{
    const struct tally *module = &plan->modules[test->module];
    if (test->estimate_us)
        return test->estimate_us;
    if (module->n)
        return mean_us(module);
    if (plan->present.n)
        return mean_us(&plan->present);
    return plan->past.n ? mean_us(&plan->past) : UNKNOWN_US;
}

static void tally_modules(struct dz_plan *plan)
{
    for (uint32_t t = 0; t < plan->order.n; t++)
        plan->modules[plan->tests[t].module] = (struct tally){0};
    for (uint32_t t = 0; t < plan->order.n; t++)
        if (plan->tests[t].estimate_us)
            count(&plan->modules[plan->tests[t].module], plan->tests[t].estimate_us);
}

static struct dz_order_fixture *fixture_of(const struct dz_plan *plan, uint32_t test, uint32_t use)
{
    return &plan->order.fixtures[plan->uses[plan->tests[test].first_use + use]];
}

static void charge_fixtures(struct dz_plan *plan, uint32_t test, int64_t us)
{
    for (uint32_t u = 0; u < plan->tests[test].uses; u++)
        fixture_of(plan, test, u)->left_us += (uint64_t)us;
}

static void charge_slots(struct dz_plan *plan)
{
    for (uint32_t i = 0; i <= plan->n_slots; i++) {
        struct slot *slot = &plan->slots[i];
        slot->queued_us = slot->held_us = 0;
        for (uint32_t a = slot->head; a != NONE; a = plan->next[a])
            slot->queued_us += dz_order_us(&plan->order, a, plan->end[a]);
    }
}

/* Every test gets its estimate, and every sum of estimates is made anew. */
static void guess(struct dz_plan *plan)
{
    struct dz_order *order = &plan->order;
    tally_modules(plan);
    for (uint32_t i = 0; i < order->n; i++)
        order->before[i + 1] = order->before[i] + guess_us(plan, &plan->tests[order->at[i]]);
    charge_slots(plan);
    for (uint32_t f = 0; f < order->n_fixtures; f++)
        order->fixtures[f].left_us = 0;
    for (uint32_t i = 0; i < order->n; i++) {
        uint32_t test = order->at[i];
        if (plan->state[test] != ENDED)
            charge_fixtures(plan, test, (int64_t)at_us(plan, i));
        if (plan->state[test] == COMMITTED)
            plan->slots[plan->owner[test]].held_us += at_us(plan, i);
    }
    weigh_all(plan);
}

/* ---- dealing ---- */

/* How many slots the time is worth. Of tests that nothing is known of, up to eight get a slot each,
 * since each may be long, and more than that share by four. */
static uint32_t worth_slots(const struct dz_plan *plan)
{
    uint64_t unknown = plan->order.n - plan->past.n;
    uint64_t worth = (plan->past.us + WORTH_US - 1) / WORTH_US;
    if (unknown)
        worth += unknown <= 8 ? unknown : (unknown + 3) / 4 > 8 ? (unknown + 3) / 4 : 8;
    return worth > plan->n_slots ? plan->n_slots : (uint32_t)worth;
}

static int has_pinned(const struct dz_plan *plan, uint32_t test)
{
    for (uint32_t u = 0; u < plan->tests[test].uses; u++)
        if (fixture_of(plan, test, u)->pinned)
            return 1;
    return 0;
}

/* How many parts may ever run apart, whatever is still measured; most at most. */
static uint32_t count_apart(const struct dz_plan *plan, uint32_t most)
{
    uint32_t n = plan->order.n > 0;
    for (uint32_t i = 1; i < plan->order.n && n < most; i++)
        n += plan->keep_order ? !has_pinned(plan, plan->order.at[i])
                              : !dz_order_is_fast(&plan->order, i);
    return n < most ? n : most;
}

static int deal(struct dz_plan *plan)
{
    uint32_t n;
    uint64_t share = dz_order_us(&plan->order, 0, plan->order.n) / plan->useful;
    dz_auto struct dz_unit *units = dz_units_cut(&plan->order, share, &n);
    if (!units)
        return -ENOMEM;
    for (uint32_t i = 0; i < plan->useful; i++)
        dz_peaks_set(&plan->peaks, i, UINT64_MAX);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = dz_peaks_highest(&plan->peaks);
        plan->end[units[i].a] = units[i].end;
        put_before(plan, &plan->slots[slot], units[i].a, NONE);
        dz_peaks_set(&plan->peaks, slot, UINT64_MAX - plan->slots[slot].queued_us);
    }
    weigh_all(plan);
    return 0;
}

static void deal_all_to(struct dz_plan *plan, uint32_t slot)
{
    if (!plan->order.n)
        return;
    plan->end[0] = plan->order.n;
    put_before(plan, &plan->slots[slot], 0, NONE);
    weigh_all(plan);
}

/* ---- making ---- */

static int check(const struct dz_plan_input *input, struct dz_err *err)
{
    if (!input->slots)
        return dz_fail(err, -EINVAL, "a plan for no workers");
    for (uint32_t t = 0; t < input->n_tests; t++) {
        const struct dz_plan_test *test = &input->tests[t];
        if (test->first_use > input->n_uses || test->uses > input->n_uses - test->first_use)
            return dz_fail(err, -EINVAL, "test %u uses fixtures that are not listed", t);
    }
    for (uint32_t u = 0; u < input->n_uses; u++)
        if (input->uses[u] >= input->n_fixtures)
            return dz_fail(err, -EINVAL, "there is no fixture %u, which a test uses",
                           input->uses[u]);
    return 0;
}

static int make_arrays(struct dz_plan *plan, const struct dz_plan_input *input)
{
    size_t n = input->n_tests, n_modules = 0;
    for (uint32_t t = 0; t < n; t++)
        if (input->tests[t].module >= n_modules)
            n_modules = (size_t)input->tests[t].module + 1;
    plan->n_slots = input->slots < n ? input->slots : n ? input->n_tests : 1;
    plan->tests = dz_alloc(n * sizeof *plan->tests);
    plan->uses = dz_alloc(input->n_uses * sizeof *plan->uses);
    plan->state = dz_alloc(n);
    plan->owner = dz_alloc(n * sizeof *plan->owner);
    plan->modules = dz_alloc(n_modules * sizeof *plan->modules);
    plan->end = dz_alloc(n * sizeof *plan->end);
    plan->next = dz_alloc(n * sizeof *plan->next);
    plan->prev = dz_alloc(n * sizeof *plan->prev);
    plan->turn = dz_alloc(n * sizeof *plan->turn);
    plan->slots = dz_alloc(((size_t)plan->n_slots + 1) * sizeof *plan->slots);
    if (!plan->tests || !plan->uses || !plan->state || !plan->owner || !plan->modules ||
        !plan->end || !plan->next || !plan->prev || !plan->turn || !plan->slots)
        return -ENOMEM;
    return dz_peaks_make(&plan->peaks, plan->n_slots);
}

static void take_over(struct dz_plan *plan, const struct dz_plan_input *input)
{
    if (input->n_tests)
        memcpy(plan->tests, input->tests, input->n_tests * sizeof *plan->tests);
    if (input->n_uses)
        memcpy(plan->uses, input->uses, input->n_uses * sizeof *plan->uses);
    for (uint32_t t = 0; t < input->n_tests; t++)
        if (input->tests[t].estimate_us)
            count(&plan->past, plan->tests[t].estimate_us = sane_us(input->tests[t].estimate_us));
    for (uint32_t i = 0; i <= plan->n_slots; i++)
        plan->slots[i].head = plan->slots[i].tail = NONE;
    plan->unfinished = input->n_tests;
    plan->next_guess = 1;
    plan->anchor = NONE;
    plan->fork = input->fork;
    plan->keep_order = !!input->keep_order;
}

static void know_fixtures(struct dz_plan *plan)
{
    for (uint32_t f = 0; f < plan->order.n_fixtures; f++)
        plan->order.fixtures[f].setup_us = sane_us(plan->order.fixtures[f].setup_us);
    for (uint32_t t = 0; t < plan->order.n; t++)
        for (uint32_t u = 0; plan->tests[t].estimate_us && u < plan->tests[t].uses; u++)
            fixture_of(plan, t, u)->timed = 1;
}

static int make(struct dz_plan *plan, const struct dz_plan_input *input)
{
    if (make_arrays(plan, input) < 0)
        return -ENOMEM;
    take_over(plan, input);
    plan->order.n = input->n_tests;
    plan->useful = worth_slots(plan);
    /* Alone, or asked to, a slot runs what it has as the session would. */
    int as_session = plan->useful <= 1 || plan->keep_order;
    if (dz_order_make(&plan->order, input, as_session) < 0)
        return -ENOMEM;
    know_fixtures(plan);
    guess(plan);
    plan->useful = count_apart(plan, plan->useful);
    if (plan->keep_order)
        deal_all_to(plan, plan->n_slots);
    else if (as_session)
        deal_all_to(plan, 0);
    else
        return deal(plan);
    return 0;
}

struct dz_plan *dz_plan_new(const struct dz_plan_input *input, struct dz_err *err)
{
    if (check(input, err) < 0)
        return NULL;
    struct dz_plan *plan = dz_alloc(sizeof *plan);
    if (plan && make(plan, input) >= 0)
        return plan;
    dz_plan_free(plan);
    dz_fail(err, -ENOMEM, "no memory to plan %u tests", input->n_tests);
    return NULL;
}

void dz_plan_free(struct dz_plan *plan)
{
    if (!plan)
        return;
    dz_order_free(&plan->order);
    dz_free(plan->tests);
    dz_free(plan->uses);
    dz_free(plan->state);
    dz_free(plan->owner);
    dz_free(plan->modules);
    dz_free(plan->end);
    dz_free(plan->next);
    dz_free(plan->prev);
    dz_free(plan->turn);
    dz_free(plan->slots);
    dz_peaks_free(&plan->peaks);
    dz_free(plan);
}

/* ---- stealing ---- */

static uint64_t apart_us(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Where to cut [a, b) so that about us is behind; a when the whole is best, b when nothing can be
 * had. A class or module is spared if that costs at most half of us. */
static uint32_t tail_of(const struct dz_plan *plan, uint32_t a, uint32_t b, uint64_t us)
{
    const struct dz_order *order = &plan->order;
    if (!dz_order_may_cut(order, b, a, b))
        return b;
    uint64_t whole = dz_order_us(order, a, b);
    int may_whole = dz_order_may_cut(order, a, a, b);
    if (may_whole && whole <= us)
        return a;
    uint32_t middle = whole <= us ? a + 1 : dz_order_after_us(order, a, b, whole - us);
    if (middle + 1 < b && apart_us(dz_order_us(order, middle + 1, b), us) <
                              apart_us(dz_order_us(order, middle, b), us))
        middle++;
    for (int cut = DZ_CUT_MODULES; cut >= DZ_CUT_TESTS; cut--) {
        uint32_t left = dz_order_retreat(order, middle, a, b, (enum dz_cut)cut);
        uint32_t right = dz_order_advance(order, middle, a, b, (enum dz_cut)cut);
        uint64_t left_us =
            left > a || may_whole ? apart_us(dz_order_us(order, left, b), us) : UINT64_MAX;
        uint64_t right_us = right < b ? apart_us(dz_order_us(order, right, b), us) : UINT64_MAX;
        uint64_t off_us = left_us < right_us ? left_us : right_us;
        if (off_us == UINT64_MAX || (cut != DZ_CUT_TESTS && off_us > us / 2))
            continue;
        return left_us < right_us ? left : right;
    }
    return b;
}

/* Moves the tail of victim's stretch a from position c on to the front of the thief's queue. */
static void move_tail(struct dz_plan *plan, struct slot *victim, struct slot *thief, uint32_t a,
                      uint32_t c)
{
    uint32_t end = plan->end[a], next = plan->next[a];
    take_out(plan, victim, a);
    if (c > a) {
        plan->end[a] = c;
        put_before(plan, victim, a, next);
    }
    plan->end[c] = end;
    put_before(plan, thief, c, thief->head);
}

/* The thief, if it still holds tests, does not take what the victim would begin before it. */
static int is_gain(const struct slot *victim, const struct slot *thief, uint64_t us)
{
    return !thief->held_us || thief->held_us + us <= slot_left_us(victim);
}

/* Takes about half of what victim has more than thief. Returns 1 when something was taken, 0 when
 * nothing that may be parted from it is a gain now, -1 when nothing may be parted from it. */
static int take_half(struct dz_plan *plan, struct slot *victim, struct slot *thief)
{
    uint64_t want = (slot_left_us(victim) - thief->held_us + 1) / 2, taken = 0;
    uint32_t least = NONE, least_cut = NONE;
    for (uint32_t prev, a = victim->tail; a != NONE && taken < want - want / 4; a = prev) {
        prev = plan->prev[a];
        uint32_t end = plan->end[a], c = tail_of(plan, a, end, want - taken);
        if (c == end)
            continue;
        uint64_t us = dz_order_us(&plan->order, c, end);
        if (us <= (want - taken) + (want - taken) / 2) {
            move_tail(plan, victim, thief, a, c);
            taken += us;
        } else if (least == NONE || us < dz_order_us(&plan->order, least_cut, plan->end[least])) {
            least = a;
            least_cut = c;
        }
    }
    if (taken)
        return 1;
    if (least == NONE)
        return -1;
    if (!is_gain(victim, thief, dz_order_us(&plan->order, least_cut, plan->end[least])))
        return 0;
    move_tail(plan, victim, thief, least, least_cut);
    return 1;
}

static int steal(struct dz_plan *plan, struct slot *thief)
{
    for (;;) {
        struct slot *victim = &plan->slots[dz_peaks_highest(&plan->peaks)];
        if (!dz_peaks_most(&plan->peaks) || slot_left_us(victim) <= thief->held_us)
            return 0;
        int r = take_half(plan, victim, thief);
        victim->barren = r < 0;
        weigh(plan, victim);
        weigh(plan, thief);
        if (r >= 0)
            return r;
    }
}

/* ---- giving out ---- */

static int is_bound(const struct dz_plan *plan, uint32_t test)
{
    for (uint32_t u = 0; u < plan->tests[test].uses; u++) {
        const struct dz_order_fixture *fixture = fixture_of(plan, test, u);
        if (fixture->pinned || !fixture->setup_us)
            return 1;
    }
    return 0;
}

static int has_next(struct dz_plan *plan, uint32_t slot)
{
    struct slot *queue = queue_of(plan, slot);
    if (plan->closed)
        return 0;
    if (!plan->keep_order)
        return queue->head != NONE || steal(plan, queue);
    if (queue->head == NONE)
        return 0;
    return plan->anchor == NONE || plan->anchor == slot ||
           !is_bound(plan, plan->order.at[queue->head]);
}

static uint32_t commit(struct dz_plan *plan, uint32_t slot)
{
    struct slot *mine = &plan->slots[slot], *queue = queue_of(plan, slot);
    uint32_t position = pop(plan, queue), test = plan->order.at[position];
    if (!plan->turn[position])
        plan->turn[position] = ++plan->n_turns;
    plan->state[test] = COMMITTED;
    plan->owner[test] = slot;
    mine->held_us += at_us(plan, position);
    mine->given++;
    mine->module = plan->tests[test].module;
    weigh(plan, mine);
    if (plan->keep_order && is_bound(plan, test))
        plan->anchor = slot;
    return test;
}

/* Whether the slot's process may not have what comes next, as another one has to. */
static int has_had_its_share(const struct dz_plan *plan, uint32_t slot)
{
    const struct slot *mine = &plan->slots[slot];
    if (plan->fork == DZ_FORK_WORKER || !mine->given)
        return 0;
    uint32_t head = queue_of(plan, slot)->head;
    return plan->fork == DZ_FORK_TEST ||
           (head != NONE && plan->tests[plan->order.at[head]].module != mine->module);
}

uint32_t dz_plan_next(struct dz_plan *plan, uint32_t slot)
{
    if (slot >= plan->n_slots)
        return NONE;
    if (!has_had_its_share(plan, slot) && has_next(plan, slot) && !has_had_its_share(plan, slot))
        return commit(plan, slot);
    plan->slots[slot].given = 0;
    return NONE;
}

int dz_plan_wants(struct dz_plan *plan, uint32_t slot)
{
    if (slot >= plan->n_slots)
        return 0;
    plan->slots[slot].given = 0;
    return has_next(plan, slot);
}

/* ---- what came of it ---- */

static struct slot *let_go(struct dz_plan *plan, uint32_t test)
{
    if (test >= plan->order.n || plan->state[test] != COMMITTED)
        return NULL;
    struct slot *slot = &plan->slots[plan->owner[test]];
    slot->held_us -= at_us(plan, plan->order.place[test]);
    return slot;
}

/* A fixture is timed by the first of its tests that is. */
static int time_fixtures(struct dz_plan *plan, uint32_t test)
{
    int news = 0;
    for (uint32_t u = 0; u < plan->tests[test].uses; u++) {
        struct dz_order_fixture *fixture = fixture_of(plan, test, u);
        news |= !fixture->timed;
        fixture->timed = 1;
    }
    return news;
}

void dz_plan_finished(struct dz_plan *plan, uint32_t test, uint64_t duration_us)
{
    struct slot *slot = let_go(plan, test);
    if (!slot)
        return;
    plan->state[test] = ENDED;
    plan->unfinished--;
    charge_fixtures(plan, test, -(int64_t)at_us(plan, plan->order.place[test]));
    plan->surprises += !plan->tests[test].estimate_us;
    plan->tests[test].estimate_us = duration_us ? sane_us(duration_us) : 1;
    count(&plan->present, plan->tests[test].estimate_us);
    if (plan->surprises >= plan->next_guess) {
        plan->next_guess *= 2;
        guess(plan);
    }
    if (time_fixtures(plan, test))
        weigh_all(plan);
    else
        weigh(plan, slot);
}

void dz_plan_give_back(struct dz_plan *plan, uint32_t test)
{
    struct slot *slot = let_go(plan, test);
    if (!slot)
        return;
    plan->state[test] = DUE;
    if (plan->closed)
        plan->unfinished--;
    else
        put_back(plan, queue_of(plan, plan->owner[test]), plan->order.place[test]);
    slot->barren = 0;
    weigh(plan, slot);
}

void dz_plan_fixture_ran(struct dz_plan *plan, uint32_t number, uint64_t setup_us, int pinned)
{
    if (number >= plan->order.n_fixtures)
        return;
    struct dz_order_fixture *fixture = &plan->order.fixtures[number];
    fixture->setup_us = setup_us ? sane_us(setup_us) : 1;
    fixture->pinned |= !!pinned;
    weigh_all(plan);
}

void dz_plan_close(struct dz_plan *plan)
{
    plan->closed = 1;
    plan->unfinished = 0;
    for (uint32_t t = 0; t < plan->order.n; t++)
        plan->unfinished += plan->state[t] == COMMITTED;
    for (uint32_t i = 0; i <= plan->n_slots; i++) {
        plan->slots[i].head = plan->slots[i].tail = NONE;
        plan->slots[i].queued_us = 0;
    }
    weigh_all(plan);
}

/* ---- questions ---- */

uint32_t dz_plan_useful_slots(const struct dz_plan *plan)
{
    return plan->useful;
}

uint64_t dz_plan_left_us(const struct dz_plan *plan, uint32_t slot)
{
    return slot < plan->n_slots ? slot_left_us(&plan->slots[slot]) : 0;
}

uint64_t dz_plan_total_left_us(const struct dz_plan *plan)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i <= plan->n_slots; i++)
        sum += slot_left_us(&plan->slots[i]);
    return sum;
}

uint64_t dz_plan_estimate_us(const struct dz_plan *plan, uint32_t test)
{
    if (test >= plan->order.n)
        return 1;
    if (plan->tests[test].estimate_us)
        return plan->tests[test].estimate_us;
    return at_us(plan, plan->order.place[test]);
}

uint32_t dz_plan_unfinished(const struct dz_plan *plan)
{
    return plan->unfinished;
}

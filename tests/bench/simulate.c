/* The plan on many workers, in virtual time: simulate DURATIONS [TESTS SLOTS]
 *
 * Suites are drawn from recorded modules. The plan sees of each test what "last run" measured,
 * which is the truth with 20 % of noise, or nothing. Workers hold what the scheduler lets them
 * hold, and die at random. A row is a kind of suite; its makespan is compared with max(longest
 * unit, total / slots), which is computed here from the truth alone. A row over its limit makes the
 * exit code 1; planning is only timed. */
#include "../../host/base/mem.h"
#include "../../host/record/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_SUITES = 16,
    FORK_US = 5000, /* from a death to the next process */
    WINDOW_US =
        10000, /* as in the scheduler: a worker holds so much beyond what it runs, or so many */
    WINDOW_TESTS = 64,
};

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "simulate: no memory\n");
        exit(2);
    }
    return memory;
}

static void *grown(void *list, size_t n, size_t size)
{
    return n & (n - 1) ? list : need(realloc(list, (n ? 2 * n : 1) * size));
}

/* ---- chance ---- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed += 0x9e3779b97f4a7c15;
    uint64_t x = seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return (x ^ (x >> 31)) % below;
}

/* Nearly normal: the sum of twelve draws. */
static uint64_t with_noise(uint64_t us, double sigma)
{
    double normal = -6;
    for (int i = 0; i < 12; i++)
        normal += (double)draw(1 << 30) / (1 << 30);
    double noisy = (double)us * (1 + sigma * normal);
    return noisy < 1 ? 1 : (uint64_t)noisy;
}

/* ---- recorded suites ---- */

struct recorded_test {
    uint64_t us;
    uint32_t klass; /* within its module, from 1; 0 is none */
};

struct recorded_module {
    struct recorded_test *tests;
    size_t n;
};

struct recorded {
    struct recorded_module *modules;
    size_t n;
};

static struct recorded recorded[MOST_SUITES];
static size_t n_recorded;

static void read_module(struct recorded_module *module, char *line)
{
    uint32_t klass = 0, classes = 0;
    for (char *rest, *word = strtok_r(line, " \n", &rest); word;
         word = strtok_r(NULL, " \n", &rest)) {
        if (*word == '|')
            klass = ++classes;
        else if (*word == '/')
            klass = 0;
        else {
            module->tests = grown(module->tests, module->n, sizeof *module->tests);
            module->tests[module->n++] = (struct recorded_test){strtoull(word, NULL, 10), klass};
        }
    }
}

static void read_recorded(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(2);
    }
    char *line = NULL;
    for (size_t cap = 0; getline(&line, &cap, file) > 0;) {
        if (line[0] == '#')
            continue;
        if (!strncmp(line, "suite ", 6)) {
            n_recorded++;
            continue;
        }
        struct recorded *suite = &recorded[n_recorded - 1];
        suite->modules = grown(suite->modules, suite->n, sizeof *suite->modules);
        suite->modules[suite->n] = (struct recorded_module){0};
        read_module(&suite->modules[suite->n++], line);
    }
    free(line);
    fclose(file);
}

static void forget_recorded(void)
{
    for (size_t s = 0; s < n_recorded; s++) {
        for (size_t m = 0; m < recorded[s].n; m++)
            free(recorded[s].modules[m].tests);
        free(recorded[s].modules);
    }
}

/* ---- a suite ---- */

struct kind {
    const char *name;
    double limit; /* of makespan to bound */
    int known;    /* of 100 tests: how many have a past duration */
    int fixtures; /* of 100 modules: how many have a fixture of their own */
    int pinned;   /* of 100 such fixtures */
    int session;  /* one cheap fixture for all tests */
    int deaths;   /* of a million tests */
};

struct suite {
    struct dz_plan_test *tests;
    uint64_t *truth, *setups;
    struct dz_plan_fixture *fixtures;
    uint32_t *uses;
    uint32_t n, n_fixtures, n_uses, n_modules, n_classes;
};

static void use(struct suite *suite, struct dz_plan_test *test, uint32_t fixture)
{
    suite->uses = grown(suite->uses, suite->n_uses, sizeof *suite->uses);
    suite->uses[suite->n_uses++] = fixture;
    test->uses++;
}

static uint32_t new_fixture(struct suite *suite, uint64_t setup, int pinned, int known)
{
    suite->fixtures = grown(suite->fixtures, suite->n_fixtures, sizeof *suite->fixtures);
    suite->setups = grown(suite->setups, suite->n_fixtures, sizeof *suite->setups);
    suite->setups[suite->n_fixtures] = setup;
    suite->fixtures[suite->n_fixtures] =
        (struct dz_plan_fixture){known ? with_noise(setup, 0.2) : 0, known && pinned};
    return suite->n_fixtures++;
}

static void add_module(struct suite *suite, const struct kind *kind,
                       const struct recorded_module *module, uint32_t most)
{
    uint32_t own = DZ_PLAN_NONE;
    if (kind->fixtures && draw(100) < (uint64_t)kind->fixtures) {
        uint64_t setup = 1000 + draw(100000);
        own = new_fixture(suite, setup, draw(100) < (uint64_t)kind->pinned, kind->known > 0);
    }
    for (size_t i = 0; i < module->n && suite->n < most; i++) {
        const struct recorded_test *from = &module->tests[i];
        struct dz_plan_test *test = &suite->tests[suite->n];
        *test = (struct dz_plan_test){.module = suite->n_modules,
                                      .first_use = suite->n_uses,
                                      .klass = from->klass ? suite->n_classes + from->klass
                                                           : DZ_PLAN_NONE};
        suite->truth[suite->n] = with_noise(from->us, 0.1);
        /* Last run's first test was measured with the set-up of the module's fixture. */
        uint64_t measured =
            suite->truth[suite->n] + (i == 0 && own != DZ_PLAN_NONE ? suite->setups[own] : 0);
        if (draw(100) < (uint64_t)kind->known)
            test->estimate_us = with_noise(measured, 0.2);
        if (kind->session)
            use(suite, test, 0);
        if (own != DZ_PLAN_NONE)
            use(suite, test, own);
        suite->n++;
    }
    suite->n_modules++;
    suite->n_classes += (uint32_t)module->n;
}

/* Modules of all recorded suites, about as many tests of each. */
static void make_suite(struct suite *suite, const struct kind *kind, uint32_t n)
{
    *suite = (struct suite){0};
    suite->tests = need(calloc(n, sizeof *suite->tests));
    suite->truth = need(calloc(n, sizeof *suite->truth));
    if (kind->session)
        new_fixture(suite, 2000, 0, kind->known > 0);
    uint32_t drawn[MOST_SUITES] = {0};
    while (suite->n < n) {
        size_t s = 0;
        for (size_t i = 1; i < n_recorded; i++)
            if (drawn[i] < drawn[s])
                s = i;
        uint32_t had = suite->n;
        add_module(suite, kind, &recorded[s].modules[draw(recorded[s].n)], n);
        drawn[s] += suite->n - had;
    }
}

static void free_suite(struct suite *suite)
{
    free(suite->tests);
    free(suite->truth);
    free(suite->setups);
    free(suite->fixtures);
    free(suite->uses);
}

/* ---- the bound ---- */

struct bound {
    double total, longest;
};

/* Knows the rule only: a group stays whole if it is pinned, or not longer than its set-ups or 0.1 s
 * allow. */
static struct bound bound_of(const struct suite *suite)
{
    struct bound bound = {0};
    double *group = need(calloc(suite->n_fixtures + 1, sizeof *group));
    for (uint32_t t = 0; t < suite->n; t++) {
        bound.total += (double)suite->truth[t];
        if ((double)suite->truth[t] > bound.longest)
            bound.longest = (double)suite->truth[t];
        for (uint32_t u = 0; u < suite->tests[t].uses; u++)
            group[suite->uses[suite->tests[t].first_use + u]] += (double)suite->truth[t];
    }
    for (uint32_t f = 0; f < suite->n_fixtures; f++) {
        double setup = (double)suite->setups[f], least = 2 * setup > 1e5 ? 2 * setup : 1e5;
        bound.total += setup;
        if ((suite->fixtures[f].pinned || group[f] <= least) && group[f] + setup > bound.longest)
            bound.longest = group[f] + setup;
    }
    free(group);
    return bound;
}

/* ---- a run, written down ---- */

enum what { NEXT, WANTS, FINISHED, GIVE_BACK, FIXTURE };

struct call {
    uint64_t us;
    uint32_t number;
    uint32_t what;
};

struct diary {
    struct call *calls;
    size_t n;
};

static void note(struct diary *diary, enum what what, uint32_t number, uint64_t us)
{
    diary->calls = grown(diary->calls, diary->n, sizeof *diary->calls);
    diary->calls[diary->n++] = (struct call){us, number, what};
}

struct worker {
    uint64_t at_us; /* when what it does now is over */
    uint32_t slot;
    uint32_t given[WINDOW_TESTS + 2], n;
    uint32_t process;
    int alive, last, running;
    uint64_t took_us; /* what runs takes, with set-ups */
};

struct run {
    const struct suite *suite;
    struct dz_plan *plan;
    struct diary *diary;
    struct worker *workers;
    struct worker **heap; /* those that run a test or are being forked, soonest first */
    uint32_t n_slots, n_heap, n_processes;
    uint32_t *set_up_in; /* of a fixture: the process that set it up last, from 1 */
    uint8_t *runs;
    uint64_t now_us;
    uint32_t deaths, forks, copies;
    int per_million;
};

static void sift(struct run *run, uint32_t i)
{
    for (;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < run->n_heap; child++)
            if (run->heap[child]->at_us < run->heap[least]->at_us)
                least = child;
        if (least == i)
            return;
        struct worker *other = run->heap[i];
        run->heap[i] = run->heap[least];
        run->heap[i = least] = other;
    }
}

static void wait_until(struct run *run, struct worker *worker, uint64_t us)
{
    worker->at_us = us;
    uint32_t i = run->n_heap++;
    for (run->heap[i] = worker; i && run->heap[(i - 1) / 2]->at_us > us; i = (i - 1) / 2) {
        run->heap[i] = run->heap[(i - 1) / 2];
        run->heap[(i - 1) / 2] = worker;
    }
}

static struct worker *soonest(struct run *run)
{
    struct worker *worker = run->heap[0];
    run->heap[0] = run->heap[--run->n_heap];
    sift(run, 0);
    return worker;
}

static uint64_t beyond_us(const struct run *run, const struct worker *worker)
{
    uint64_t sum = 0;
    for (uint32_t i = (uint32_t)worker->running; i < worker->n; i++)
        sum += dz_plan_estimate_us(run->plan, worker->given[i]);
    return sum;
}

static void feed(struct run *run, struct worker *worker)
{
    uint64_t held = beyond_us(run, worker);
    while (!worker->last && worker->n < WINDOW_TESTS && (worker->n < 2 || held < WINDOW_US)) {
        uint32_t test = dz_plan_next(run->plan, worker->slot);
        note(run->diary, NEXT, worker->slot, test);
        if (test == DZ_PLAN_NONE) {
            worker->last = 1;
        } else {
            worker->given[worker->n++] = test;
            held += dz_plan_estimate_us(run->plan, test);
        }
    }
}

static uint64_t set_up(struct run *run, const struct worker *worker, uint32_t test)
{
    uint64_t us = 0;
    for (uint32_t u = 0; u < run->suite->tests[test].uses; u++) {
        uint32_t fixture = run->suite->uses[run->suite->tests[test].first_use + u];
        if (run->set_up_in[(size_t)fixture * run->n_slots + worker->slot] == worker->process)
            continue;
        run->set_up_in[(size_t)fixture * run->n_slots + worker->slot] = worker->process;
        us += run->suite->setups[fixture];
        run->copies++;
        dz_plan_fixture_ran(run->plan, fixture, run->suite->setups[fixture], 0);
        note(run->diary, FIXTURE, fixture, run->suite->setups[fixture]);
    }
    return us;
}

static void begin(struct run *run, struct worker *worker)
{
    if (!worker->n) {
        worker->alive = 0;
        return;
    }
    uint64_t us = set_up(run, worker, worker->given[0]) + run->suite->truth[worker->given[0]];
    worker->running = 1;
    worker->took_us = us;
    wait_until(run, worker, run->now_us + us);
}

static void order_forks(struct run *run, struct worker *only)
{
    for (uint32_t i = 0; i < run->n_slots; i++) {
        struct worker *worker = &run->workers[i];
        if (worker->alive || (only && only != worker))
            continue;
        int wants = dz_plan_wants(run->plan, i);
        note(run->diary, WANTS, i, 0);
        if (!wants)
            continue;
        *worker = (struct worker){.slot = i, .alive = 1, .process = ++run->n_processes};
        run->forks++;
        wait_until(run, worker, run->now_us + (run->now_us ? FORK_US : 0));
    }
}

static void die(struct run *run, struct worker *worker)
{
    for (uint32_t i = worker->n; i-- > 0;) {
        dz_plan_give_back(run->plan, worker->given[i]);
        note(run->diary, GIVE_BACK, worker->given[i], 0);
    }
    worker->n = 0;
    worker->alive = 0;
    run->deaths++;
}

static void end(struct run *run, struct worker *worker)
{
    uint32_t test = worker->given[0];
    memmove(worker->given, worker->given + 1, --worker->n * sizeof *worker->given);
    worker->running = 0;
    run->runs[test]++;
    dz_plan_finished(run->plan, test, worker->took_us);
    note(run->diary, FINISHED, test, worker->took_us);
    if (draw(1000000) < (uint64_t)run->per_million)
        die(run, worker);
}

static void step(struct run *run)
{
    struct worker *worker = soonest(run);
    run->now_us = worker->at_us;
    if (worker->running)
        end(run, worker);
    if (worker->alive) {
        feed(run, worker);
        begin(run, worker);
    }
    if (!worker->alive)
        order_forks(run, worker);
    /* Others may get what could not be parted before something was measured. */
    if (run->suite->n_fixtures)
        order_forks(run, NULL);
}

static int ran_once(const struct run *run)
{
    for (uint32_t t = 0; t < run->suite->n; t++)
        if (run->runs[t] != 1)
            return 0;
    return dz_plan_unfinished(run->plan) == 0 && dz_plan_total_left_us(run->plan) == 0;
}

/* ---- planning alone ---- */

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The run's calls once more, to a fresh plan and nothing else. */
static double replay(const struct dz_plan_input *input, const struct diary *diary)
{
    struct dz_err err;
    double began = cpu_s();
    struct dz_plan *plan = need(dz_plan_new(input, &err));
    for (size_t i = 0; i < diary->n; i++) {
        const struct call *call = &diary->calls[i];
        switch ((enum what)call->what) {
        case NEXT:
            if (dz_plan_next(plan, call->number) != (uint32_t)call->us)
                abort();
            break;
        case WANTS:
            dz_plan_wants(plan, call->number);
            break;
        case FINISHED:
            dz_plan_finished(plan, call->number, call->us);
            break;
        case GIVE_BACK:
            dz_plan_give_back(plan, call->number);
            break;
        case FIXTURE:
            dz_plan_fixture_ran(plan, call->number, call->us, 0);
            break;
        }
    }
    double took = cpu_s() - began;
    dz_plan_free(plan);
    return took;
}

/* ---- rows ---- */

static const struct kind kinds[] = {
    {"known, 20 % noise", 1.05, 100, 0, 0, 0, 0}, {"and deaths", 1.05, 100, 0, 0, 0, 100},
    {"and 1 of 4 new", 0, 75, 0, 0, 0, 100},      {"and module fixtures", 1.05, 100, 30, 3, 0, 100},
    {"and one for all", 1.05, 100, 0, 0, 1, 100}, {"first run", 0, 0, 0, 0, 0, 100},
    {"first run, fixtures", 0, 0, 30, 0, 1, 100},
};

static int row(const struct kind *kind, uint32_t n, uint32_t slots)
{
    struct suite suite;
    seed = (uint64_t)n << 20 ^ slots;
    make_suite(&suite, kind, n);
    struct bound bound = bound_of(&suite);
    struct dz_plan_input input = {.tests = suite.tests,
                                  .n_tests = suite.n,
                                  .fixtures = suite.fixtures,
                                  .n_fixtures = suite.n_fixtures,
                                  .uses = suite.uses,
                                  .n_uses = suite.n_uses,
                                  .slots = slots};
    struct dz_err err;
    struct diary diary = {0};
    struct run run = {
        .suite = &suite, .diary = &diary, .n_slots = slots, .per_million = kind->deaths};
    run.plan = need(dz_plan_new(&input, &err));
    run.workers = need(calloc(slots, sizeof *run.workers));
    run.heap = need(calloc(slots, sizeof *run.heap));
    run.runs = need(calloc(n, 1));
    run.set_up_in = need(calloc((size_t)slots * suite.n_fixtures + 1, sizeof *run.set_up_in));
    order_forks(&run, NULL);
    while (run.n_heap)
        step(&run);
    double least = bound.total / slots > bound.longest ? bound.total / slots : bound.longest;
    double ratio = (double)run.now_us / least;
    int good = ran_once(&run) && (!kind->limit || ratio <= kind->limit);
    printf("%-20s %9.0f %8.3f %8.3f %8.3f %6.3f %6u %6u %8u %9.2f%s\n", kind->name,
           bound.total / 1e6, bound.total / slots / 1e6, bound.longest / 1e6,
           (double)run.now_us / 1e6, ratio, run.deaths, run.forks, run.copies,
           replay(&input, &diary), good ? "" : "   too long");
    dz_plan_free(run.plan);
    free(run.workers);
    free(run.heap);
    free(run.runs);
    free(run.set_up_in);
    free(diary.calls);
    free_suite(&suite);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: simulate DURATIONS [TESTS SLOTS]\n");
        return 2;
    }
    uint32_t n = argc == 4 ? (uint32_t)atol(argv[2]) : 1000000,
             slots = argc == 4 ? (uint32_t)atol(argv[3]) : 1000;
    read_recorded(argv[1]);
    printf("%u tests on %u workers, seconds of virtual time; planning in seconds of CPU\n", n,
           slots);
    printf("%-20s %9s %8s %8s %8s %6s %6s %6s %8s %9s\n", "", "total", "total/N", "longest",
           "makespan", "ratio", "deaths", "forks", "set-ups", "planning");
    int good = 1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        good &= row(&kinds[i], n, slots);
    forget_recorded();
    return !good;
}

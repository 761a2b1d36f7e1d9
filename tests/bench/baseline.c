/* A large baseline: baseline [TESTS ELEMENTS]
 *
 * Made up, of sources with twenty functions each, of packages of 25 sources: a function calls some of those before it in its
 * package, a test runs eight functions of one package, and all tests depend on what loads them. Of tests, ten have one
 * function. What is timed is what a job does: open, read what there is to be compared, and search after a change of one
 * function; and at its end, read all, compose with what it has learnt, and write. Each row is a process of its own, whose
 * peak of memory is told. A row over its limit (at full size) makes the exit code 1. */
#include "../made_graph.h"
#include "../../host/record/baseline.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { IN_FILE = 20, IN_PACKAGE = 500, OF_FUNCTION = 10, OF_TEST_FILE = 50, FULL = 1000000 };

static const struct dz_fingerprint key;
static uint32_t n_tests = FULL, n_elements = FULL / 5;

static void need(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "baseline: %s\n", what);
    exit(2);
}

/* Of this process: others may be at work, and nothing here waits. */
static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- the graph ---- */

static struct dz_fingerprint any_fingerprint(uint64_t *seed)
{
    struct dz_fingerprint print;
    for (int i = 0; i < 16; i++)
        print.bytes[i] = (uint8_t)draw(seed, 256);
    return print;
}

static uint32_t add_input(struct dz_graph *graph, struct dz_input input)
{
    made_room(&graph->inputs, graph->n_inputs, &graph->cap_inputs, sizeof input);
    graph->inputs[graph->n_inputs] = input;
    return graph->n_inputs++;
}

static void add_look(struct dz_graph *graph, uint32_t path, uint64_t *seed)
{
    int64_t ns = 1700000000000000000 + (int64_t)draw(seed, 1u << 31) * 1000003;
    made_look(graph, (struct dz_look){.path = path,
                                      .mode = 0100644,
                                      .is_exact = 1,
                                      .size = draw(seed, 100000),
                                      .inode = graph->n_looks * 3 + 1000,
                                      .mtime_ns = ns,
                                      .ctime_ns = ns,
                                      .looked_ns = 1800000000000000000,
                                      .content = any_fingerprint(seed)});
}

static void add_function(struct dz_graph *graph, uint32_t number, uint64_t *seed)
{
    char path[64], name[64], node[160];
    uint32_t package = number / IN_PACKAGE * IN_PACKAGE;
    snprintf(path, sizeof path, "src/package_%u/module_%u.py", number / IN_PACKAGE,
             number / IN_FILE);
    snprintf(name, sizeof name, "Thing%u.do_something_%u", number % 7, number % IN_FILE);
    snprintf(node, sizeof node, "function %s::%s#1", path, name);
    uint32_t text = made_string(graph, path);
    if (number % IN_FILE == 0)
        add_look(graph, text, seed);
    uint32_t input = add_input(graph, (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                                        .of = DZ_FUNCTION,
                                                        .path = text,
                                                        .name = made_string(graph, name),
                                                        .k = 1,
                                                        .fingerprint = any_fingerprint(seed)});
    made_node(graph, node);
    made_node_has(graph, input);
    for (uint32_t i = package; i < number; i++)
        if (draw(seed, number - package) < 3)
            made_node_leans(graph, i + 1);
}

/* What it runs, ascending: some functions of its package, and what loads all. */
static void add_test(struct dz_graph *graph, uint32_t number, uint32_t n_functions, uint64_t *seed)
{
    char nodeid[128], name[192];
    uint32_t of_tests = n_tests / OF_FUNCTION, function = number / OF_FUNCTION;
    uint32_t package = (uint32_t)((uint64_t)number * (n_functions / IN_PACKAGE) / n_tests);
    uint32_t first = package * IN_PACKAGE;
    snprintf(nodeid, sizeof nodeid, "tests/package_%u/test_module_%u.py::test_something_%u[%u-x]",
             package, number / OF_TEST_FILE, function % 5, number % OF_FUNCTION);
    snprintf(name, sizeof name, "test %s", nodeid);
    uint32_t node = made_node(graph, name);
    made_node_has(graph, graph->n_inputs - of_tests + (function < of_tests ? function : 0));
    made_node_leans(graph, 0);
    for (uint32_t i = 0; i < 8; i++)
        made_node_leans(graph, 1 + first + i * (IN_PACKAGE / 8) + draw(seed, IN_PACKAGE / 8));
    uint32_t record = made_record(graph, nodeid, graph->n_files - 1, node, DZ_OUTCOME_PROVED);
    graph->records[record].duration_us = 100 + draw(seed, 1 << draw(seed, 20));
}

static void add_test_file(struct dz_graph *graph, uint32_t first, uint64_t *seed)
{
    char path[128];
    snprintf(path, sizeof path, "tests/package_%u/test_module_%u.py",
             (uint32_t)((uint64_t)first * (n_elements / 2 / IN_PACKAGE) / n_tests),
             first / OF_TEST_FILE);
    uint32_t text = made_string(graph, path);
    add_look(graph, text, seed);
    uint32_t node = made_node(graph, "collect");
    made_node_has(graph, 1 + draw(seed, 1000));
    made_node_leans(graph, 0);
    made_file(graph, path, node);
}

static void add_test_functions(struct dz_graph *graph, uint64_t *seed)
{
    for (uint32_t i = 0; i < n_tests / OF_FUNCTION; i++) {
        char path[128], name[64];
        uint32_t file = i * OF_FUNCTION / OF_TEST_FILE;
        snprintf(path, sizeof path, "tests/package_%u/test_module_%u.py",
                 (uint32_t)((uint64_t)i * OF_FUNCTION * (n_elements / 2 / IN_PACKAGE) / n_tests),
                 file);
        snprintf(name, sizeof name, "test_something_%u", i % 5);
        add_input(graph, (struct dz_input){.kind = DZ_INPUT_ELEMENT,
                                           .of = DZ_FUNCTION,
                                           .path = made_string(graph, path),
                                           .name = made_string(graph, name),
                                           .k = 1,
                                           .fingerprint = any_fingerprint(seed)});
    }
}

static void make(struct dz_graph *ret)
{
    uint64_t seed = 1;
    uint32_t n_functions = n_elements / 2;
    *ret = (struct dz_graph){0};
    uint32_t load = add_input(
        ret, (struct dz_input){.kind = DZ_INPUT_WHOLE, .path = made_string(ret, "conftest.py")});
    made_node(ret, "load");
    made_node_has(ret, load);
    for (uint32_t i = 0; i < n_functions; i++)
        add_function(ret, i, &seed);
    add_test_functions(ret, &seed);
    for (uint32_t i = 0; i < n_tests; i++) {
        if (i % OF_TEST_FILE == 0)
            add_test_file(ret, i, &seed);
        add_test(ret, i, n_functions, &seed);
    }
}

/* What a job learns that has run one test in a hundred, of functions that have changed. */
static void make_learnt(struct dz_graph *ret)
{
    make(ret);
    for (uint32_t i = 0; i < ret->n_inputs; i += 100)
        ret->inputs[i].fingerprint.bytes[0] ^= 1;
    for (uint32_t i = 0; i < ret->n_records; i++)
        if (i % 100)
            ret->records[i].node = DZ_NONE;
}

/* ---- the rows ---- */

struct bytes {
    struct dz_buf buf;
    struct dz_graph graph;
};

static struct dz_baseline *open_bytes(const struct bytes *bytes)
{
    struct dz_err err;
    struct dz_baseline *baseline = dz_baseline_open(bytes->buf.data, bytes->buf.len, &err);
    need(baseline != NULL, err.text);
    return baseline;
}

static double play_select(struct bytes *bytes)
{
    struct dz_bits changed = {0};
    struct dz_graph glance;
    struct dz_selection selection;
    struct dz_err err;
    double began = now_ms();
    struct dz_baseline *baseline = open_bytes(bytes);
    need(dz_baseline_glance(baseline, &glance, &err) == 0, err.text);
    need(dz_bits_set(&changed, glance.n_inputs / 4 + 10) == 0, "no memory");
    need(dz_baseline_select(&selection, baseline, &glance, &changed, &err) == 0, err.text);
    need(dz_baseline_name(baseline, &glance, selection.records, &err) == 0, err.text);
    double took = now_ms() - began;
    printf("%8u selected ", selection.n_selected);
    return took;
}

static double play_compose(struct bytes *bytes)
{
    struct dz_graph older, ret;
    struct dz_err err;
    dz_autobuf struct dz_buf to = {0};
    double began = now_ms();
    struct dz_baseline *baseline = open_bytes(bytes);
    need(dz_baseline_read(baseline, &older, &err) == 0, err.text);
    double read = now_ms();
    need(dz_baseline_compose(&ret, &older, &bytes->graph) == 0, "no memory");
    dz_graph_free(&older);
    double composed = now_ms();
    need(dz_baseline_write(&ret, &key, &to) == 0, "no memory");
    double written = now_ms();
    printf("(read %.0f compose %.0f write %.0f) ", read - began, composed - read,
           written - composed);
    return written - began;
}

static int row(const char *name, double play(struct bytes *), struct bytes *bytes, double limit_ms)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        printf("%-8s ", name);
        double took = play(bytes);
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        printf("%8.1f ms of %.0f, peak %ld MB\n", took, limit_ms, usage.ru_maxrss / 1024);
        fflush(NULL);
        _exit(n_tests == FULL && (took > limit_ms || usage.ru_maxrss > 1024 * 1024));
    }
    return waitpid(pid, &status, 0) != pid || status != 0;
}

/* In a process of its own: what is made for the bench is not to count as what is needed. */
static void put_file(const char *path, int whole)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct bytes bytes = {0};
        double began = now_ms();
        if (whole)
            make(&bytes.graph);
        else
            make_learnt(&bytes.graph);
        double made = now_ms();
        need(dz_baseline_write(&bytes.graph, &key, &bytes.buf) == 0, "no memory");
        FILE *file = fopen(path, "w");
        need(file && fwrite(bytes.buf.data, 1, bytes.buf.len, file) == bytes.buf.len &&
                 fclose(file) == 0,
             "cannot write");
        if (whole)
            printf("%u tests, %u inputs, %u nodes, %u edges, made in %.0f ms; %zu bytes, %.1f a "
                   "test\n",
                   bytes.graph.n_records, bytes.graph.n_inputs, bytes.graph.n_nodes,
                   bytes.graph.n_lean_list, made - began, bytes.buf.len,
                   (double)bytes.buf.len / n_tests);
        fflush(NULL);
        _exit(0);
    }
    need(waitpid(pid, &status, 0) == pid && status == 0, "cannot make a baseline");
}

static void get_file(const char *path, struct dz_buf *to)
{
    FILE *file = fopen(path, "r");
    need(file != NULL, "cannot read");
    for (size_t n = 1; n;) {
        char *room = dz_buf_room(to, 1 << 20);
        need(room != NULL, "no memory");
        n = fread(room, 1, 1 << 20, file);
        to->len += n;
    }
    fclose(file);
    unlink(path);
}

int main(int argc, char **argv)
{
    struct bytes bytes = {0}, learnt = {0};
    struct dz_err err;
    char path[] = "/tmp/dagz-bench-XXXXXX";
    if (argc == 3) {
        n_tests = (uint32_t)atoi(argv[1]);
        n_elements = (uint32_t)atoi(argv[2]);
    }
    int fd = mkstemp(path);
    need(fd >= 0 && n_tests >= OF_TEST_FILE && n_elements >= 2 * IN_PACKAGE,
         "usage: baseline [TESTS ELEMENTS]");
    close(fd);
    put_file(path, 1);
    get_file(path, &bytes.buf);
    int failed = row("select", play_select, &bytes, 100);
    put_file(path, 0);
    get_file(path, &learnt.buf);
    struct dz_baseline *baseline = open_bytes(&learnt);
    need(dz_baseline_read(baseline, &bytes.graph, &err) == 0, err.text);
    dz_baseline_close(baseline);
    dz_buf_free(&learnt.buf);
    failed |= row("compose", play_compose, &bytes, 2000);
    dz_graph_free(&bytes.graph);
    dz_buf_free(&bytes.buf);
    return failed;
}

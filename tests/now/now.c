/* What the end-to-end tests know the tree by:
 *
 *     now ROOTDIR STATE record <INPUTS >RECORD     what these inputs are now, and a look at each file
 *     now ROOTDIR STATE compare <RECORD            the numbers of those that are not what they were
 *
 * A line of INPUTS is KIND, OF, PATH, NAME, K with tabs between; RECORD has those with a fingerprint, then the looks. */
#include "../../host/base/mem.h"
#include "../../host/now.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((noreturn)) void give_up(const char *text)
{
    fprintf(stderr, "now: %s\n", text);
    exit(1);
}

static void put_hex(const struct dz_fingerprint *print)
{
    for (int i = 0; i < 16; i++)
        printf("%02x", print->bytes[i]);
}

static struct dz_fingerprint take_hex(const char *text)
{
    struct dz_fingerprint ret = {{0}};
    for (int i = 0; i < 16 && text[0] && text[1]; i++, text += 2)
        sscanf(text, "%2hhx", &ret.bytes[i]);
    return ret;
}

/* ---- lines ---- */

enum { FIELDS = 10, LONGEST = 8192 };

static unsigned split(char *line, char *fields[FIELDS])
{
    unsigned n = 0;
    line[strcspn(line, "\n")] = 0;
    for (char *field; n < FIELDS && (field = strsep(&line, "\t"));)
        fields[n++] = field;
    return n;
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static uint32_t string(struct dz_graph *graph, const char *text)
{
    uint32_t ret = dz_strings_add(&graph->strings, text, strlen(text));
    if (!ret)
        give_up("no memory");
    return ret;
}

static void take_input(struct dz_graph *graph, char *fields[FIELDS], unsigned n)
{
    if (!dz_has_room(&graph->inputs, graph->n_inputs, &graph->cap_inputs, sizeof *graph->inputs))
        give_up("no memory");
    graph->inputs[graph->n_inputs++] = (struct dz_input){
        number(fields[0]),        number(fields[1]), string(graph, fields[2]),
        string(graph, fields[3]), number(fields[4]), take_hex(n > 5 ? fields[5] : "")};
}

static void take_look(struct dz_graph *graph, char *fields[FIELDS])
{
    if (!dz_has_room(&graph->looks, graph->n_looks, &graph->cap_looks, sizeof *graph->looks))
        give_up("no memory");
    graph->looks[graph->n_looks++] = (struct dz_look){.path = string(graph, fields[1]),
                                                      .mode = (uint16_t)number(fields[2]),
                                                      .is_exact = (uint16_t)number(fields[3]),
                                                      .size = strtoull(fields[4], NULL, 10),
                                                      .inode = strtoull(fields[5], NULL, 10),
                                                      .mtime_ns = strtoll(fields[6], NULL, 10),
                                                      .ctime_ns = strtoll(fields[7], NULL, 10),
                                                      .looked_ns = strtoll(fields[8], NULL, 10),
                                                      .content = take_hex(fields[9])};
}

static void read_graph(struct dz_graph *graph)
{
    char line[LONGEST], *fields[FIELDS];
    while (fgets(line, sizeof line, stdin)) {
        unsigned n = split(line, fields);
        if (n == FIELDS && strcmp(fields[0], "look") == 0)
            take_look(graph, fields);
        else if (n >= 5)
            take_input(graph, fields, n);
        else
            give_up("not understood");
    }
}

/* ---- both ---- */

static void record_inputs(struct dz_now *now, const struct dz_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        const struct dz_input *input = &graph->inputs[i];
        struct dz_fingerprint print = {{0}};
        printf("%u\t%u\t%s\t%s\t%u\t", input->kind, input->of,
               dz_strings_text(&graph->strings, input->path),
               dz_strings_text(&graph->strings, input->name), input->k);
        if (dz_now_fingerprint(now, &graph->strings, input, &print) < 0)
            printf("unknown");
        else
            put_hex(&print);
        printf("\n");
    }
}

static void record_looks(struct dz_now *now, const struct dz_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        const struct dz_input *input = &graph->inputs[i];
        const char *path = dz_strings_text(&graph->strings, input->path);
        struct dz_look look = {0};
        if ((!dz_input_is_of_source(input) && input->kind != DZ_INPUT_CONTENT) ||
            dz_now_look(now, path, &look) < 0)
            continue;
        printf("look\t%s\t%u\t1\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t",
               path, look.mode, look.size, look.inode, look.mtime_ns, look.ctime_ns,
               look.looked_ns);
        put_hex(&look.content);
        printf("\n");
    }
}

static void compare(struct dz_now *now, const struct dz_graph *graph)
{
    struct dz_compared compared = {0};
    struct dz_err err = {0};
    if (dz_now_compare(now, graph, &compared, &err) < 0)
        give_up(err.text);
    for (uint32_t i = 0; (i = dz_bits_next(&compared.changed, i)) != UINT32_MAX; i++)
        printf("%u\n", i);
    dz_compared_free(&compared);
}

int main(int argc, char **argv)
{
    struct dz_python python;
    struct dz_graph graph = {0};
    struct dz_err err = {0};
    if (argc != 4)
        give_up("now ROOTDIR STATE record|compare");
    if (dz_python_find(&python, argv[0], &err) < 0)
        give_up(err.text);
    struct dz_now *now = dz_now_new(&python, argv[1], argv[2], &err);
    if (!now)
        give_up(err.text);
    read_graph(&graph);
    if (strcmp(argv[3], "compare") == 0)
        compare(now, &graph);
    else {
        record_inputs(now, &graph);
        record_looks(now, &graph);
    }
    dz_now_free(now);
    dz_graph_free(&graph);
    dz_python_free(&python);
    return 0;
}

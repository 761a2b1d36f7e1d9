#include "before.h"

#include <string.h>

#include "base/mem.h"

struct one {
    struct dz_graph glance;
    uint32_t *looks; /* by string of a path: its look, + 1 */
};

struct dz_before {
    struct one list[DZ_BASELINES_MOST + 1];
    unsigned n;
};

static void free_one(struct one *one)
{
    dz_graph_free(&one->glance);
    dz_free(one->looks);
    *one = (struct one){0};
}

/* What cannot be read has seen nothing. */
static int read_one(struct one *one, const char *path, const struct dz_fingerprint *key)
{
    struct dz_err err;
    struct dz_baseline_file *file = dz_baselines_open(path, &err);
    int r = file && memcmp(dz_baseline_key(dz_baselines_in(file)), key, sizeof *key) == 0 &&
            dz_baseline_glance(dz_baselines_in(file), &one->glance, &err) == 0;
    dz_baselines_close(file);
    if (r)
        one->looks = dz_alloc((one->glance.strings.n + 1) * sizeof *one->looks);
    for (uint32_t i = 0; one->looks && i < one->glance.n_looks; i++)
        one->looks[one->glance.looks[i].path] = i + 1;
    return one->looks != NULL;
}

static void read_all(struct dz_before *before, const struct dz_baselines *older,
                     const struct dz_fingerprint *key)
{
    for (unsigned i = 0; i < older->n; i++)
        if (read_one(&before->list[before->n], older->found[i], key))
            before->n++;
        else
            free_one(&before->list[before->n]);
}

struct dz_before *dz_before_new(const struct dz_baselines *older, const struct dz_fingerprint *key)
{
    struct dz_before *before = dz_alloc(sizeof *before);
    if (before && older)
        read_all(before, older, key);
    return before;
}

void dz_before_free(struct dz_before *before)
{
    for (unsigned i = 0; before && i < before->n; i++)
        free_one(&before->list[i]);
    dz_free(before);
}

int dz_before_look(const struct dz_before *before, const char *path, struct dz_look *ret)
{
    int is_there = 0;
    for (unsigned i = 0; i < before->n; i++) {
        const struct one *one = &before->list[i];
        uint32_t string = dz_strings_find(&one->glance.strings, path, strlen(path));
        const struct dz_look *look =
            string && one->looks[string] ? &one->glance.looks[one->looks[string] - 1] : NULL;
        if (!look || (is_there && look->looked_ns <= ret->looked_ns))
            continue;
        *ret = *look;
        is_there = 1;
    }
    return is_there;
}

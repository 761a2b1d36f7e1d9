/* The facts of one span, each once, in the order they came. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dz_known {
    uint64_t value;
    uint32_t string;
    uint8_t fact;
};

struct dz_facts {
    struct dz_known *list;
    uint32_t n, cap;
    uint32_t *slots; /* index + 1 */
    uint32_t mask;
};

/* 1 when it was not known yet, 0 when it was, negative when there is no memory. */
int dz_facts_add(struct dz_facts *facts, uint8_t fact, uint32_t string, uint64_t value);
void dz_facts_clear(struct dz_facts *facts);

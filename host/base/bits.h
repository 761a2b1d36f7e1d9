/* A growing set of small numbers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dz_bits {
    uint64_t *words;
    uint32_t n_words;
};

/* Negative when there is no memory for it. */
int dz_bits_set(struct dz_bits *bits, uint32_t number);
int dz_bits_or(struct dz_bits *bits, const struct dz_bits *other);
int dz_bits_is_within(const struct dz_bits *bits, const struct dz_bits *other);
void dz_bits_clear(struct dz_bits *bits);
void dz_bits_free(struct dz_bits *bits);
/* The first number in the set that is not below from, or UINT32_MAX. */
uint32_t dz_bits_next(const struct dz_bits *bits, uint32_t from);

static inline int dz_bits_has(const struct dz_bits *bits, uint32_t number)
{
    return number / 64 < bits->n_words && bits->words[number / 64] >> (number % 64) & 1;
}

static inline void dz_bits_drop(struct dz_bits *bits, uint32_t number)
{
    if (dz_bits_has(bits, number))
        bits->words[number / 64] &= ~(1ull << (number % 64));
}

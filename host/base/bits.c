#include "bits.h"

#include "mem.h"

#include <errno.h>
#include <string.h>

static int grow(struct dz_bits *bits, uint32_t n_words)
{
    uint64_t *words = dz_realloc(bits->words, n_words * sizeof *words);
    if (!words)
        return -ENOMEM;
    memset(words + bits->n_words, 0, (n_words - bits->n_words) * sizeof *words);
    bits->words = words;
    bits->n_words = n_words;
    return 0;
}

int dz_bits_set(struct dz_bits *bits, uint32_t number)
{
    uint32_t word = number / 64;
    if (word >= bits->n_words && grow(bits, word + word / 2 + 16) < 0)
        return -ENOMEM;
    bits->words[word] |= 1ull << (number % 64);
    return 0;
}

int dz_bits_or(struct dz_bits *bits, const struct dz_bits *other)
{
    if (other->n_words > bits->n_words && grow(bits, other->n_words) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < other->n_words; i++)
        bits->words[i] |= other->words[i];
    return 0;
}

int dz_bits_is_within(const struct dz_bits *bits, const struct dz_bits *other)
{
    uint64_t outside = 0;
    for (uint32_t i = 0; i < bits->n_words; i++)
        outside |= i < other->n_words ? bits->words[i] & ~other->words[i] : bits->words[i];
    return outside == 0;
}

void dz_bits_clear(struct dz_bits *bits)
{
    if (bits->n_words)
        memset(bits->words, 0, bits->n_words * sizeof *bits->words);
}

void dz_bits_free(struct dz_bits *bits)
{
    dz_free(bits->words);
    *bits = (struct dz_bits){0};
}

uint32_t dz_bits_next(const struct dz_bits *bits, uint32_t from)
{
    for (uint32_t word = from / 64; word < bits->n_words; word++) {
        uint64_t left = bits->words[word];
        if (word == from / 64)
            left &= ~0ull << (from % 64);
        if (left)
            return word * 64 + (uint32_t)__builtin_ctzll(left);
    }
    return UINT32_MAX;
}

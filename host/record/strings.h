/* Texts, equal ones once, with numbers from 1 on; 0 stands for none. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dz_strings {
    char **at; /* by number - 1 */
    uint32_t n, cap;
    uint32_t *slots, mask;
};

/* 0 when there is no memory. */
uint32_t dz_strings_add(struct dz_strings *strings, const char *text, size_t size);
/* 0 where there is no such text. */
uint32_t dz_strings_find(const struct dz_strings *strings, const char *text, size_t size);
void dz_strings_free(struct dz_strings *strings);

/* "" for none. */
static inline const char *dz_strings_text(const struct dz_strings *strings, uint32_t number)
{
    return number ? strings->at[number - 1] : "";
}

/* Texts, equal ones once, with numbers from 1 on; 0 stands for none. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dz_strings {
    char **at; /* by number - 1 */
    uint32_t n, cap;
    struct dz_string_slot *slots;
    uint32_t mask;
    struct dz_string_block *block; /* in which the last ones lie, behind those before */
    size_t left;                   /* of it */
};

/* 0 when there is no memory. */
uint32_t dz_strings_add(struct dz_strings *strings, const char *text, size_t size);
/* For millions, whose places in a table would be waited for one by one. Texts that are all different: the number, 0 when there
 * is no memory; nothing is found before dz_strings_index, which says -EEXIST where two were equal, and -ENOMEM. */
uint32_t dz_strings_append(struct dz_strings *strings, const char *text, size_t size);
int dz_strings_index(struct dz_strings *strings);
/* Equal numbers for equal texts. Negative when there is no memory. */
int dz_strings_copy(struct dz_strings *ret, const struct dz_strings *from);
/* The numbers, by number, that from's have among these; 0 where they have none. */
void dz_strings_match(const struct dz_strings *strings, const struct dz_strings *from,
                      uint32_t *numbers);
/* 0 where there is no such text. */
uint32_t dz_strings_find(const struct dz_strings *strings, const char *text, size_t size);
void dz_strings_free(struct dz_strings *strings);

/* "" for none. */
static inline const char *dz_strings_text(const struct dz_strings *strings, uint32_t number)
{
    return number ? strings->at[number - 1] : "";
}

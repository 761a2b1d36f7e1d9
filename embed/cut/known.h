/* Names that are known: what a mention of them says of code, and which calls do nothing but give a value. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What a source has of the words that some names say nothing without; it ends with a NUL. */
uint32_t dz_known_words(const char *source);

/* dz_element_flag, of a name that stands alone and of one behind a dot. */
struct dz_known_flags {
    uint32_t alone, attribute;
};
struct dz_known_flags dz_known_flags(const char *name, size_t size, uint32_t words);

/* By full dotted name (builtins.len): a call, a decorator or a base of it writes nothing outside itself. */
int dz_known_local(const char *dotted);
/* A value of python's own, whose operators run no code of others. */
int dz_known_plain(const char *dotted);

/* Variables of the environment, as they are told and kept: hashes of values, never a value. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of a variable: 0 where it is as if it were not set. What is ours (DAGZ*), what each shell sets anew, and what the key of a baseline holds (PYTHON*,
 * and LC_CTYPE where python sets it by itself, in a locale that can do nothing), is never told. */
uint64_t dz_environ_hash(const char *name, size_t size, const char *value, size_t value_size);
/* Of all of an environment, in whatever order. */
uint64_t dz_environ_hash_all(char *const *entries);
int dz_environ_is_told(const char *name, size_t size);

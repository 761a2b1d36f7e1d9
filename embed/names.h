/* Strings that a log speaks of by number. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The number of this string, from 1 on; at its first sight it is written to the log. 0 when there is no memory, and the log
 * is over.
 * Any thread may ask. */
uint32_t dz_name(const char *text, size_t size);
/* How many there are. */
uint32_t dz_names(void);
void dz_names_lock(void);
void dz_names_unlock(void);

/* What a file holds at this moment, looked at past the probes: nobody has read it. */
#pragma once

#include <stdint.h>

/* On the clock of files' times. */
int64_t dz_content_clock(void);
/* 1 and the content's value (dz_touched_value) where it is a file that was not changed after that time; 0: else, or where it
 * cannot be read. */
int dz_content_since(const char *path, int64_t ns, uint32_t *ret);

/* Names may hold any bytes, JSON only UTF-8. */
#pragma once

#include <jansson.h>

/* In one that is no UTF-8, bytes beyond ASCII are told as python's backslashreplace tells them: \xff. NULL when there is no
 * memory. */
json_t *dz_text(const char *text);

/* Names that are known: what a mention of them says of code, and which calls do nothing but give a value. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* dz_element_flag */
uint32_t dz_known_flags(const char *name, size_t size);

/* By full dotted name (builtins.len): a call, a decorator or a base of it writes nothing outside itself. */
int dz_known_local(const char *dotted);
/* A value of python's own, whose operators run no code of others. */
int dz_known_plain(const char *dotted);

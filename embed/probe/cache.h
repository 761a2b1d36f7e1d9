/* functools.lru_cache and cache: a span for what a wrapper's cache was filled by.
 *
 * A hit runs no Python code, so whoever has one would seem not to depend on what the value was made of. Each wrapper
 * has a span that is entered around what a miss runs; whoever calls the wrapper leans on it.
 *
 * A miss: the wrapper's C struct has the function to call; in its place stands a callable of ours, which enters the span,
 * calls and leaves. A hit: the wrapper type's call goes by us, a comparison with the span that leant last. A wrapper
 * is looked at when it is first called, wherever and whenever it was made. Nothing of it is to be seen from Python. */
#pragma once

#include "../pycompat.h"

/* Once. Negative with an exception set. */
int dz_cache_watch(void);

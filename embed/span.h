/* Spans of this process: what is seen while one is open belongs to it.
 *
 * At the bottom lies the base: the load, a file's collection, a test. Above it are nested ones: an import, a fixture
 * that outlives its test, the filling of a cache. A nested span is leant on by the one below it; code that runs in it is
 * the lower ones' too, as it is what they have brought about.
 *
 * The base is watched by whichever probe is cheapest (probe/probe.h), nested spans by the evaluator.
 *
 * Whatever is seen is written when the span is left; in a forked child, which may be killed at any time by a test that
 * passes, at once. Facts may come from any thread, with or without the interpreter's lock; all else needs the lock. */
#pragma once

#include "pycompat.h"

#include "../host/base/log.h"

/* The first of all. */
enum { DZ_SPAN_OF_LOAD = 1 };

/* 0 where nothing is observed. */
uint32_t dz_span_new(enum dz_span_type type, const char *name, size_t size);
/* Makes it the base: what has been seen since the last change of base belongs to the one before. 0: to none, until
 * the next. Returns the one before. */
uint32_t dz_span_base(uint32_t span);
/* The base is over, and is written. What is seen from now on belongs to the next base. */
void dz_span_end(void);

/* The body of the test that is the base begins, and ends: a span of its own for its times. */
void dz_span_call_begins(void);
void dz_span_call_ends(void);

/* Nested, and out again: spans may be entered again and again. */
void dz_span_enter(uint32_t span);
void dz_span_leave(uint32_t span);
/* As enter, for what a module's statements run: while tests are collected it is the module's only, and of those who go on to
 * read what they have made. */
void dz_span_enter_import(uint32_t span);
/* As enter, but whether what is open below leans on it, will be said later. */
void dz_span_enter_quietly(uint32_t span);
/* As enter, but not brought about by what is open below: the end of a fixture, which falls into some test. Nothing that
 * runs in it is theirs. */
void dz_span_enter_aside(uint32_t span);
/* A nested span that was left for the last time is over. */
void dz_span_close(uint32_t span);

/* Called before a base or a nested one begins; NULL: nothing. */
extern void (*dz_span_at_begin)(void);

/* The innermost span that is open; 0: none. */
uint32_t dz_span_current(void);
/* The base that is open; 0: none. */
uint32_t dz_span_of_base(void);
/* Whether the base is a test's, or a forked child's: what comes before is pytest's start and collection. */
int dz_span_is_test(void);
/* Whether anything of this process was not seen, or was a child's, since this was last asked. */
int dz_span_take_doubt(void);
/* The current one depends on it. */
void dz_span_lean(uint32_t span);
/* Seen in the current one. A fact that is known already costs a look-up. */
void dz_span_fact(enum dz_fact fact, const char *text, size_t size, uint64_t value);
/* Seen in what lies at the bottom. */
void dz_span_fact_of_base(enum dz_fact fact, const char *text, size_t size, uint64_t value);
/* What ran in the innermost nested span, as far as is known yet. */
const struct dz_bits *dz_span_ran(void);
/* Not all that runs now is seen by the evaluator, in all spans that it watches. */
void dz_span_blind(const char *why);
/* Some of this base span and all later ones will be seen by the evaluator only (a trace function is on). */
void dz_span_distrust(const char *why);
/* The same for a profile function, unless the probe bears it. */
void dz_span_profiled(void);
/* Callbacks of sys.monitoring run from now on that are not seen, for as long as there are tools. */
void dz_span_monitored(void);

/* What is to be said of how this process observes, since this was asked last: one text each time, NULL behind the last. */
const char *dz_span_take_remark(void);

/* Begins to observe, by the load: spans from here on are real. Negative with an exception set. */
int dz_span_start(void);
/* Pytest's rootdir, once it is known. */
void dz_span_root(const char *rootdir);
/* The process is observed no more; what was is dropped. */
void dz_span_stop(void);
int dz_span_is_on(void);
/* Nothing more will come from this process: its log says so. */
void dz_span_finish(void);

/* Front: what it has seen goes into a log in this folder, which workers lean on. Again: what it has seen since. */
int dz_span_keep(const char *folder);
/* Front, when it has forked what workers come from: what its reporters run from now on is in a span by itself. Workers that
 * are forked later, should that process die, have what that has done. */
void dz_span_report(void);
/* The current one depends on the load, and on what a front has done since before this process was forked. */
void dz_span_lean_on_load(void);
/* A worker just forked, or spawned: a log of its own. */
int dz_span_be_worker(const char *folder, unsigned serial);
/* Around forks of ours, whose children are no test's. */
void dz_span_expect_fork(int expected);

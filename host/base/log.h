/* The words of log.def: what a log's numbers mean. */
#pragma once

#include <stdint.h>

enum { DZ_LOG_VERSION = 4 };

enum dz_log_origin { DZ_LOG_FRONT, DZ_LOG_WORKER, DZ_LOG_CHILD };

enum dz_code_kind {
    DZ_CODE_FUNCTION,
    DZ_CODE_MODULE,
    DZ_CODE_CLASS,     /* a class's statements */
    DZ_CODE_LAMBDA,    /* also comprehensions: part of the function that they stand in */
    DZ_CODE_GENERATED, /* made at run time: file and line are where that was done */
    DZ_CODE_PACKAGE,   /* some code of a file of an installed distribution: no line, no name */
};

enum dz_span_type {
    DZ_SPAN_LOAD,
    DZ_SPAN_COLLECT,
    DZ_SPAN_IMPORT,
    DZ_SPAN_FIXTURE,
    DZ_SPAN_CACHE,
    DZ_SPAN_TEST,
    DZ_SPAN_CALL, /* a test's body: times only */
    DZ_SPAN_FORK, /* a forked child's own */
    DZ_SPAN_TYPES
};

/* The string is a path for the first ones: absolute, as it was used, the cwd of that moment put before it; `.`, `//` and
 * a `..` that leads back over no link are taken out. A span's facts are in the order in which they were first seen, so
 * what was seen before it was written stands before. */
enum dz_fact {
    DZ_FACT_CONTENT, /* opened to be read, or what was in it is kept; of a folder that was moved: all below */
    DZ_FACT_STAT,    /* it is there, of that kind, mode and size; value: dz_stat */
    DZ_FACT_LINK,    /* where it leads was read; value: dz_resolved */
    DZ_FACT_NAMES,   /* a folder was listed: the names in it, and of which kind each is */
    DZ_FACT_ABSENT,  /* looked for, and not there */
    DZ_FACT_WRITTEN, /* made, written, renamed or removed; value: dz_written */
    DZ_FACT_TOUCHED, /* its times were set, which nobody had changed since the job began; value: dz_touched_value */
    DZ_FACT_PLACE, /* passed by a look-up before it hit, or hit nothing: a path without its ending; value: dz_place */
    DZ_FACT_MODULE, /* looked up by this name, and by no import statement: module, or module:attribute */
    DZ_FACT_SOURCE,       /* of an import: the file whose module it is */
    DZ_FACT_ENVIRONMENT,  /* an inherited variable, "*": all; value: 0 not set, else a hash */
    DZ_FACT_DISTRIBUTION, /* read of by this name, "*": all; value: 0 where there is none */
    DZ_FACT_CHILD, /* a command that was started: its first word, #, a hash of the others; value: pid, or 0 */
    DZ_FACT_FORKED, /* value: the child's pid */
    DZ_FACT_LEAN,   /* value: another span, without which this one would not be what it is */
    DZ_FACT_WROTE,  /* a state element that this span left changed */
    DZ_FACT_BLIND,  /* why not all of this span was seen */
    DZ_FACT_FIXTURE, /* fixtures asked for by name, by the test that runs; several with blanks between them */
    DZ_FACTS
};

/* Of the canonical form of a content's XXH3_128bits. */
static inline uint32_t dz_touched_value(const uint8_t hash[16])
{
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

enum dz_stat {
    DZ_STAT_FOLLOWED,
    DZ_STAT_ITSELF, /* of a link, not of where it leads */
};

enum dz_resolved {
    DZ_RESOLVED_ONCE,
    DZ_RESOLVED_ALL, /* the whole path was resolved */
};

enum dz_written {
    DZ_WRITTEN_OVER, /* what was there, if anything, is gone */
    DZ_WRITTEN_NEW,  /* there was nothing before */
    DZ_WRITTEN_INTO, /* opened to be changed: what was there is in it, perhaps unchanged */
};

enum dz_place {
    DZ_PLACE_EMPTY,  /* no file and no folder of this name that a module could come from */
    DZ_PLACE_FOLDER, /* a folder of this name without an __init__, but no module's file */
};

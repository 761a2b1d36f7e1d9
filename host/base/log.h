/* The words of log.def: what a log's numbers mean. */
#pragma once

enum { DZ_LOG_VERSION = 1 };

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

/* The string is a path for the first ones: absolute, as it was used, cwd put before it. */
enum dz_fact {
    DZ_FACT_CONTENT,     /* read */
    DZ_FACT_STAT,        /* it is there, of that kind and mode */
    DZ_FACT_LINK,        /* where it leads was read */
    DZ_FACT_NAMES,       /* a folder was listed */
    DZ_FACT_ABSENT,      /* looked for, and not there */
    DZ_FACT_WRITTEN,     /* made, written, renamed or removed */
    DZ_FACT_PLACE,       /* a look-up passed here before it hit, or hit nothing: a path without its ending, or a name */
    DZ_FACT_MODULE,      /* a library look-up by this name, which no import statement tells */
    DZ_FACT_SOURCE,      /* of an import: the file whose module it is */
    DZ_FACT_ENVIRONMENT, /* a variable; value: 0 not set, else a hash */
    DZ_FACT_DISTRIBUTION,
    DZ_FACT_CHILD,   /* a command that was started; value: pid, 0 where it is not known */
    DZ_FACT_FORKED,  /* value: the child's pid */
    DZ_FACT_LEAN,    /* value: another span, without which this one would not be what it is */
    DZ_FACT_WROTE,   /* a state element that this span left changed */
    DZ_FACT_BLIND,   /* why not all of this span was seen */
    DZ_FACTS
};

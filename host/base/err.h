/* A failure on its way to the user: a negative errno-like code and one sentence.
 *
 * Whoever notices writes the sentence with dz_fail; whoever passes it on puts what it was trying in
 * front with dz_wrap. Nobody prints but main and the job's end. */
#pragma once

#include <stddef.h>

struct dz_err {
    int code; /* 0, or a negative errno value */
    char text[1024];
};

/* Sets the sentence; ": strerror(-code)" is added when code is an errno. Returns code. */
__attribute__((format(printf, 3, 4))) int dz_fail(struct dz_err *err, int code, const char *fmt,
                                                  ...);

/* Puts "…: " in front of the sentence that is there. Returns code. */
__attribute__((format(printf, 3, 4))) int dz_wrap(struct dz_err *err, int code, const char *fmt,
                                                  ...);

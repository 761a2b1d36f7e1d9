/* How a child leaves: at once, past everything that its parent has set up for its own end. */
#pragma once

enum {
    DZ_LEAVE_DONE = 0,
    DZ_LEAVE_ASTRAY = 94,  /* forked by a test, and returned into pytest */
    DZ_LEAVE_CUT_OFF = 95, /* the host is gone, or does not listen */
};

/* The exit_group system call itself: _exit may be interposed, by us or by a test. */
__attribute__((noreturn)) void dz_leave(int status);

/* How a child leaves: at once, past everything that its parent has set up for its own end. */
#pragma once

#include "../host/base/wire.h"

/* The exit_group system call itself: _exit may be interposed, by us or by a test. */
__attribute__((noreturn)) void dz_leave(int status);

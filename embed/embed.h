/* The shim's one entry. Everything else in it is hidden. */
#pragma once

#include "../host/base/heritage.h"

/* Initialises the interpreter as python's own main would, with the program's name heritage->python, says
 * heritage->executable in sys.executable, and runs argv. Returns the exit code. */
__attribute__((visibility("default"))) int dagz_embed_main(const struct dz_heritage *heritage,
                                                           int argc, char **argv);

/* The sources that a job has met, made into sheets. */
#pragma once

#include "base/buf.h"
#include "python.h"

/* Reads the logs in the job's folder and makes each sheet that STATE lacks of what is told there. What of it is not to
 * be known is put into text, a sentence; nothing where all is. Waits until all is made. */
void dz_sources_cut(const struct dz_python *python, const char *state, const char *folder,
                    struct dz_buf *text);

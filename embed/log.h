/* The log of this process: what it observes, written as it happens into a file that it has mapped.
 *
 * Until there is a folder for it, it is kept in memory. Whatever is put is in the file when dz_log_put returns, were
 * the process killed then; a frame that was being put is not there at all. A log that cannot grow any more is over:
 * what follows is dropped, so no later span of it has an end, and counts as not observed.
 *
 * Any thread may put, with or without the interpreter's lock. */
#pragma once

#include "../host/base/wire.h"

/* A log in memory; what there was before is let go (in a child: its parent's). */
void dz_log_begin(void);
/* From here on in FOLDER/NAME, this frame first, then what there is in memory. Negative when it cannot be made, and
 * the log is over. */
int dz_log_open(const char *folder, const char *name, const struct dz_msg *first);
void dz_log_put(const struct dz_msg *msg);
/* The name of the file, "" while there is none. */
const char *dz_log_name(void);
int dz_log_is_over(void);
/* Something could not be kept, for want of memory: nothing that ends from now on is to look complete. */
void dz_log_give_up(void);
/* dz_has_room of a list of what is to be kept: where there is none, it gives up. */
int dz_log_has_room(void *list, uint32_t n, uint32_t *cap, size_t item);

/* Around a fork: no other thread may be in the middle of putting. */
void dz_log_lock(void);
void dz_log_unlock(void);
/* In the child, before the unlock: the file is the parent's. What is put from here on is kept in memory for a log of its
 * own; the name is still the parent's. 0 where there was no file. */
int dz_log_leave_to_parent(void);

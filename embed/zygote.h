/* The zygote: the image after collection, that forks workers on request and tells of their deaths.
 * One thread, a loop in C; the only Python that runs in it are users' at-fork hooks. */
#pragma once

/* Serves the host over dz_link. Returns in each worker it forks; the zygote itself leaves in here, with all
 * below it, when the host closes the link or has died. */
void dz_zygote_run(unsigned *ret_slot, unsigned *ret_serial);

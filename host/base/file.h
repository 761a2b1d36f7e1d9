/* What is done with a whole file in the same way everywhere. Negative errno. */
#pragma once

#include "buf.h"
#include "err.h"

/* Appends all that is in it. */
int dz_file_read(const char *path, struct dz_buf *to);
int dz_file_write_all(int fd, const char *at, size_t size);
/* This under that name, in the place of what there was; all of it or nothing. Where the file system can, it has no name
 * until it is whole, so that nothing is left of who is killed. Not synced. */
int dz_file_put(const char *path, const char *at, size_t size);
/* A new file beside path, open to be written; ret_name: its own path. */
int dz_file_begin(const char *path, struct dz_buf *ret_name);
/* Closes it; what is whole (r is 0) is synced and put under path, else it is removed. r, or what has failed. */
int dz_file_end(int fd, int r, const char *name, const char *path);
/* A new file of mkostemp's is for its owner only: makes it as readable as others that a job makes. */
int dz_file_open_for_all(int fd);
/* It is there, if it was not. NULL, as a path that there was no memory for: -ENOMEM. Negative with a sentence. */
int dz_file_make_folder(const char *path, struct dz_err *err);

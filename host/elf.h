/* What an executable's dynamic section says of the libpython it needs. */
#pragma once

#include "base/err.h"

struct dz_elf {
    char *libpython; /* libpython3.X….so…, or NULL: it needs none */
    char *rpath;     /* searched before LD_LIBRARY_PATH; NULL when there is a runpath */
    char *runpath;   /* searched after it */
};

/* 1; 0 when the file is no ELF executable of this machine (a script); negative with a sentence. */
int dz_elf_read(struct dz_elf *ret, const char *path, struct dz_err *err);
void dz_elf_free(struct dz_elf *elf);

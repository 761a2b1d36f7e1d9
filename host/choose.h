/* The path of the python to be: by what the user, the environment or our parent say. */
#pragma once

struct dz_choice {
    char *path;     /* owned; absolute, links kept; NULL when there was no memory */
    const char *by; /* the words that tell by what it was chosen: "named by DAGZ_PYTHON" */
};

struct dz_choice dz_choose_python(const char *self);

/* dagz-python's own absolute path: as it was called when argv0 leads to it (a link in a virtual
 * environment stays one), else its file. NULL when there was no memory, or the file is gone. */
char *dz_choose_self(const char *argv0);

/* The python that this program's virtual environment was made from; NULL. */
char *dz_choose_base(const char *program);

/* Whether it is in a virtual environment that the packages of that python are not seen from. */
int dz_choose_is_apart(const char *program);

extern const char dz_self_exe[];

/* Code objects as a log speaks of them: a number for each function of each source, however often it is compiled,
 * and also after its code object has died.
 *
 * Of interest is code of the project: what is neither the interpreter's own library nor an installed package. Of a
 * package's file it counts only that some of it ran; what is generated belongs to where in the project that was done. */
#pragma once

#include "../pycompat.h"

#include "../../host/base/log.h"

/* Before any other. Negative where code objects have no place left. */
int dz_code_start(void);
/* Sources below this folder are the project's, wherever it lies itself; before, the current folder is meant. */
void dz_code_set_root(const char *rootdir);
/* That folder, and the one of the interpreter's own library, without a slash at the end. */
const char *dz_code_root(void);
const char *dz_code_library(void);

/* The number of this code, 0 where it is of no interest. Never runs Python code. */
uint32_t dz_code_number(PyCodeObject *code);
/* Whether it is the interpreter's own; the number of the package's file that it is in, or 0. Unlike dz_code_number these
 * leave nothing in the code. */
int dz_code_is_library(PyCodeObject *code);
uint32_t dz_code_package(PyCodeObject *code);
/* Whether a file of this name is the project's. */
int dz_code_is_project(const char *path);
/* How many there are. */
uint32_t dz_codes(void);
/* The number of its file's name; 0 where that is no source of the project's. */
uint32_t dz_code_file(uint32_t number);
/* Whether this number stands for a package's file. */
int dz_code_is_package(uint32_t number);

/* The same number beside a span's, as a code object carries it for the evaluator: (number << 32) | epoch. 0 at first
 * sight; a code of no interest carries DZ_CODE_NOTHING at least. */
#define DZ_CODE_NOTHING ((uint64_t)UINT32_MAX << 32)
extern Py_ssize_t dz_code_index;

static inline uint64_t dz_code_slot(PyCodeObject *code)
{
    return (uint64_t)(uintptr_t)dz_code_extra(code, dz_code_index);
}

/* Gives it a number, and the codes in it: called when code without a file is executed, so that it is known where
 * that was. */
void dz_code_meet(PyCodeObject *code);

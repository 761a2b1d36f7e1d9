/* Where sheets are kept: STATE/sheets/3.12/HASH, one for each content of a source and each python's parser. */
#pragma once

#include "sheet.h"

/* Whether a file of this name is cut. A template is compiled under its own name too, and is no python. */
int dz_sheets_are_of(const char *path);
/* The path of this content's sheet, whether there is one or not; python: as in a shim's name, 3.12. To be freed. */
char *dz_sheets_path(const char *state, const char *python, const uint8_t source[16]);
/* The same as a sheet. NULL with a sentence when there is none (-ENOENT), or none that can be used. */
struct dz_sheet *dz_sheets_read(const char *state, const char *python, const uint8_t source[16],
                                struct dz_err *err);
/* From bytes that are to be this content's sheet. NULL with a sentence when they are not. */
struct dz_sheet *dz_sheets_new(const void *bytes, size_t size, const char *python,
                               const uint8_t source[16], struct dz_err *err);

#include "sheets.h"

#include "../base/file.h"
#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dz_sheets_are_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".py") == 0;
}

char *dz_sheets_path(const char *state, const char *python, const uint8_t source[16])
{
    struct dz_buf path = {0};
    dz_buf_fmt(&path, "%s/sheets/%s/", state, python);
    for (int i = 0; i < 16; i++)
        dz_buf_fmt(&path, "%02x", source[i]);
    dz_buf_put(&path, "", 1);
    if (!dz_buf_ok(&path))
        dz_buf_free(&path);
    return path.data;
}

/* 12 of 3.12; -1 where it is no version: it may have been read from a log, and becomes part of a path. */
static long minor_of(const char *python)
{
    char *end;
    long minor = strncmp(python, "3.", 2) == 0 ? strtol(python + 2, &end, 10) : -1;
    return minor >= 0 && (!*end || strcmp(end, "t") == 0) ? minor : -1;
}

struct dz_sheet *dz_sheets_new(const void *bytes, size_t size, const char *python,
                               const uint8_t source[16], struct dz_err *err)
{
    struct dz_sheet *sheet = dz_sheet_new(bytes, size, err);
    if (!sheet)
        return NULL;
    const struct dz_sheet_head *head = dz_sheet_head(sheet);
    if (head->minor == minor_of(python) && memcmp(head->source, source, sizeof head->source) == 0)
        return sheet;
    dz_sheet_free(sheet);
    dz_fail(err, -EBADMSG, "a sheet is another source's, or another python's");
    return NULL;
}

struct dz_sheet *dz_sheets_read(const char *state, const char *python, const uint8_t source[16],
                                struct dz_err *err)
{
    if (minor_of(python) < 0) {
        dz_fail(err, -ENOENT, "'%s' is no version of python that there are sheets for", python);
        return NULL;
    }
    dz_auto char *path = dz_sheets_path(state, python, source);
    dz_autobuf struct dz_buf bytes = {0};
    int r = path ? dz_file_read(path, &bytes) : -ENOMEM;
    if (r == 0)
        return dz_sheets_new(bytes.data, bytes.len, python, source, err);
    dz_fail(err, r, "cannot read '%s'", path ? path : "a sheet");
    return NULL;
}

/* Asked each time, and not kept: a command that takes as long as a python does not get slower by one, and what is kept may be
 * of another file. A job that starts no python has it from the record of its command (invocation.h), which holds only as
 * long as the file is the same. */
#include "declared.h"

#include "ask.h"
#include "base/file.h"
#include "base/mem.h"
#include "path.h"

#include <errno.h>
#include <string.h>

/* pyglue/declared.py (embed/quote.py). */
extern const char dz_declared_source[];

/* Most say nothing to us; one that cannot be read neither (pyglue/declared.py). */
static int is_worth_it(const char *rootdir)
{
    dz_autobuf struct dz_buf content = {0};
    dz_auto char *path = dz_path_fmt("%s/pyproject.toml", rootdir);
    return !path || (dz_file_read(path, &content) == 0 && content.len &&
                     memmem(content.data, content.len, "dagz", 4) != NULL);
}

static int take(struct dz_declared *ret, const char *text)
{
    struct dz_buf *to = *text == 'i'   ? &ret->ignore
                        : *text == 'e' ? &ret->external
                                       : NULL;
    if (!to)
        return -EBADMSG;
    dz_buf_put(to, text + 1, strlen(text));
    return dz_buf_ok(to) ? 0 : -ENOMEM;
}

/* To the dot behind the last: a python that has died on the way has said nothing. */
static int take_all(struct dz_declared *ret, const struct dz_buf *said)
{
    int r = 0;
    const char *at = said->data, *end = said->data + said->len;
    for (; r == 0 && at < end && *at != '.'; at += strlen(at) + 1)
        r = take(ret, at);
    if (r == 0 && at >= end)
        r = -EBADMSG;
    struct dz_bytes ignore = dz_bytes(ret->ignore.data, ret->ignore.len);
    return r < 0 ? r
                 : dz_waivers_make(&ret->waivers, ignore,
                                   dz_bytes(ret->external.data, ret->external.len));
}

/* Nothing of the user's own has a say in what it reads. */
static int ask(struct dz_buf *ret, const struct dz_python *python, const char *rootdir)
{
    return dz_ask_words(ret, (char *[]){python->executable, "-I", "-c", (char *)dz_declared_source,
                                        (char *)rootdir, NULL});
}

int dz_declared_ask(struct dz_declared *ret, const struct dz_python *python, const char *rootdir,
                    struct dz_err *err)
{
    dz_autobuf struct dz_buf said = {0};
    *ret = (struct dz_declared){0};
    if (!is_worth_it(rootdir))
        return 0;
    int r = ask(&said, python, rootdir);
    if (r == 0)
        r = dz_buf_ok(&said) ? 0 : -ENOMEM;
    if (r == 0 && *said.data == '!') {
        dz_fail(err, 0, "%s", said.data + 1);
        return err->code = -EDOM;
    }
    if (r == 0)
        r = take_all(ret, &said);
    return r < 0 ? dz_fail(err, r, "cannot ask '%s' what '%s/pyproject.toml' declares",
                           python->executable, rootdir)
                 : 0;
}

void dz_declared_free(struct dz_declared *declared)
{
    dz_buf_free(&declared->ignore);
    dz_buf_free(&declared->external);
}

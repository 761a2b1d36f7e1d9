#include "waivers.h"

#include "globs.h"

#include <errno.h>
#include <string.h>

int dz_waivers_make(struct dz_waivers *ret, struct dz_bytes ignore, struct dz_bytes external)
{
    *ret = (struct dz_waivers){ignore, external};
    int are = (!ignore.size || !ignore.at[ignore.size - 1]) &&
              (!external.size || !external.at[external.size - 1]);
    return are ? 0 : -EBADMSG;
}

const char *dz_waivers_first(struct dz_bytes list)
{
    return list.size ? list.at : NULL;
}

const char *dz_waivers_next(struct dz_bytes list, const char *text)
{
    text += strlen(text) + 1;
    return text < list.at + list.size ? text : NULL;
}

static int is_path(const char *text)
{
    return strchr(text, '/') && !strstr(text, "://");
}

enum dz_waived dz_waivers_of(const struct dz_waivers *waivers, const char *path)
{
    struct dz_bytes ignore = waivers->ignore, external = waivers->external;
    for (const char *at = dz_waivers_first(ignore); at; at = dz_waivers_next(ignore, at))
        if (dz_glob_fits(at, path))
            return DZ_WAIVED_IGNORED;
    for (const char *at = dz_waivers_first(external); at; at = dz_waivers_next(external, at))
        if (is_path(at) && dz_glob_fits(at, path))
            return DZ_WAIVED_EXTERNAL;
    return DZ_WAIVED_NOT;
}

enum dz_waived dz_waivers_behind(const struct dz_waivers *waivers, const char *path)
{
    enum dz_waived of = dz_waivers_of(waivers, path);
    return of ? of : waivers->ignore.size ? DZ_WAIVED_IGNORED : DZ_WAIVED_EXTERNAL;
}

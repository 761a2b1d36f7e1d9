#include "nodeid.h"

#include <errno.h>
#include <string.h>

static const char *part_end(const char *part)
{
    const char *colons = strstr(part, "::"), *bracket = strchr(part, '[');
    /* Parameters may have colons in them. */
    return colons && (!bracket || colons < bracket) ? colons : part + strcspn(part, "[");
}

int dz_nodeid_read(struct dz_nodeid *ret, const char *nodeid)
{
    const char *part = strstr(nodeid, "::"), *end;
    *ret = (struct dz_nodeid){.file_size = part ? (size_t)(part - nodeid) : strlen(nodeid),
                              .name = ""};
    for (; part && strncmp(part, "::", 2) == 0; part = end) {
        if (ret->name_size)
            dz_buf_fmt(&ret->class, "%s%.*s", ret->class.len ? "." : "", (int)ret->name_size,
                       ret->name);
        ret->name = part + 2;
        end = part_end(ret->name);
        ret->name_size = (size_t)(end - ret->name);
    }
    return dz_buf_ok(&ret->class) ? 0 : -ENOMEM;
}

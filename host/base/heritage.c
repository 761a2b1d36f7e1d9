#include "heritage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

char *dz_heritage_pack(const struct dz_heritage *heritage)
{
    struct dz_buf text = {0};
    /* The length, as a path may hold any separator. */
    dz_buf_fmt(&text, "%" PRIu64 " %d %d %zu %s %s", heritage->version, (int)heritage->role,
               heritage->socket, strlen(heritage->executable), heritage->executable,
               heritage->python);
    dz_buf_put(&text, "", 1);
    if (dz_buf_ok(&text))
        return text.data;
    dz_buf_free(&text);
    return NULL;
}

int dz_heritage_unpack(struct dz_heritage *ret, char *text)
{
    int role, socket, start = 0;
    uint64_t version;
    size_t size;
    if (sscanf(text, "%" SCNu64 " %d %d %zu%n", &version, &role, &socket, &size, &start) != 4 ||
        text[start] != ' ')
        return -EBADMSG;
    char *executable = text + start + 1;
    if (role < DZ_ROLE_PYTHON || role > DZ_ROLE_CUT || size >= strlen(executable) ||
        executable[size] != ' ')
        return -EBADMSG;
    executable[size] = 0;
    *ret = (struct dz_heritage){.version = version,
                                .role = (enum dz_role)role,
                                .socket = socket,
                                .executable = executable,
                                .python = executable + size + 1};
    return 0;
}

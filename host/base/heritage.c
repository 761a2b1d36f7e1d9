#include "heritage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

char *dz_heritage_pack(const struct dz_heritage *heritage)
{
    struct dz_buf text = {0};
    /* The length, as a path may hold any separator. */
    dz_buf_fmt(&text, "%d %d %zu %s %s", (int)heritage->role, heritage->socket,
               strlen(heritage->executable), heritage->executable, heritage->python);
    dz_buf_put(&text, "", 1);
    if (dz_buf_ok(&text))
        return text.data;
    dz_buf_free(&text);
    return NULL;
}

int dz_heritage_unpack(struct dz_heritage *ret, char *text)
{
    int role, socket, start = 0;
    size_t size;
    if (sscanf(text, "%d %d %zu%n", &role, &socket, &size, &start) != 3 || text[start] != ' ')
        return -EBADMSG;
    char *executable = text + start + 1;
    if (role < DZ_ROLE_PYTHON || role > DZ_ROLE_CUT || size >= strlen(executable) ||
        executable[size] != ' ')
        return -EBADMSG;
    executable[size] = 0;
    *ret = (struct dz_heritage){.role = (enum dz_role)role,
                                .socket = socket,
                                .executable = executable,
                                .python = executable + size + 1};
    return 0;
}

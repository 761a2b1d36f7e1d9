/* It tells which job was the last before it, and so whether another has come: jobs are numbered, and the last one's folder
 * stays until the next has made its own. Their clocks are not compared. */
#include "idle.h"

#include "base/file.h"
#include "base/mem.h"
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

/* By the folders of jobs, jN. 0: none. Negative errno. */
static long last_number(const char *state)
{
    dz_auto char *runs = dz_path_fmt("%s/run", state);
    DIR *folder = runs ? opendir(runs) : NULL;
    long last = 0;
    if (!folder)
        return runs && errno == ENOENT ? 0 : -errno;
    for (struct dirent *found; (found = readdir(folder));) {
        char *end;
        long number = found->d_name[0] == 'j' ? strtol(found->d_name + 1, &end, 10) : 0;
        if (number > last && !*end)
            last = number;
    }
    closedir(folder);
    return last;
}

static char *path_of(const char *state)
{
    return dz_path_fmt("%s/run/nothing", state);
}

int dz_idle_keep(const char *state, const struct dz_msg_chosen *chosen, uint32_t n)
{
    long last = last_number(state);
    dz_autobuf struct dz_buf frames = {0};
    dz_auto char *path = path_of(state);
    if (last < 0 || !path)
        return last < 0 ? (int)last : -ENOMEM;
    struct dz_msg all[] = {{.type = DZ_MSG_nothing, .nothing = {.after = (uint64_t)last}},
                           {.type = DZ_MSG_chosen, .chosen = *chosen},
                           {.type = DZ_MSG_left_out, .left_out = {.tests = n}}};
    all[1].chosen.files = all[1].chosen.counts = all[1].chosen.tests = dz_bytes("", 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        dz_wire_put(&frames, &all[i]);
    return dz_buf_ok(&frames) ? dz_file_put(path, frames.data, frames.len) : -ENOMEM;
}

int dz_idle_last(const char *state, struct dz_buf *frames, long *ret_after)
{
    struct dz_msg msg;
    dz_auto char *path = path_of(state);
    int r = path ? dz_file_read(path, frames) : -ENOMEM;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (dz_wire_take(frames->data, frames->len, &msg) <= 0 || msg.type != DZ_MSG_nothing)
        return -EBADMSG;
    long last = last_number(state);
    *ret_after = (long)msg.nothing.after;
    return last < 0 ? (int)last : last <= *ret_after;
}

#include "census.h"

#include "../base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_LOOK_US = 200000,
    SHARE = 200 /* a look may take this part of the time between looks */
};

struct entry {
    pid_t pid, parent;
    uint64_t ticks;
    int below;
};

struct list {
    struct entry *entries;
    size_t n, cap;
};

static long read_file(const char *path, char *text, size_t size)
{
    text[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

static int read_stat(pid_t pid, struct entry *entry)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_file(path, text, sizeof text) <= 0)
        return 0;
    const char *after = strrchr(text, ')');
    char state;
    unsigned long user, system;
    long children_user, children_system;
    if (!after ||
        sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &state,
               &entry->parent, &user, &system, &children_user, &children_system) != 6)
        return 0;
    entry->pid = pid;
    entry->ticks = user + system + (uint64_t)children_user + (uint64_t)children_system;
    return state != 'Z' && state != 'X';
}

static void list_all(struct list *list)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    for (struct dirent *found; (found = readdir(proc));) {
        struct entry entry = {0};
        if (found->d_name[0] < '0' || found->d_name[0] > '9' ||
            !read_stat((pid_t)atol(found->d_name), &entry))
            continue;
        if (list->n == list->cap) {
            size_t cap = list->cap ? list->cap * 2 : 256;
            struct entry *more = dz_realloc(list->entries, cap * sizeof *more);
            if (!more)
                break;
            list->entries = more;
            list->cap = cap;
        }
        list->entries[list->n++] = entry;
    }
    closedir(proc);
}

static int is_below(const struct list *list, pid_t parent, pid_t root)
{
    if (parent == root)
        return 1;
    for (size_t i = 0; i < list->n; i++)
        if (list->entries[i].pid == parent)
            return list->entries[i].below;
    return 0;
}

/* Marks all below root; a child may stand before its parent (numbers wrap), so until nothing changes. */
static void mark(struct list *list, pid_t root)
{
    for (int changed = 1; changed;) {
        changed = 0;
        for (size_t i = 0; i < list->n; i++)
            if (!list->entries[i].below && is_below(list, list->entries[i].parent, root))
                changed = list->entries[i].below = 1;
    }
}

static void take(struct list *list, pid_t root)
{
    *list = (struct list){0};
    list_all(list);
    mark(list, root);
}

size_t dz_census_descendants(pid_t root, void (*see)(pid_t pid, void *data), void *data)
{
    struct list list;
    size_t n = 0;
    take(&list, root);
    for (size_t i = 0; i < list.n; i++)
        if (list.entries[i].below) {
            n++;
            if (see)
                see(list.entries[i].pid, data);
        }
    dz_free(list.entries);
    return n;
}

static void add_pss(pid_t pid, void *data)
{
    uint64_t *sum = data;
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    if (read_file(path, text, sizeof text) <= 0)
        return;
    const char *line = strstr(text, "\nPss:");
    if (line)
        *sum += strtoull(line + 5, NULL, 10) * 1024;
}

uint64_t dz_census_pss(pid_t root)
{
    uint64_t sum = 0;
    add_pss(root, &sum);
    dz_census_descendants(root, add_pss, &sum);
    return sum;
}

uint64_t dz_census_cpu_us(pid_t root)
{
    struct list list;
    uint64_t ticks = 0;
    take(&list, root);
    for (size_t i = 0; i < list.n; i++)
        if (list.entries[i].below || list.entries[i].pid == root)
            ticks += list.entries[i].ticks;
    dz_free(list.entries);
    return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void dz_census_look(struct dz_census *census, pid_t root, uint64_t now)
{
    if (!census->next_us)
        census->next_us = now + FIRST_LOOK_US;
    if (now < census->next_us)
        return;
    uint64_t pss = dz_census_pss(root);
    if (pss > census->peak_pss)
        census->peak_pss = pss;
    uint64_t cost = (now_us() - now) * SHARE;
    census->next_us = now + (cost > 1000000 ? cost : 1000000);
}

void dz_census_name(pid_t pid, char *name, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    long n = read_file(path, name, size);
    for (long i = 0; i + 1 < n; i++)
        if (!name[i])
            name[i] = ' ';
}

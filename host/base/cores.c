#include "cores.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MOST = 4096 };

unsigned dz_cores_by_affinity(void)
{
    cpu_set_t *set = CPU_ALLOC(8192);
    if (!set)
        return 1;
    size_t size = CPU_ALLOC_SIZE(8192);
    int n = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 1;
    CPU_FREE(set);
    return n > 0 ? (unsigned)n : 1;
}

static int read_line(const char *folder, const char *name, char *line, int size)
{
    char path[PATH_MOST + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    int found = file && fgets(line, size, file);
    if (file)
        fclose(file);
    return found;
}

/* Cores, rounded up; 0 for no limit. */
static unsigned quota_v2(const char *folder)
{
    char line[64];
    double quota, period;
    if (!read_line(folder, "cpu.max", line, sizeof line) ||
        sscanf(line, "%lf %lf", &quota, &period) != 2 || period <= 0)
        return 0;
    return (unsigned)((quota + period - 1) / period);
}

static unsigned quota_v1(const char *folder)
{
    char quota[64], period[64];
    if (!read_line(folder, "cpu.cfs_quota_us", quota, sizeof quota) ||
        !read_line(folder, "cpu.cfs_period_us", period, sizeof period) || atol(quota) <= 0 ||
        atol(period) <= 0)
        return 0;
    return (unsigned)((atol(quota) + atol(period) - 1) / atol(period));
}

/* The smallest quota from this group up to the root of its hierarchy. */
static unsigned smallest(const char *root, const char *group, unsigned (*quota)(const char *),
                         unsigned least)
{
    char folder[PATH_MOST];
    int n = snprintf(folder, sizeof folder, "%s%s", root, group);
    if (n < 0 || (size_t)n >= sizeof folder)
        return least;
    for (size_t end = (size_t)n; end >= strlen(root); end--) {
        if (folder[end] != '/' && folder[end] != 0)
            continue;
        folder[end] = 0;
        unsigned cores = quota(folder);
        if (cores && cores < least)
            least = cores;
    }
    return least;
}

unsigned dz_cores_by_quota(void)
{
    unsigned least = UINT_MAX;
    char line[PATH_MOST];
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = 0;
        if (strcmp(names, ":") == 0)
            least = smallest("/sys/fs/cgroup", group, quota_v2, least);
        else if (strcmp(names, ":cpu") == 0 || strcmp(names, ":cpu,cpuacct") == 0)
            least = smallest("/sys/fs/cgroup/cpu", group, quota_v1, least);
    }
    if (file)
        fclose(file);
    return least == UINT_MAX ? 0 : least;
}

unsigned dz_cores(void)
{
    unsigned affinity = dz_cores_by_affinity(), quota = dz_cores_by_quota();
    return quota && quota < affinity ? quota : affinity;
}

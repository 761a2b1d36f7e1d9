#include "durations.h"

#include "../base/buf.h"
#include "../base/file.h"
#include "../base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#define MAGIC "dagz durations 1\n"

enum { KEPT_DAYS = 90, END_SIZE = 21 /* "end ", 16 digits, line end */ };

struct entry {
    const char *name; /* of size bytes, in text or own */
    uint32_t size;
    uint32_t day;
    uint64_t us;
    char kind; /* 't' or 'f' */
    uint8_t pinned;
    uint8_t is_new; /* set in this run */
};

struct dz_durations {
    char *text; /* the file, names unescaped in place */
    struct entry *entries;
    uint32_t n, cap;
    uint32_t *table; /* hash → number of entry + 1; open addressing */
    uint32_t n_table;
    char **own; /* names that were not in the file */
    uint32_t n_own, cap_own;
    int failed;
};

/* ---- the table ---- */

static uint32_t *find(const struct dz_durations *durations, char kind, const char *name,
                      size_t size)
{
    uint32_t i = (uint32_t)XXH3_64bits_withSeed(name, size, (XXH64_hash_t)kind);
    for (;; i++) {
        uint32_t *place = &durations->table[i & (durations->n_table - 1)];
        if (!*place)
            return place;
        const struct entry *entry = &durations->entries[*place - 1];
        if (entry->kind == kind && entry->size == size && !memcmp(entry->name, name, size))
            return place;
    }
}

static int make_room(struct dz_durations *durations, uint32_t n)
{
    if (n <= durations->cap)
        return 0;
    uint32_t cap = 64;
    while (cap < n)
        cap *= 2;
    struct entry *entries = dz_realloc(durations->entries, cap * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    durations->entries = entries;
    uint32_t *table = dz_alloc(2 * (size_t)cap * sizeof *table);
    if (!table)
        return -ENOMEM;
    dz_free(durations->table);
    durations->table = table;
    durations->n_table = 2 * cap;
    durations->cap = cap;
    for (uint32_t i = 0; i < durations->n; i++)
        *find(durations, entries[i].kind, entries[i].name, entries[i].size) = i + 1;
    return 0;
}

/* A second entry of one name replaces the first. */
static void add(struct dz_durations *durations, const struct entry *entry)
{
    uint32_t *place = find(durations, entry->kind, entry->name, entry->size);
    if (!*place)
        *place = ++durations->n;
    durations->entries[*place - 1] = *entry;
}

static const struct entry *look_up(const struct dz_durations *durations, char kind,
                                   const char *name)
{
    uint32_t number = durations->n_table ? *find(durations, kind, name, strlen(name)) : 0;
    return number ? &durations->entries[number - 1] : NULL;
}

/* ---- reading ---- */

static int read_file(const char *path, struct dz_buf *buf)
{
    int r = dz_file_read(path, buf);
    return r == -ENOENT ? 0 : r;
}

static int is_whole(const char *text, size_t size)
{
    if (size < strlen(MAGIC) + END_SIZE || memcmp(text, MAGIC, strlen(MAGIC)) != 0)
        return 0;
    size_t body = size - END_SIZE;
    char end[END_SIZE + 1];
    snprintf(end, sizeof end, "end %016" PRIx64 "\n", (uint64_t)XXH3_64bits(text, body));
    return !memcmp(text + body, end, END_SIZE);
}

/* Takes a number and the blank behind it. */
static int take_number(char **at, char *end, uint64_t *ret_number)
{
    char *from = *at;
    for (*ret_number = 0; *at < end && **at >= '0' && **at <= '9' && *at - from < 19; ++*at)
        *ret_number = *ret_number * 10 + (uint64_t)(**at - '0');
    return *at > from && *at < end && *(*at)++ == ' ';
}

/* In place, as it only gets shorter. */
static uint32_t unescape(char *name, const char *end)
{
    char *to = memchr(name, '\\', (size_t)(end - name));
    if (!to)
        return (uint32_t)(end - name);
    for (const char *from = to; from < end; from++) {
        int escaped = *from == '\\' && from + 1 < end;
        from += escaped;
        *to++ = escaped && *from == 'n' ? '\n' : *from;
    }
    return (uint32_t)(to - name);
}

static int take_line(char *at, char *end, struct entry *ret_entry)
{
    uint64_t day, pinned = 0;
    *ret_entry = (struct entry){.kind = *at};
    if (end - at < 2 || (*at != 't' && *at != 'f') || at[1] != ' ')
        return 0;
    at += 2;
    if (!take_number(&at, end, &day) || !take_number(&at, end, &ret_entry->us) ||
        (ret_entry->kind == 'f' && !take_number(&at, end, &pinned)))
        return 0;
    ret_entry->day = (uint32_t)day;
    ret_entry->pinned = pinned != 0;
    ret_entry->name = at;
    ret_entry->size = unescape(at, end);
    return 1;
}

static int count_lines(const char *at, const char *end)
{
    int n = 0;
    while ((at = memchr(at, '\n', (size_t)(end - at))))
        n++, at++;
    return n;
}

static int parse(struct dz_durations *durations, char *text, size_t size)
{
    char *end = text + size - END_SIZE;
    text += strlen(MAGIC);
    if (make_room(durations, (uint32_t)count_lines(text, end)) < 0)
        return -ENOMEM;
    for (char *next; text < end; text = next + 1) {
        struct entry entry;
        next = memchr(text, '\n', (size_t)(end - text));
        if (!next || !take_line(text, next, &entry))
            return -EBADMSG;
        add(durations, &entry);
    }
    return 0;
}

static void forget(struct dz_durations *durations)
{
    durations->n = 0;
    if (durations->table)
        memset(durations->table, 0, durations->n_table * sizeof *durations->table);
}

static int load(struct dz_durations *durations, const char *path, struct dz_err *err)
{
    struct dz_buf buf = {0};
    int r = read_file(path, &buf);
    durations->text = buf.data;
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s'", path);
    if (!buf.len)
        return 0;
    r = is_whole(buf.data, buf.len) ? parse(durations, buf.data, buf.len) : -EBADMSG;
    if (r == -EBADMSG) {
        forget(durations);
        dz_fail(err, 0, "'%s' is damaged; the next job writes it anew", path);
        return err->code = r;
    }
    return r < 0 ? dz_fail(err, r, "no memory for '%s'", path) : 0;
}

struct dz_durations *dz_durations_new(const char *path, struct dz_err *err)
{
    *err = (struct dz_err){0};
    struct dz_durations *durations = dz_alloc(sizeof *durations);
    if (!durations)
        dz_fail(err, -ENOMEM, "no memory for '%s'", path ? path : "durations");
    else if (path && load(durations, path, err) == -ENOMEM) {
        dz_durations_free(durations);
        return NULL;
    }
    return durations;
}

void dz_durations_free(struct dz_durations *durations)
{
    if (!durations)
        return;
    for (uint32_t i = 0; i < durations->n_own; i++)
        dz_free(durations->own[i]);
    dz_free(durations->own);
    dz_free(durations->text);
    dz_free(durations->entries);
    dz_free(durations->table);
    dz_free(durations);
}

/* ---- knowing ---- */

uint64_t dz_durations_test_us(const struct dz_durations *durations, const char *nodeid)
{
    const struct entry *entry = look_up(durations, 't', nodeid);
    return entry ? entry->us : 0;
}

int dz_durations_fixture(const struct dz_durations *durations, const char *key,
                         uint64_t *ret_setup_us, int *ret_pinned)
{
    const struct entry *entry = look_up(durations, 'f', key);
    if (!entry)
        return 0;
    *ret_setup_us = entry->us;
    *ret_pinned = entry->pinned;
    return 1;
}

static const char *own(struct dz_durations *durations, const char *name, size_t size)
{
    if (durations->n_own == durations->cap_own) {
        uint32_t cap = durations->cap_own ? 2 * durations->cap_own : 64;
        char **grown = dz_realloc(durations->own, cap * sizeof *grown);
        if (!grown)
            return NULL;
        durations->own = grown;
        durations->cap_own = cap;
    }
    char *copy = dz_memdup(name, size);
    if (copy)
        durations->own[durations->n_own++] = copy;
    return copy;
}

static void set(struct dz_durations *durations, struct entry entry)
{
    uint32_t number = durations->n_table ? *find(durations, entry.kind, entry.name, entry.size) : 0;
    entry.is_new = 1;
    const struct entry *old = number ? &durations->entries[number - 1] : NULL;
    /* One process found it bind a port: that another did not look is no news. */
    entry.pinned |= old && old->is_new && old->pinned;
    if (old)
        entry.name = old->name;
    else if (make_room(durations, durations->n + 1) < 0 ||
             !(entry.name = own(durations, entry.name, entry.size))) {
        durations->failed = 1;
        return;
    }
    add(durations, &entry);
}

void dz_durations_set_test(struct dz_durations *durations, const char *nodeid, uint64_t us)
{
    set(durations,
        (struct entry){
            .kind = 't', .name = nodeid, .size = (uint32_t)strlen(nodeid), .us = us ? us : 1});
}

void dz_durations_set_fixture(struct dz_durations *durations, const char *key, uint64_t setup_us,
                              int pinned)
{
    set(durations, (struct entry){.kind = 'f',
                                  .name = key,
                                  .size = (uint32_t)strlen(key),
                                  .us = setup_us ? setup_us : 1,
                                  .pinned = !!pinned});
}

/* ---- writing ---- */

static void put_name(struct dz_buf *buf, const char *name, size_t size)
{
    for (const char *end = name + size; name < end;) {
        size_t plain = 0;
        while (name + plain < end && name[plain] != '\n' && name[plain] != '\\')
            plain++;
        dz_buf_put(buf, name, plain);
        if ((name += plain) < end)
            dz_buf_str(buf, *name++ == '\n' ? "\\n" : "\\\\");
    }
    dz_buf_str(buf, "\n");
}

static void put_entry(struct dz_buf *buf, const struct entry *entry, uint32_t today)
{
    uint32_t day = entry->is_new ? today : entry->day;
    if (day + KEPT_DAYS < today)
        return;
    dz_buf_fmt(buf, "%c %" PRIu32 " %" PRIu64 " ", entry->kind, day, entry->us);
    if (entry->kind == 'f')
        dz_buf_str(buf, entry->pinned ? "1 " : "0 ");
    put_name(buf, entry->name, entry->size);
}

/* New is what mine has; all else is as it is at path now, where another job may have put it. */
static void put_all(struct dz_buf *buf, const struct dz_durations *mine,
                    const struct dz_durations *there, uint32_t today)
{
    dz_buf_str(buf, MAGIC);
    for (uint32_t i = 0; i < mine->n; i++)
        if (mine->entries[i].is_new)
            put_entry(buf, &mine->entries[i], today);
    for (uint32_t i = 0; i < there->n; i++) {
        const struct entry *entry = &there->entries[i];
        uint32_t number = mine->n_table ? *find(mine, entry->kind, entry->name, entry->size) : 0;
        if (!number || !mine->entries[number - 1].is_new)
            put_entry(buf, entry, today);
    }
    if (dz_buf_ok(buf))
        dz_buf_fmt(buf, "end %016" PRIx64 "\n", (uint64_t)XXH3_64bits(buf->data, buf->len));
}

/* There is no clock here: today is when the file system says that our new file was made. */
static int write_new(int fd, const struct dz_durations *mine, const struct dz_durations *there)
{
    dz_autobuf struct dz_buf buf = {0};
    struct stat stat;
    if (fstat(fd, &stat) < 0)
        return -errno;
    put_all(&buf, mine, there, (uint32_t)(stat.st_mtim.tv_sec / 86400));
    if (!dz_buf_ok(&buf))
        return -ENOMEM;
    return dz_file_write_all(fd, buf.data, buf.len);
}

static int replace(const char *path, const struct dz_durations *mine,
                   const struct dz_durations *there)
{
    dz_autobuf struct dz_buf name = {0};
    int fd = dz_file_begin(path, &name);
    return fd < 0 ? fd : dz_file_end(fd, write_new(fd, mine, there), name.data, path);
}

int dz_durations_save(struct dz_durations *durations, const char *path, struct dz_err *err)
{
    if (durations->failed)
        return dz_fail(err, -ENOMEM, "no memory for '%s'", path);
    /* A damaged file is no reason not to write a good one. */
    struct dz_durations *there = dz_durations_new(path, err);
    int r = there ? replace(path, durations, there) : -ENOMEM;
    dz_durations_free(there);
    *err = (struct dz_err){0};
    return r < 0 ? dz_fail(err, r, "cannot write '%s'", path) : 0;
}

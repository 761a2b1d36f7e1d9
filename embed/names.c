#include "names.h"

#include "log.h"

#include "../host/base/mem.h"

#include <pthread.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct name {
    uint64_t hash;
    char *text;
    uint32_t size;
};

static struct {
    pthread_mutex_t lock;
    struct name *names; /* by number - 1 */
    uint32_t n, cap;
    uint32_t *slots; /* numbers; 0: free */
    uint32_t mask;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint32_t *slot_of(uint64_t hash, const char *text, size_t size)
{
    for (uint32_t at = (uint32_t)hash & table.mask;; at = (at + 1) & table.mask) {
        uint32_t number = table.slots[at];
        if (!number)
            return &table.slots[at];
        struct name *name = &table.names[number - 1];
        if (name->hash == hash && name->size == size && memcmp(name->text, text, size) == 0)
            return &table.slots[at];
    }
}

static int grow(void)
{
    uint32_t cap = table.cap ? table.cap * 2 : 1024;
    uint32_t *slots = dz_alloc(2 * cap * sizeof *slots);
    struct name *names = slots ? dz_realloc(table.names, cap * sizeof *names) : NULL;
    if (!names) {
        dz_free(slots);
        return -1;
    }
    dz_free(table.slots);
    table.names = names;
    table.cap = cap;
    table.slots = slots;
    table.mask = 2 * cap - 1;
    for (uint32_t i = 0; i < table.n; i++)
        *slot_of(names[i].hash, names[i].text, names[i].size) = i + 1;
    return 0;
}

static uint32_t add(uint32_t *slot, uint64_t hash, const char *text, size_t size)
{
    char *copy = dz_memdup(text, size);
    if (!copy)
        return 0;
    table.names[table.n++] = (struct name){hash, copy, (uint32_t)size};
    *slot = table.n;
    struct dz_msg msg = {.type = DZ_MSG_log_string, .log_string = {.id = table.n}};
    msg.log_string.text = dz_bytes(text, size);
    dz_log_put(&msg);
    return table.n;
}

uint32_t dz_name(const char *text, size_t size)
{
    uint64_t hash = XXH3_64bits(text, size);
    uint32_t number = 0;
    pthread_mutex_lock(&table.lock);
    if (table.n < table.cap || grow() == 0) {
        uint32_t *slot = slot_of(hash, text, size);
        number = *slot ? *slot : add(slot, hash, text, size);
    }
    pthread_mutex_unlock(&table.lock);
    if (!number)
        dz_log_give_up();
    return number;
}

uint32_t dz_names(void)
{
    return table.n;
}

void dz_names_lock(void)
{
    pthread_mutex_lock(&table.lock);
}

void dz_names_unlock(void)
{
    pthread_mutex_unlock(&table.lock);
}

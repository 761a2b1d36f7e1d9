#include "names.h"

#include "../../host/base/mem.h"
#include "known.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void dz_names_clear(struct dz_names *names)
{
    dz_buf_free(&names->text);
    dz_buf_free(&names->names);
    dz_buf_free(&names->chains);
    dz_free(names->name_slots);
    dz_free(names->chain_slots);
    memset(names, 0, sizeof *names);
}

/* Room for one more; what hash_of gives for each number puts it into a table of twice the size. */
static int make_room(uint32_t **slots, uint32_t *n_slots, uint32_t n,
                     uint64_t (*hash_of)(const struct dz_names *, uint32_t),
                     const struct dz_names *names)
{
    if (2 * n < *n_slots)
        return 0;
    uint32_t size = *n_slots ? 2 * *n_slots : 4096;
    uint32_t *grown = dz_alloc(size * sizeof *grown);
    if (!grown)
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = (uint32_t)hash_of(names, i) & (size - 1);
        while (grown[at])
            at = (at + 1) & (size - 1);
        grown[at] = i + 1;
    }
    dz_free(*slots);
    *slots = grown;
    *n_slots = size;
    return 0;
}

static uint64_t name_hash(const struct dz_names *names, uint32_t i)
{
    return dz_name_at(names, i)->hash;
}

static uint64_t hash_of_chain(uint32_t parent, uint32_t name)
{
    uint64_t both = ((uint64_t)parent << 32 | name) * 0x9e3779b97f4a7c15u;
    return both ^ both >> 29;
}

static uint64_t chain_hash(const struct dz_names *names, uint32_t i)
{
    const struct dz_link_of_chain *chain = dz_chain_at(names, i);
    return hash_of_chain(chain->parent, chain->name);
}

static uint32_t fail(struct dz_names *names)
{
    names->failed = 1;
    return 0;
}

static const uint32_t in_no_list[4] = {DZ_NONE, DZ_NONE, DZ_NONE, DZ_NONE};

static uint32_t append_name(struct dz_names *names, const char *text, size_t size, uint64_t hash)
{
    struct dz_known_flags known = dz_known_flags(text, size, names->words);
    struct dz_name name = {.at = (uint32_t)names->text.len,
                           .size = (uint32_t)size,
                           .hash = hash,
                           .string = DZ_NONE,
                           .flags = known.alone,
                           .dotted_flags = known.attribute,
                           .dotted = DZ_NONE,
                           .bound_in = DZ_NONE,
                           .global_in = DZ_NONE,
                           .declared_in = DZ_NONE};
    memcpy(name.listed, in_no_list, sizeof in_no_list);
    dz_buf_put(&names->text, text, size);
    dz_buf_put(&names->text, "", 1);
    dz_buf_put(&names->names, &name, sizeof name);
    if (!dz_buf_ok(&names->text) || !dz_buf_ok(&names->names) || names->text.len > INT32_MAX)
        return fail(names);
    return names->n++;
}

uint32_t dz_names_add(struct dz_names *names, const char *text, size_t size)
{
    if (names->failed ||
        make_room(&names->name_slots, &names->n_name_slots, names->n, name_hash, names) < 0)
        return fail(names);
    uint64_t hash = XXH3_64bits(text, size);
    uint32_t at = (uint32_t)hash & (names->n_name_slots - 1);
    for (uint32_t number; (number = names->name_slots[at]);
         at = (at + 1) & (names->n_name_slots - 1)) {
        const struct dz_name *name = dz_name_at(names, number - 1);
        if (name->hash == hash && name->size == size &&
            memcmp(names->text.data + name->at, text, size) == 0)
            return number - 1;
    }
    uint32_t number = append_name(names, text, size, hash);
    if (!names->failed)
        names->name_slots[at] = number + 1;
    return number;
}

uint32_t dz_names_add_object(struct dz_names *names, PyObject *identifier)
{
    uint32_t at = (uint32_t)((uintptr_t)identifier >> 4) % 1024;
    if (names->seen[at].key == identifier)
        return names->seen[at].number;
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(identifier, &size);
    if (!text)
        return fail(names);
    uint32_t number = dz_names_add(names, text, (size_t)size);
    names->seen[at].key = identifier;
    names->seen[at].number = number;
    return number;
}

static uint32_t append_chain(struct dz_names *names, uint32_t parent, uint32_t name)
{
    struct dz_link_of_chain chain = {.parent = parent,
                                     .name = name,
                                     .root = name,
                                     .flags = parent == DZ_NONE
                                                  ? dz_name_at(names, name)->flags
                                                  : dz_name_at(names, name)->dotted_flags,
                                     .number = DZ_NONE};
    memcpy(chain.listed, in_no_list, sizeof in_no_list);
    if (parent != DZ_NONE) {
        chain.root = dz_chain_at(names, parent)->root;
        chain.flags |= dz_chain_at(names, parent)->flags;
    }
    dz_buf_put(&names->chains, &chain, sizeof chain);
    return dz_buf_ok(&names->chains) ? names->n_chains++ : fail(names);
}

uint32_t dz_names_add_chain(struct dz_names *names, uint32_t parent, uint32_t name)
{
    if (names->failed || make_room(&names->chain_slots, &names->n_chain_slots, names->n_chains,
                                   chain_hash, names) < 0)
        return fail(names);
    uint32_t mask = names->n_chain_slots - 1, at = (uint32_t)hash_of_chain(parent, name) & mask;
    for (uint32_t number; (number = names->chain_slots[at]); at = (at + 1) & mask) {
        const struct dz_link_of_chain *chain = dz_chain_at(names, number - 1);
        if (chain->parent == parent && chain->name == name)
            return number - 1;
    }
    uint32_t number = append_chain(names, parent, name);
    if (!names->failed)
        names->chain_slots[at] = number + 1;
    return number;
}

#include "draft.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void dz_draft_clear(struct dz_draft *draft)
{
    dz_names_clear(&draft->names);
    struct dz_buf *bufs[] = {&draft->bytes,     &draft->uses,     &draft->gaps,  &draft->text,
                             &draft->strings,   &draft->chains,   &draft->binds, &draft->reads,
                             &draft->words,     &draft->elements, &draft->paths, &draft->imports,
                             &draft->attributes};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        dz_buf_free(bufs[i]);
    draft->innermost = DZ_NONE;
    draft->seed = 0;
}

int dz_draft_ok(const struct dz_draft *draft)
{
    return !draft->names.failed && dz_buf_ok(&draft->bytes) && dz_buf_ok(&draft->uses) &&
           dz_buf_ok(&draft->gaps) && dz_buf_ok(&draft->text) && dz_buf_ok(&draft->strings) &&
           dz_buf_ok(&draft->chains) && dz_buf_ok(&draft->elements) && dz_buf_ok(&draft->binds) &&
           dz_buf_ok(&draft->reads) && dz_buf_ok(&draft->words) && dz_buf_ok(&draft->paths) &&
           dz_buf_ok(&draft->attributes) && dz_buf_ok(&draft->imports);
}

/* ---- numbers in the sheet ---- */

uint32_t dz_draft_string(struct dz_draft *draft, uint32_t number)
{
    if (draft->names.failed)
        return 0;
    struct dz_name *name = dz_name_at(&draft->names, number);
    if (name->string == DZ_NONE) {
        name->string = (uint32_t)(draft->strings.len / sizeof(struct dz_sheet_string));
        struct dz_sheet_string string = {(uint32_t)draft->text.len, name->size};
        dz_buf_put(&draft->strings, &string, sizeof string);
        dz_buf_put(&draft->text, draft->names.text.data + name->at, name->size + 1);
    }
    return name->string;
}

/* From the root on, so that each comes after its parent. Chains are as deep as somebody has written them. */
static uint32_t chain_number(struct dz_draft *draft, uint32_t number)
{
    for (;;) {
        uint32_t at = number;
        struct dz_link_of_chain *chain = dz_chain_at(&draft->names, at);
        while (chain->parent != DZ_NONE &&
               dz_chain_at(&draft->names, chain->parent)->number == DZ_NONE)
            chain = dz_chain_at(&draft->names, at = chain->parent);
        if (chain->number == DZ_NONE) {
            uint32_t parent = chain->parent == DZ_NONE
                                  ? DZ_NONE
                                  : dz_chain_at(&draft->names, chain->parent)->number;
            struct dz_chain row = {parent, dz_draft_string(draft, chain->name)};
            chain->number = (uint32_t)(draft->chains.len / sizeof row);
            dz_buf_put(&draft->chains, &row, sizeof row);
        }
        if (at == number)
            return chain->number;
    }
}

/* ---- lists ---- */

static uint32_t rows(const struct dz_buf *list, size_t size)
{
    return (uint32_t)(list->len / size);
}

/* Whether the lists that are being made have it; from now on they do. */
static int is_listed(const struct dz_draft *draft, uint32_t *listed)
{
    int is = *listed == draft->lists;
    *listed = draft->lists;
    return is;
}

static void list_read(struct dz_draft *draft, const struct dz_use *use, uint32_t element,
                      int in_order)
{
    struct dz_link_of_chain *chain = dz_chain_at(&draft->names, use->id);
    dz_draft_element(draft, element)->flags |=
        chain->flags | dz_name_at(&draft->names, chain->root)->flags;
    uint32_t mode = use->mode & ~(uint32_t)DZ_USE_IS_GLOBAL;
    if (is_listed(draft, &chain->listed[DZ_USE_READ])) {
        ((struct dz_read *)draft->reads.data)[chain->listed_at].mode |= mode;
        return;
    }
    uint32_t ordinal = dz_name_at(&draft->names, chain->root)->ordinal;
    struct dz_read read = {chain_number(draft, use->id), mode, in_order ? ordinal : DZ_SEES_LAST};
    chain = dz_chain_at(&draft->names, use->id);
    chain->listed_at = rows(&draft->reads, sizeof read);
    dz_buf_put(&draft->reads, &read, sizeof read);
}

static void list_word(struct dz_draft *draft, const struct dz_use *use, uint32_t element)
{
    struct dz_link_of_chain *chain = dz_chain_at(&draft->names, use->id);
    dz_draft_element(draft, element)->flags |= chain->flags;
    if (is_listed(draft, &chain->listed[DZ_USE_WORD]))
        return;
    uint32_t number = chain_number(draft, use->id);
    dz_buf_put(&draft->words, &number, sizeof number);
}

static void list_path(struct dz_draft *draft, uint32_t id)
{
    if (is_listed(draft, &dz_name_at(&draft->names, id)->listed[DZ_USE_PATH]))
        return;
    uint32_t number = dz_draft_string(draft, id);
    dz_buf_put(&draft->paths, &number, sizeof number);
}

static void list_attribute(struct dz_draft *draft, uint32_t id, uint32_t mode, uint32_t element)
{
    struct dz_name *name = dz_name_at(&draft->names, id);
    dz_draft_element(draft, element)->flags |= name->dotted_flags;
    if (is_listed(draft, &name->listed[DZ_USE_ATTRIBUTE])) {
        ((struct dz_attribute *)draft->attributes.data)[name->attribute_at].mode |= mode;
        return;
    }
    struct dz_attribute attribute = {dz_draft_string(draft, id), mode};
    name->attribute_at = rows(&draft->attributes, sizeof attribute);
    dz_buf_put(&draft->attributes, &attribute, sizeof attribute);
}

/* All but the last are loaded on the way to it. */
static void list_tail(struct dz_draft *draft, const struct dz_use *use, uint32_t element)
{
    uint32_t mode = use->mode & ~(uint32_t)DZ_USE_IS_GLOBAL;
    const struct dz_link_of_chain *chain;
    for (uint32_t id = use->id; id != DZ_NONE; id = chain->parent, mode = DZ_READ_VALUE) {
        chain = dz_chain_at(&draft->names, id);
        if (chain->parent != DZ_NONE)
            list_attribute(draft, chain->name, mode, element);
    }
}

/* A statement's names of the module, a class's members, a function's globals. */
static int is_to_list(const struct dz_element *element, enum dz_use_type type)
{
    if (type == DZ_USE_MEMBER)
        return element->kind == DZ_CLASS;
    return element->kind == DZ_FUNCTION || element->kind == DZ_BINDING ||
           element->kind == DZ_EFFECT;
}

static void list_bind(struct dz_draft *draft, const struct dz_use *use, uint32_t number)
{
    struct dz_element *element = dz_draft_element(draft, number);
    if (!is_to_list(element, (enum dz_use_type)use->type))
        return;
    struct dz_name *name = dz_name_at(&draft->names, use->id);
    if (is_listed(draft, &name->listed[0])) {
        ((struct dz_bind *)draft->binds.data)[name->listed_at].mode |= use->mode;
        return;
    }
    int is_statement = element->kind == DZ_BINDING || element->kind == DZ_EFFECT;
    if (is_statement)
        name->ordinal++;
    struct dz_bind bind = {dz_draft_string(draft, use->id), is_statement ? name->ordinal : 0,
                           use->mode};
    name->listed_at = rows(&draft->binds, sizeof bind);
    dz_buf_put(&draft->binds, &bind, sizeof bind);
}

static void list_use(struct dz_draft *draft, const struct dz_use *use, uint32_t element,
                     int in_order)
{
    switch (use->type) {
    case DZ_USE_READ:
        list_read(draft, use, element, in_order);
        break;
    case DZ_USE_WORD:
        list_word(draft, use, element);
        break;
    case DZ_USE_PATH:
        list_path(draft, use->id);
        break;
    case DZ_USE_ATTRIBUTE:
        list_attribute(draft, use->id, use->mode, element);
        break;
    case DZ_USE_TAIL:
        list_tail(draft, use, element);
        break;
    default:
        break;
    }
}

static void begin_lists(struct dz_draft *draft, struct dz_element *element)
{
    element->binds.at = rows(&draft->binds, sizeof(struct dz_bind));
    element->reads.at = rows(&draft->reads, sizeof(struct dz_read));
    element->words.at = rows(&draft->words, 4);
    element->paths.at = rows(&draft->paths, 4);
    element->attributes.at = rows(&draft->attributes, sizeof(struct dz_attribute));
}

static void end_lists(struct dz_draft *draft, struct dz_element *element)
{
    element->binds.n = rows(&draft->binds, sizeof(struct dz_bind)) - element->binds.at;
    element->reads.n = rows(&draft->reads, sizeof(struct dz_read)) - element->reads.at;
    element->words.n = rows(&draft->words, 4) - element->words.at;
    element->paths.n = rows(&draft->paths, 4) - element->paths.at;
    element->attributes.n =
        rows(&draft->attributes, sizeof(struct dz_attribute)) - element->attributes.at;
}

/* Binds last: a statement reads what was bound before it. */
static void make_lists(struct dz_draft *draft, struct dz_open open, int in_order)
{
    draft->lists++;
    begin_lists(draft, dz_draft_element(draft, open.element));
    size_t n = dz_draft_n_uses(draft);
    for (size_t i = open.uses_at; i < n && dz_draft_ok(draft); i++)
        list_use(draft, dz_draft_use_at(draft, i), open.element, in_order);
    for (size_t i = open.uses_at; i < n && dz_draft_ok(draft); i++)
        if (dz_draft_use_at(draft, i)->type == DZ_USE_BIND ||
            dz_draft_use_at(draft, i)->type == DZ_USE_MEMBER)
            list_bind(draft, dz_draft_use_at(draft, i), open.element);
    end_lists(draft, dz_draft_element(draft, open.element));
}

/* ---- elements ---- */

struct dz_open dz_draft_open(struct dz_draft *draft, enum dz_element_kind kind, uint32_t name,
                             uint32_t k)
{
    struct dz_open open = {rows(&draft->elements, sizeof(struct dz_element)), draft->innermost,
                           draft->bytes.len, dz_draft_n_uses(draft)};
    struct dz_element element = {.kind = kind,
                                 .name = dz_draft_string(draft, name),
                                 .k = k,
                                 .owner = DZ_NONE,
                                 .statement = DZ_NONE};
    dz_buf_put(&draft->elements, &element, sizeof element);
    draft->innermost = open.element;
    return open;
}

/* The order of bindings counts: of each name it reads, the binding that it sees. */
static void put_order(struct dz_draft *draft, struct dz_open open)
{
    size_t n = dz_draft_n_uses(draft);
    for (size_t i = open.uses_at; i < n; i++) {
        const struct dz_use *use = dz_draft_use_at(draft, i);
        if (use->type != DZ_USE_READ)
            continue;
        const struct dz_name *root =
            dz_name_at(&draft->names, dz_chain_at(&draft->names, use->id)->root);
        if (root->ordinal == 0)
            continue;
        dz_buf_put(&draft->bytes, &root->ordinal, sizeof root->ordinal);
        dz_buf_put(&draft->bytes, draft->names.text.data + root->at, root->size);
    }
}

void dz_draft_digest(const struct dz_draft *draft, size_t bytes_at, uint8_t ret[16])
{
    XXH128_canonical_t form = {{0}};
    if (dz_buf_ok(&draft->bytes))
        XXH128_canonicalFromHash(&form,
                                 XXH3_128bits_withSeed(draft->bytes.data + bytes_at,
                                                       draft->bytes.len - bytes_at, draft->seed));
    memcpy(ret, form.digest, sizeof form.digest);
}

/* What is around takes over what was used; the members of a class stay its own. */
static void hand_out(struct dz_draft *draft, struct dz_open open, enum dz_close how)
{
    size_t n = dz_draft_n_uses(draft), kept = open.uses_at;
    for (size_t i = open.uses_at; how == DZ_CLOSE_AT_ONCE && i < n; i++)
        if (dz_draft_use_at(draft, i)->type != DZ_USE_MEMBER ||
            dz_draft_element(draft, open.element)->kind != DZ_CLASS)
            *dz_draft_use_at(draft, kept++) = *dz_draft_use_at(draft, i);
    draft->uses.len = kept * sizeof(struct dz_use);
}

void dz_draft_close(struct dz_draft *draft, struct dz_open open, enum dz_close how, int in_order)
{
    if (!dz_draft_ok(draft))
        return;
    const struct dz_element *element = dz_draft_element(draft, open.element);
    if (element->kind == DZ_BINDING || element->kind == DZ_EFFECT)
        put_order(draft, open);
    if (!dz_draft_ok(draft))
        return;
    dz_draft_digest(draft, open.bytes_at, dz_draft_element(draft, open.element)->fingerprint);
    make_lists(draft, open, in_order);
    draft->bytes.len = open.bytes_at;
    hand_out(draft, open, how);
    draft->innermost = open.outer;
}

void dz_draft_drop(struct dz_draft *draft, struct dz_open open)
{
    if (!dz_draft_ok(draft))
        return;
    draft->bytes.len = open.bytes_at;
    draft->elements.len = open.element * sizeof(struct dz_element);
    draft->innermost = open.outer;
}

void dz_draft_mark(struct dz_draft *draft, uint32_t number, uint32_t mark)
{
    size_t bytes_at = draft->bytes.len;
    dz_draft_put_fingerprint(draft, number);
    dz_buf_put(&draft->bytes, &mark, sizeof mark);
    if (!dz_draft_ok(draft))
        return;
    dz_draft_digest(draft, bytes_at, dz_draft_element(draft, number)->fingerprint);
    draft->bytes.len = bytes_at;
}

void dz_draft_put_fingerprint(struct dz_draft *draft, uint32_t element)
{
    if (dz_draft_ok(draft))
        dz_buf_put(&draft->bytes, dz_draft_element(draft, element)->fingerprint, 16);
}

/* ---- bare classes ---- */

static const struct dz_gap *gap_at(const struct dz_draft *draft, size_t at)
{
    return (const struct dz_gap *)(draft->gaps.data + at);
}

void dz_draft_gap(struct dz_draft *draft, size_t bytes_at, size_t uses_at, uint32_t name,
                  uint32_t instead)
{
    struct dz_gap gap = {bytes_at, draft->bytes.len - bytes_at,
                         uses_at,  dz_draft_n_uses(draft) - uses_at,
                         name,     instead};
    dz_buf_put(&draft->gaps, &gap, sizeof gap);
}

static void mark_gaps(struct dz_draft *draft, uint32_t element, size_t gaps_at)
{
    for (size_t at = gaps_at; at < draft->gaps.len; at += sizeof(struct dz_gap)) {
        struct dz_name *name = dz_name_at(&draft->names, gap_at(draft, at)->name);
        if (gap_at(draft, at)->instead == DZ_NONE) {
            name->left_out = element;
            name->n_bound = 0;
        }
    }
}

/* Whether the class's statements use what would be missing, or may come by it without its name. */
static int shows_gaps(const struct dz_draft *draft, struct dz_open open)
{
    uint32_t finds = DZ_NAMES_NAMESPACE | DZ_NAMES_CODE | DZ_NAMES_INSPECTION;
    for (size_t i = open.uses_at; i < dz_draft_n_uses(draft); i++) {
        const struct dz_use *use = dz_draft_use_at(draft, i);
        if (use->type == DZ_USE_MEMBER) {
            struct dz_name *name = dz_name_at(&draft->names, use->id);
            if (name->left_out == open.element && ++name->n_bound > 1)
                return 1;
        }
        if (use->type != DZ_USE_READ)
            continue;
        const struct dz_link_of_chain *chain = dz_chain_at(&draft->names, use->id);
        const struct dz_name *root = dz_name_at(&draft->names, chain->root);
        if (root->left_out == open.element || (chain->flags | root->flags) & finds)
            return 1;
    }
    return 0;
}

/* Takes the gaps out of what lies on top of a buffer, from `from` on; the rest closes up. */
static void put_without(const struct dz_draft *draft, struct dz_open open, size_t gaps_at,
                        struct dz_buf *bytes, struct dz_buf *uses)
{
    size_t byte = open.bytes_at, use = open.uses_at, size = sizeof(struct dz_use);
    for (size_t at = gaps_at; at < draft->gaps.len; at += sizeof(struct dz_gap)) {
        const struct dz_gap *gap = gap_at(draft, at);
        dz_buf_put(bytes, draft->bytes.data + byte, gap->bytes_at - byte);
        dz_buf_put(uses, draft->uses.data + use * size, (gap->uses_at - use) * size);
        if (gap->instead != DZ_NONE)
            dz_buf_put(bytes, dz_draft_element(draft, gap->instead)->fingerprint, 16);
        byte = gap->bytes_at + gap->n_bytes;
        use = gap->uses_at + gap->n_uses;
    }
    dz_buf_put(bytes, draft->bytes.data + byte, draft->bytes.len - byte);
    dz_buf_put(uses, draft->uses.data + use * size, draft->uses.len - use * size);
}

static void swap(struct dz_buf *a, struct dz_buf *b)
{
    struct dz_buf kept = *a;
    *a = *b;
    *b = kept;
}

static uint32_t make_without(struct dz_draft *draft, struct dz_open open, size_t gaps_at,
                             enum dz_element_kind kind)
{
    dz_autobuf struct dz_buf bytes = {0}, uses = {0};
    struct dz_open without = {.element = rows(&draft->elements, sizeof(struct dz_element))};
    struct dz_element element = *dz_draft_element(draft, open.element);
    element.kind = kind;
    element.flags = 0;
    dz_buf_put(&draft->elements, &element, sizeof element);
    put_without(draft, open, gaps_at, &bytes, &uses);
    swap(&draft->bytes, &bytes);
    swap(&draft->uses, &uses);
    if (dz_draft_ok(draft)) {
        dz_draft_digest(draft, 0, dz_draft_element(draft, without.element)->fingerprint);
        make_lists(draft, without, 1);
    }
    swap(&draft->bytes, &bytes);
    swap(&draft->uses, &uses);
    draft->names.failed |= !dz_buf_ok(&bytes) || !dz_buf_ok(&uses);
    return without.element;
}

uint32_t dz_draft_bare(struct dz_draft *draft, struct dz_open open, size_t gaps_at)
{
    uint32_t bare = DZ_NONE;
    if (!dz_draft_ok(draft) || draft->gaps.len == gaps_at)
        return bare;
    mark_gaps(draft, open.element, gaps_at);
    if (!shows_gaps(draft, open))
        bare = make_without(draft, open, gaps_at, DZ_BARE);
    draft->gaps.len = gaps_at;
    return bare;
}

uint32_t dz_draft_outline(struct dz_draft *draft, struct dz_open open, size_t gaps_at)
{
    if (!dz_draft_ok(draft) || draft->gaps.len == gaps_at)
        return DZ_NONE;
    uint32_t outline = make_without(draft, open, gaps_at, DZ_OUTLINE);
    draft->gaps.len = gaps_at;
    return outline;
}

/* ---- the whole ---- */

void dz_draft_finish(struct dz_draft *draft, struct dz_sheet_head *head, struct dz_buf *to)
{
    memcpy(head->magic, DZ_SHEET_MAGIC, sizeof head->magic);
    head->version = DZ_SHEET_VERSION;
#define DZ_PART(name, type) head->n[DZ_PART_##name] = rows(&draft->name, sizeof(type));
    DZ_SHEET_PARTS
#undef DZ_PART
    size_t start = to->len, from = start + offsetof(struct dz_sheet_head, version);
    dz_buf_put(to, head, sizeof *head);
#define DZ_PART(name, type) dz_buf_put(to, draft->name.data, draft->name.len);
    DZ_SHEET_PARTS
#undef DZ_PART
    if (!dz_draft_ok(draft))
        to->failed = 1;
    if (!dz_buf_ok(to))
        return;
    head->check = XXH3_64bits(to->data + from, to->len - from);
    memcpy(to->data + start, head, sizeof *head);
}

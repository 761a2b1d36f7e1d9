/* Which names are global: a name that is read counts as soon as its scope is left and nothing there binds it, and then
 * goes on to the scope around; what arrives at the element's border is global. A class is no scope for the functions in
 * it, and reads a global where it does not bind the name itself by then: so nothing ends there. */
#include "walk.h"

enum bound_as { LOCAL, GLOBAL, DECLARED };

struct bound {
    uint32_t name, serial, mode;
    enum bound_as as;
};

void dz_scope_enter(struct dz_walk *walk, struct dz_scope *scope, enum dz_scope_kind kind)
{
    *scope = (struct dz_scope){.around = walk->scope,
                               .kind = kind,
                               .serial = ++walk->n_scopes,
                               .bound_at = walk->bound.len,
                               .uses_at = dz_draft_n_uses(walk->draft)};
    walk->scope = scope;
}

static void put(struct dz_walk *walk, const struct dz_scope *scope, uint32_t name, uint32_t mode,
                enum bound_as as)
{
    struct bound bound = {name, scope->serial, mode, as};
    dz_buf_put(&walk->bound, &bound, sizeof bound);
    walk->draft->names.failed |= !dz_buf_ok(&walk->bound);
}

static void bind_in(struct dz_walk *walk, struct dz_scope *scope, uint32_t name, uint32_t mode)
{
    if (walk->branches)
        mode |= DZ_BIND_MAYBE;
    if (scope->kind != DZ_SCOPE_MODULE)
        put(walk, scope, name, mode, LOCAL);
    else if (!walk->quoting) {
        struct dz_name *known = dz_name_at(&walk->draft->names, name);
        known->is_plain = 0;
        known->dotted = DZ_NONE;
        dz_draft_use(walk->draft, DZ_USE_BIND, name, mode);
    }
}

void dz_scope_bind(struct dz_walk *walk, uint32_t name, uint32_t mode)
{
    if (dz_draft_ok(walk->draft))
        bind_in(walk, walk->scope, name, mode);
}

void dz_scope_bind_outside(struct dz_walk *walk, uint32_t name, uint32_t mode)
{
    struct dz_scope *scope = walk->scope;
    while (scope->kind == DZ_SCOPE_COMPREHENSION)
        scope = scope->around;
    if (dz_draft_ok(walk->draft))
        bind_in(walk, scope, name, mode);
}

void dz_scope_declare_global(struct dz_walk *walk, uint32_t name)
{
    if (walk->scope->kind != DZ_SCOPE_MODULE)
        put(walk, walk->scope, name, 0, GLOBAL);
}

/* nonlocal: not bound here, whatever is stored in it. */
void dz_scope_declare(struct dz_walk *walk, uint32_t name)
{
    put(walk, walk->scope, name, 0, DECLARED);
}

static struct bound *bound_at(const struct dz_walk *walk, size_t at)
{
    return (struct bound *)(walk->bound.data + at);
}

/* Marks the names with what they are in this scope, the declared ones first. */
static void mark(struct dz_walk *walk, const struct dz_scope *scope)
{
    const struct dz_names *names = &walk->draft->names;
    for (size_t at = scope->bound_at; at < walk->bound.len; at += sizeof(struct bound)) {
        const struct bound *bound = bound_at(walk, at);
        struct dz_name *name = dz_name_at(names, bound->name);
        if (bound->serial == scope->serial && bound->as == GLOBAL)
            name->global_in = scope->serial;
        else if (bound->serial == scope->serial && bound->as == DECLARED)
            name->declared_in = scope->serial;
    }
    for (size_t at = scope->bound_at; at < walk->bound.len; at += sizeof(struct bound)) {
        const struct bound *bound = bound_at(walk, at);
        struct dz_name *name = dz_name_at(names, bound->name);
        if (bound->serial == scope->serial && bound->as == LOCAL &&
            name->global_in != scope->serial && name->declared_in != scope->serial)
            name->bound_in = scope->serial;
    }
}

static void settle_uses(struct dz_walk *walk, const struct dz_scope *scope)
{
    struct dz_draft *draft = walk->draft;
    int ends = scope->kind == DZ_SCOPE_FUNCTION || scope->kind == DZ_SCOPE_COMPREHENSION;
    size_t n = dz_draft_n_uses(draft);
    for (size_t i = scope->uses_at; i < n; i++) {
        struct dz_use *use = dz_draft_use_at(draft, i);
        if (use->type != DZ_USE_READ || (use->mode & DZ_USE_IS_GLOBAL))
            continue;
        const struct dz_name *root =
            dz_name_at(&draft->names, dz_chain_at(&draft->names, use->id)->root);
        if (root->global_in == scope->serial)
            use->mode |= DZ_USE_IS_GLOBAL;
        else if (ends && root->bound_in == scope->serial)
            use->type = DZ_USE_TAIL;
    }
}

/* What was bound for a scope further out stays; of the rest, globals and members are told. */
static void settle_bound(struct dz_walk *walk, const struct dz_scope *scope)
{
    size_t kept = scope->bound_at;
    int is_member = scope->kind == DZ_SCOPE_CLASS && !walk->functions;
    for (size_t at = scope->bound_at; at < walk->bound.len; at += sizeof(struct bound)) {
        struct bound bound = *bound_at(walk, at);
        if (bound.serial != scope->serial) {
            *bound_at(walk, kept) = bound;
            kept += sizeof bound;
        } else if (bound.as == LOCAL) {
            const struct dz_name *name = dz_name_at(&walk->draft->names, bound.name);
            if (name->global_in == scope->serial)
                dz_draft_use(walk->draft, DZ_USE_BIND, bound.name, bound.mode | DZ_BIND_GLOBAL);
            else if (is_member)
                dz_draft_use(walk->draft, DZ_USE_MEMBER, bound.name, bound.mode);
        }
    }
    walk->bound.len = kept;
}

void dz_scope_leave(struct dz_walk *walk, struct dz_scope *scope)
{
    walk->scope = scope->around;
    if (!dz_draft_ok(walk->draft))
        return;
    mark(walk, scope);
    settle_uses(walk, scope);
    settle_bound(walk, scope);
}

#include "definition.h"

#include "nodes.h"

static int walk_members(struct dz_walk *walk, const struct dz_definition *definition,
                        PyObject *body, Py_ssize_t from)
{
    struct dz_scope parameters, scope;
    walk->prefix.len = 0;
    if (dz_draft_ok(walk->draft))
        dz_buf_str(&walk->prefix, dz_name_text(&walk->draft->names, definition->name));
    dz_buf_str(&walk->prefix, ".");
    dz_enter_parameters(walk, definition->node, &parameters);
    dz_scope_enter(walk, &scope, DZ_SCOPE_CLASS);
    int r = dz_walk_statements(walk, body, from);
    dz_scope_leave(walk, &scope);
    dz_scope_leave(walk, &parameters);
    return r;
}

/* Its bare one has the outline of it, where there is one. */
static void put_header(struct dz_walk *walk, const struct dz_definition *definition, int header,
                       uint32_t outline)
{
    size_t bytes_at = walk->draft->bytes.len;
    dz_draft_put_fingerprint(walk->draft, (uint32_t)header);
    if (outline != DZ_NONE)
        dz_draft_gap(walk->draft, bytes_at, dz_draft_n_uses(walk->draft), definition->name,
                     outline);
}

static int cut_members(struct dz_walk *walk, const struct dz_definition *definition,
                       struct dz_open open, PyObject *body, Py_ssize_t from)
{
    uint32_t owner = walk->owner, private = walk->private;
    unsigned branches = walk->branches;
    dz_autobuf struct dz_buf prefix = {0};
    dz_buf_put(&prefix, walk->prefix.data, walk->prefix.len);
    walk->owner = open.element;
    walk->branches = 0;
    walk->private = dz_field_name(walk, definition->node, "name");
    int r = walk_members(walk, definition, body, from);
    walk->private = private;
    walk->branches = branches;
    walk->owner = owner;
    walk->prefix.len = 0;
    dz_buf_put(&walk->prefix, prefix.data, prefix.len);
    walk->draft->names.failed |= !dz_buf_ok(&walk->prefix) || !dz_buf_ok(&prefix);
    return r;
}

int dz_cut_class(struct dz_walk *walk, PyObject *node)
{
    uint32_t name = dz_field_name(walk, node, "name");
    struct dz_definition definition = dz_define(walk, node, name);
    dz_autopy PyObject *body = dz_field(node, "body");
    int header = dz_cut_header(walk, &definition, 1);
    uint32_t outline = walk->last_outline;
    if (header < 0 || dz_cut_annotations(walk, &definition, body) < 0)
        return -1;
    int has_docstring = dz_cut_docstring(walk, &definition, body);
    if (has_docstring < 0)
        return -1;
    size_t gaps_at = walk->draft->gaps.len;
    struct dz_open open = dz_open_element(walk, DZ_CLASS, &definition);
    uint32_t *why = walk->why, does = 0;
    walk->why = why ? &does : NULL;
    put_header(walk, &definition, header, outline);
    int r = cut_members(walk, &definition, open, body, has_docstring);
    walk->why = why;
    if (why && dz_draft_ok(walk->draft)) {
        dz_draft_element(walk->draft, open.element)->why = does;
        *why |= does;
    }
    uint32_t bare = dz_draft_bare(walk->draft, open, gaps_at);
    dz_close_element(walk, open, DZ_CLOSE_AT_ONCE);
    dz_walk_put_name(walk, name);
    size_t bytes_at = walk->draft->bytes.len;
    dz_draft_put_fingerprint(walk->draft, open.element);
    if (bare != DZ_NONE && walk->owner != DZ_NONE)
        dz_draft_gap(walk->draft, bytes_at, dz_draft_n_uses(walk->draft), name, bare);
    dz_bind_definition(walk, node, DZ_BIND_CLASS);
    walk->last_name = definition.name;
    walk->last_k = definition.k;
    return r;
}

/* Too much is marked rather than too little: a function counts as called where it is mentioned, and a method where any of its
 * name is called on something whose class has been met. What keeps it small is that nothing but new effects begins it. */
#include "reach.h"

#include "../base/mem.h"
#include "members.h"
#include "novel.h"
#include "scope.h"

#include <errno.h>
#include <string.h>

enum {
    FUNCTIONS_MOST = 2000,
    BASES_MOST = 64,
    DEPTH_MOST = 8, /* of what stands for what bases are made of */
    CALLS = DZ_WHY_CALL | DZ_WHY_DECORATOR,
    WRITES = DZ_READ_STORED | DZ_READ_ITEM,
};

struct place {
    uint32_t file, element;
};

struct places {
    struct place *list;
    uint32_t n, cap;
};

struct reach {
    struct dz_project project;
    const struct dz_graph *graph;
    struct dz_strings marks;   /* "path\nname" */
    struct dz_strings seen;    /* "what file element": done */
    struct dz_strings methods; /* names that something has been called by */
    struct places functions;   /* reached; those before n_walked are done with */
    struct places classes;     /* that something may be an instance of */
    struct places passed; /* functions and classes given to others: file, and number of the name */
    struct dz_strings names;       /* theirs */
    const struct dz_bits *changed; /* inputs */
    struct dz_bits run;            /* inputs of functions that imports have run */
    struct dz_bits whole;          /* files any of whose names may be written */
    struct places
        imports; /* files whose effects are all new; those before n_imported are done with */
    uint32_t n_walked, n_imported;
    int stores; /* somebody sets an attribute of what it is given */
    int failed;
};

/* How a name is come by. */
enum how {
    BY_STATEMENT, /* an effect's */
    BY_FUNCTION,  /* that may have been called */
    BY_VALUE,     /* of which is made what a name stands for that is written */
    BY_CALLED,    /* the same of one that is called */
    BY_BASE,      /* of a class that is made */
};

struct walk {
    struct reach *reach;
    uint32_t file;
    const struct dz_sheet *sheet;
    enum how how;
    uint32_t why;
    int is_changing; /* something that it has in hand, and that has no global name */
    int is_of_known; /* its own names cannot have been read before */
    struct bases *bases;
    unsigned depth;
    /* As the element was: what that has mentioned in the same way is not looked at again. */
    const struct dz_sheet *was;
    const struct dz_element *was_element;
};

/* Of a class that is made: all of the project's. */
struct bases {
    struct place list[BASES_MOST];
    uint32_t n;
    int has_hook, has_changing;
};

/* ---- lists ---- */

static void add_place(struct reach *reach, struct places *places, uint32_t file, uint32_t element)
{
    if (!dz_has_room(&places->list, places->n, &places->cap, sizeof *places->list))
        reach->failed = 1;
    else
        places->list[places->n++] = (struct place){file, element};
}

/* Whether it is the first time. */
static int is_first(struct reach *reach, const char *what, uint32_t file, uint32_t element)
{
    dz_autobuf struct dz_buf text = {0};
    uint32_t before = reach->seen.n;
    dz_buf_fmt(&text, "%s %u %u", what, file, element);
    if (!dz_buf_ok(&text) || !dz_strings_add(&reach->seen, text.data, text.len))
        reach->failed = 1;
    return reach->seen.n > before;
}

static uint32_t mark_of(struct reach *reach, uint32_t file, const char *name, int adds)
{
    dz_autobuf struct dz_buf text = {0};
    dz_buf_fmt(&text, "%s\n%s", dz_project_path(&reach->project, file), name);
    if (!dz_buf_ok(&text))
        return reach->failed = 1, 0;
    return adds ? dz_strings_add(&reach->marks, text.data, text.len)
                : dz_strings_find(&reach->marks, text.data, text.len);
}

/* Whether it is marked for the first time. */
static int mark(struct reach *reach, uint32_t file, const char *name)
{
    uint32_t before = reach->marks.n;
    if (!mark_of(reach, file, name, 1))
        reach->failed = 1;
    return reach->marks.n > before;
}

static void mark_whole(struct reach *reach, uint32_t file)
{
    reach->failed |= dz_bits_set(&reach->whole, file) < 0;
}

/* ---- elements ---- */

static const char *last_name(const struct dz_sheet *sheet, const struct dz_element *element)
{
    const char *name = dz_sheet_string(sheet, element->name), *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static int is_named(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return 1;
    return 0;
}

static uint32_t modes_in(const struct dz_sheet *sheet, const struct dz_element *element,
                         uint32_t name)
{
    const struct dz_bind *binds = dz_sheet_binds(sheet, element);
    uint32_t modes = 0;
    for (uint32_t i = 0; i < element->binds.n; i++)
        if (binds[i].name == name)
            modes |= binds[i].mode;
    return modes;
}

/* A statement of the module that binds the name, or a function that declares it global; DZ_NONE behind the last. */
struct binder {
    const struct dz_sheet *sheet;
    const struct dz_element *at;
    uint32_t element, modes;
    uint32_t string, next;
};

static struct binder binders_of(struct reach *reach, const struct dz_meaning *meaning)
{
    struct binder ret = {.sheet = dz_project_sheet(&reach->project, meaning->file)};
    ret.string = ret.sheet ? dz_scope_string(ret.sheet, meaning->name) : DZ_NONE;
    return ret;
}

static int next_binder(struct binder *binder)
{
    uint32_t n = 0;
    const uint32_t *all =
        binder->sheet ? dz_scope_binders(binder->sheet, binder->string, &n) : NULL;
    while (binder->next < n) {
        uint32_t i = binder->next++;
        binder->element = all[i];
        binder->at = dz_sheet_at(binder->sheet, all[i]);
        binder->modes = modes_in(binder->sheet, binder->at, binder->string);
        int is_told = i && all[i] == all[i - 1];
        if (!is_told && (dz_is_statement(binder->at) || binder->modes & DZ_BIND_GLOBAL))
            return 1;
    }
    return 0;
}

static void walk_element(const struct walk *walk, uint32_t number);

static struct walk walk_in(struct reach *reach, uint32_t file, enum how how)
{
    return (struct walk){
        .reach = reach, .file = file, .sheet = dz_project_sheet(&reach->project, file), .how = how};
}

/* ---- functions and classes ---- */

static void reach_function(struct reach *reach, uint32_t file, uint32_t element)
{
    if (is_first(reach, "function", file, element))
        add_place(reach, &reach->functions, file, element);
}

static int is_method_called(const struct reach *reach, const char *name)
{
    /* Operators, loops and with statements call by no name. */
    static const char *const quiet[] = {"__init__", "__new__", "__post_init__", "__init_subclass__",
                                        "__repr__", "__str__", "__eq__",        "__hash__",
                                        NULL};
    size_t size = strlen(name);
    if (dz_strings_find(&reach->methods, name, size))
        return 1;
    return size > 4 && strncmp(name, "__", 2) == 0 && !is_named(name, quiet);
}

static void reach_methods(struct reach *reach, const struct place *class)
{
    const struct dz_sheet *sheet = dz_project_sheet(&reach->project, class->file);
    for (uint32_t i = class->element + 1; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind == DZ_FUNCTION && element->owner == class->element &&
            is_method_called(reach, last_name(sheet, element)))
            reach_function(reach, class->file, i);
    }
}

static void note_method(struct reach *reach, const char *name)
{
    uint32_t before = reach->methods.n;
    if (!dz_strings_add(&reach->methods, name, strlen(name)))
        reach->failed = 1;
    for (uint32_t i = 0; reach->methods.n > before && i < reach->classes.n; i++)
        reach_methods(reach, &reach->classes.list[i]);
}

static void reach_named(struct reach *reach, const struct place *class, const char *const *names)
{
    const struct dz_sheet *sheet = dz_project_sheet(&reach->project, class->file);
    for (uint32_t i = class->element + 1; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind == DZ_FUNCTION && element->owner == class->element &&
            (!names || is_named(last_name(sheet, element), names)))
            reach_function(reach, class->file, i);
    }
}

static uint32_t header_of(const struct dz_sheet *sheet, uint32_t class)
{
    const struct dz_element *element = dz_sheet_at(sheet, class);
    return dz_sheet_find(sheet, DZ_HEADER, dz_sheet_string(sheet, element->name), element->k);
}

static void walk_header(struct reach *reach, const struct place *class, struct bases *bases)
{
    struct walk walk = walk_in(reach, class->file, BY_BASE);
    uint32_t header = header_of(walk.sheet, class->element);
    walk.bases = bases;
    if (header != DZ_NONE)
        walk_element(&walk, header);
}

static void add_base(struct reach *reach, struct bases *bases, uint32_t file, uint32_t element)
{
    for (uint32_t i = 0; i < bases->n; i++)
        if (bases->list[i].file == file && bases->list[i].element == element)
            return;
    if (bases->n == BASES_MOST)
        reach->project.unknown = 1;
    else
        bases->list[bases->n++] = (struct place){file, element};
}

/* It and all above it. */
static void find_bases(struct reach *reach, uint32_t file, uint32_t class, struct bases *bases)
{
    add_base(reach, bases, file, class);
    for (uint32_t i = 0; i < bases->n; i++) {
        struct place at = bases->list[i];
        walk_header(reach, &at, bases);
    }
}

static void meet_class(struct reach *reach, uint32_t file, uint32_t class, int is_made)
{
    static const char *const makers[] = {"__init__", "__new__", "__post_init__", NULL};
    struct bases bases = {.n = 0};
    if (!is_first(reach, is_made ? "made" : "met", file, class))
        return;
    find_bases(reach, file, class, &bases);
    for (uint32_t i = 0; i < bases.n; i++) {
        if (is_made)
            reach_named(reach, &bases.list[i], makers);
        if (!is_first(reach, "class", bases.list[i].file, bases.list[i].element))
            continue;
        add_place(reach, &reach->classes, bases.list[i].file, bases.list[i].element);
        reach_methods(reach, &bases.list[i]);
    }
}

/* ---- what making a class runs ---- */

static int has_method(const struct dz_sheet *sheet, uint32_t class, const char *const *names)
{
    for (uint32_t i = class + 1; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind == DZ_FUNCTION && element->owner == class &&
            is_named(last_name(sheet, element), names))
            return 1;
    }
    return 0;
}

/* By its bases' names: type, ABCMeta, EnumType. */
static int is_meta(const struct dz_sheet *sheet, uint32_t class)
{
    uint32_t number = header_of(sheet, class);
    const struct dz_element *header = number == DZ_NONE ? NULL : dz_sheet_at(sheet, number);
    for (uint32_t i = 0; header && i < header->reads.n; i++) {
        const struct dz_read *read = &dz_sheet_reads(sheet, header)[i];
        const char *name = dz_sheet_string(sheet, dz_sheet_chain(sheet, read->chain)->name);
        if (strcmp(name, "type") == 0 || strstr(name, "Meta") || strstr(name, "meta") ||
            strstr(name, "Type"))
            return 1;
    }
    return 0;
}

/* cls.names.append(…); not super().__new__(…) */
static int changes_class(const struct dz_sheet *sheet, const struct dz_element *hook)
{
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, hook);
    for (uint32_t i = 0; i < hook->attributes.n; i++) {
        const char *name = dz_sheet_string(sheet, attributes[i].name);
        if (attributes[i].mode & WRITES ||
            (attributes[i].mode & DZ_READ_CALLED && strncmp(name, "__", 2) != 0))
            return 1;
    }
    return 0;
}

static void run_hooks(struct reach *reach, struct bases *bases, const struct place *base)
{
    static const char *const makers[] = {"__new__", "__init__", "__call__", "__prepare__", NULL};
    static const char *const hooks[] = {"__init_subclass__", NULL};
    const struct dz_sheet *sheet = dz_project_sheet(&reach->project, base->file);
    int is_its_meta = is_meta(sheet, base->element) && has_method(sheet, base->element, makers);
    for (uint32_t i = base->element + 1; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (element->kind != DZ_FUNCTION || element->owner != base->element ||
            !(is_its_meta || is_named(last_name(sheet, element), hooks)))
            continue;
        reach_function(reach, base->file, i);
        bases->has_hook = 1;
        bases->has_changing |= changes_class(sheet, element);
    }
}

static void pass_name(struct reach *reach, uint32_t file, const char *name)
{
    uint32_t number = dz_strings_add(&reach->names, name, strlen(name));
    reach->failed |= !number;
    if (number && is_first(reach, "passed", file, number))
        add_place(reach, &reach->passed, file, number);
}

/* A hook may write to any class that it is inherited by: who has it, knows it by its name. */
static int run_hooks_of(struct reach *reach, uint32_t file, uint32_t class)
{
    struct bases bases = {.n = 0};
    find_bases(reach, file, class, &bases);
    for (uint32_t i = 1; i < bases.n; i++)
        run_hooks(reach, &bases, &bases.list[i]);
    for (uint32_t i = 1; bases.has_hook && i < bases.n; i++) {
        const struct dz_sheet *sheet = dz_project_sheet(&reach->project, bases.list[i].file);
        const char *name = dz_sheet_string(sheet, dz_sheet_at(sheet, bases.list[i].element)->name);
        dz_autobuf struct dz_buf first = {0};
        dz_buf_fmt(&first, "%.*s", (int)strcspn(name, "."), name);
        reach->failed |= !dz_buf_ok(&first);
        if (dz_buf_ok(&first) && bases.has_changing)
            mark(reach, bases.list[i].file, first.data);
        else if (dz_buf_ok(&first))
            pass_name(reach, bases.list[i].file, first.data);
    }
    return bases.has_hook;
}

/* ---- names that are come by ---- */

/* Lambdas have no name: those of the statement. */
static void reach_functions_in(struct reach *reach, uint32_t file, const struct dz_sheet *sheet,
                               uint32_t statement, const char *name)
{
    for (uint32_t i = statement + 1; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        const char *own = dz_sheet_string(sheet, element->name);
        if (dz_is_statement(element))
            return;
        if (element->kind == DZ_FUNCTION && element->owner == DZ_NONE &&
            (strcmp(own, name) == 0 || strcmp(own, "<lambda>") == 0))
            reach_function(reach, file, i);
    }
}

static void meet_classes_in(struct reach *reach, uint32_t file, const struct dz_sheet *sheet,
                            uint32_t statement, const char *name, int is_made)
{
    for (uint32_t i = statement + 1; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        if (dz_is_statement(element))
            return;
        if (element->kind == DZ_CLASS && element->owner == DZ_NONE &&
            strcmp(dz_sheet_string(sheet, element->name), name) == 0)
            meet_class(reach, file, i, is_made);
    }
}

/* What the statement makes of what it reads is what the name stands for. */
static void follow_value(struct reach *reach, uint32_t file, const char *name,
                         const struct binder *binder, enum how how)
{
    struct walk walk = walk_in(reach, file, how);
    const char *what = how == BY_CALLED ? "called" : "value";
    if (!(binder->modes & DZ_BIND_VALUE) || !dz_is_statement(binder->at) ||
        !is_first(reach, what, file, binder->element))
        return;
    walk_element(&walk, binder->element);
    if (how == BY_CALLED)
        reach_functions_in(reach, file, walk.sheet, binder->element, name);
}

static void write_name(const struct walk *walk, const struct dz_meaning *meaning)
{
    struct reach *reach = walk->reach;
    struct binder binder = binders_of(reach, meaning);
    int is_bound = 0;
    if ((walk->is_of_known && meaning->file == walk->file) ||
        !mark(reach, meaning->file, meaning->name))
        return;
    for (; next_binder(&binder); is_bound = 1)
        follow_value(reach, meaning->file, meaning->name, &binder, BY_VALUE);
    /* One more than the module has. */
    if (!is_bound)
        mark(reach, meaning->file, "");
}

static void call_name(const struct walk *walk, const struct dz_meaning *meaning, int is_made)
{
    struct reach *reach = walk->reach;
    struct binder binder = binders_of(reach, meaning);
    for (uint32_t i = 0; i < meaning->rest.n; i++)
        note_method(reach, meaning->rest.names[i]);
    while (next_binder(&binder)) {
        if (!dz_is_statement(binder.at))
            continue;
        if (binder.modes & DZ_BIND_FUNCTION)
            reach_functions_in(reach, meaning->file, binder.sheet, binder.element, meaning->name);
        if (binder.modes & DZ_BIND_CLASS)
            meet_classes_in(reach, meaning->file, binder.sheet, binder.element, meaning->name,
                            is_made && !meaning->rest.n);
        follow_value(reach, meaning->file, meaning->name, &binder, BY_CALLED);
    }
}

/* a.B.C: of the file's B.C. */
static void put_whole_name(const struct dz_meaning *meaning, struct dz_buf *to)
{
    dz_buf_str(to, meaning->name);
    for (uint32_t i = 0; i < meaning->rest.n; i++)
        dz_buf_fmt(to, ".%s", meaning->rest.names[i]);
    dz_buf_put(to, "", 1);
}

static void add_bases_in(const struct walk *walk, uint32_t file, const struct binder *binder,
                         const char *name)
{
    for (uint32_t i = binder->element + 1; i < dz_sheet_n(binder->sheet); i++) {
        const struct dz_element *at = dz_sheet_at(binder->sheet, i);
        if (dz_is_statement(at))
            return;
        if (at->kind == DZ_CLASS && strcmp(dz_sheet_string(binder->sheet, at->name), name) == 0)
            add_base(walk->reach, walk->bases, file, i);
    }
}

static void add_named_base(const struct walk *walk, const struct dz_meaning *meaning)
{
    struct binder binder = binders_of(walk->reach, meaning);
    dz_autobuf struct dz_buf name = {0};
    put_whole_name(meaning, &name);
    if (!dz_buf_ok(&name)) {
        walk->reach->failed = 1;
        return;
    }
    while (next_binder(&binder)) {
        if (!dz_is_statement(binder.at))
            continue;
        add_bases_in(walk, meaning->file, &binder, name.data);
        /* Base = make(Other) */
        if (binder.modes & DZ_BIND_VALUE && walk->depth < DEPTH_MOST) {
            struct walk inner = walk_in(walk->reach, meaning->file, BY_BASE);
            inner.bases = walk->bases;
            inner.depth = walk->depth + 1;
            walk_element(&inner, binder.element);
        }
    }
}

/* ---- what is meant by a name ---- */

/* How a name is bound, and whether what it stands for may be of the project's making: its operators are functions then. */
struct kind {
    int is_value; /* or nothing */
    int is_class;
    int is_made;
};

static struct kind kind_of(struct reach *reach, const struct dz_meaning *meaning)
{
    struct binder binder = binders_of(reach, meaning);
    struct kind kind = {0};
    uint32_t modes = 0;
    while (next_binder(&binder)) {
        modes |= binder.modes;
        for (uint32_t i = 0; i < binder.at->reads.n; i++)
            kind.is_made |= (dz_sheet_reads(binder.sheet, binder.at)[i].mode & DZ_READ_CALLED) != 0;
    }
    kind.is_value = modes & (DZ_BIND_VALUE | DZ_BIND_DELETE | DZ_BIND_GLOBAL) || !modes;
    kind.is_class = (modes & DZ_BIND_CLASS) != 0;
    return kind;
}

static int is_written(const struct dz_meaning *meaning)
{
    uint32_t mode = meaning->rest.mode;
    return mode & WRITES || (mode & DZ_READ_CALLED && meaning->rest.n);
}

/* What a use of a member does to the class it is of: the worst, where several are bound to the name. */
static enum dz_member_use use_of_member(struct reach *reach, const struct dz_meaning *meaning)
{
    struct binder binder = binders_of(reach, meaning);
    enum dz_member_use use = DZ_MEMBER_LEAVES;
    uint32_t n = 0;
    for (; next_binder(&binder); n++) {
        uint32_t class = dz_sheet_find(binder.sheet, DZ_CLASS, meaning->name, binder.at->k);
        enum dz_member_use of =
            !(binder.modes & DZ_BIND_CLASS) || class == DZ_NONE
                ? DZ_MEMBER_CHANGES
                : dz_member_use(binder.sheet, class, meaning->rest.names[0], meaning->rest.mode);
        use = of < use ? of : use;
    }
    return n && meaning->rest.n == 1 ? use : DZ_MEMBER_CHANGES;
}

static int is_value_written(const struct walk *walk, const struct kind *kind, uint32_t mode)
{
    return mode & DZ_READ_CALLED || walk->why & CALLS || walk->is_changing ||
           (walk->why & DZ_WHY_OPERATOR && kind->is_made);
}

static void meet_in_statement(const struct walk *walk, const struct dz_meaning *meaning)
{
    struct kind kind = kind_of(walk->reach, meaning);
    uint32_t mode = meaning->rest.mode;
    int is_given = mode & DZ_READ_VALUE && walk->why & CALLS;
    if (is_written(meaning) || (kind.is_value && is_value_written(walk, &kind, mode)) ||
        (kind.is_class && is_given && meaning->rest.n))
        write_name(walk, meaning);
    else if (!kind.is_value && is_given)
        pass_name(walk->reach, meaning->file, meaning->name);
    if (mode & DZ_READ_CALLED || is_given)
        call_name(walk, meaning, 1);
}

static void meet_in_function(const struct walk *walk, const struct dz_meaning *meaning)
{
    struct kind kind = kind_of(walk->reach, meaning);
    enum dz_member_use use =
        kind.is_class && meaning->rest.n ? use_of_member(walk->reach, meaning) : DZ_MEMBER_CHANGES;
    /* What a class holds may be changed by whom it is handed to, under any name. */
    int is_held = kind.is_class && meaning->rest.n > 0;
    if (kind.is_value || (use == DZ_MEMBER_CHANGES && (is_held || is_written(meaning))))
        write_name(walk, meaning);
    else if (use != DZ_MEMBER_LEAVES)
        pass_name(walk->reach, meaning->file, meaning->name);
    call_name(walk, meaning, 1);
}

static void meet_in_value(const struct walk *walk, const struct dz_meaning *meaning)
{
    struct kind kind = kind_of(walk->reach, meaning);
    if (kind.is_value)
        write_name(walk, meaning);
    if (walk->how == BY_CALLED || meaning->rest.mode & DZ_READ_CALLED)
        call_name(walk, meaning, walk->how == BY_CALLED && meaning->rest.mode & DZ_READ_VALUE);
}

/* A module that is given away, or looked at: any of its names. */
static void meet_module(const struct walk *walk, const struct dz_meaning *meaning)
{
    int is_given = walk->how == BY_FUNCTION || (walk->how == BY_STATEMENT && walk->why & CALLS);
    if (is_given && meaning->rest.mode & DZ_READ_VALUE)
        mark_whole(walk->reach, meaning->file);
}

static void meet(void *of, const struct dz_meaning *meaning)
{
    const struct walk *walk = of;
    if (!meaning->name)
        meet_module(walk, meaning);
    else if (walk->how == BY_STATEMENT)
        meet_in_statement(walk, meaning);
    else if (walk->how == BY_FUNCTION)
        meet_in_function(walk, meaning);
    else if (walk->how == BY_BASE)
        add_named_base(walk, meaning);
    else
        meet_in_value(walk, meaning);
}

/* ---- elements, and what they read ---- */

/* globals()["X"] = 1, setattr(x, "y", 1) */
static void meet_builtin(const struct walk *walk, const struct dz_names_chain *chain)
{
    static const char *const spaces[] = {"globals", "vars", "exec", "eval", NULL};
    static const char *const setters[] = {"setattr", "delattr", "__setattr__", NULL};
    if (walk->how == BY_BASE)
        return;
    if (is_named(chain->names[0], spaces) || (chain->n > 1 && strcmp(chain->names[0], "sys") == 0 &&
                                              strcmp(chain->names[1], "modules") == 0))
        mark_whole(walk->reach, walk->file);
    if (is_named(chain->names[chain->n - 1], setters))
        walk->reach->stores = 1;
}

static int is_same_chain(const struct dz_sheet *a, uint32_t i, const struct dz_sheet *b, uint32_t k)
{
    while (i != DZ_NONE && k != DZ_NONE) {
        const struct dz_chain *left = dz_sheet_chain(a, i), *right = dz_sheet_chain(b, k);
        if (strcmp(dz_sheet_string(a, left->name), dz_sheet_string(b, right->name)) != 0)
            return 0;
        i = left->parent;
        k = right->parent;
    }
    return i == k;
}

static int was_there(const struct walk *walk, const struct dz_read *read)
{
    const struct dz_read *reads = walk->was ? dz_sheet_reads(walk->was, walk->was_element) : NULL;
    for (uint32_t i = 0; reads && i < walk->was_element->reads.n; i++)
        if (!(read->mode & ~reads[i].mode) &&
            is_same_chain(walk->sheet, read->chain, walk->was, reads[i].chain))
            return 1;
    return 0;
}

static void walk_reads(const struct walk *walk, const struct dz_element *element)
{
    const struct dz_read *reads = dz_sheet_reads(walk->sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++) {
        if (!(reads[i].mode & ~(uint32_t)DZ_READ_ANNOTATION) || was_there(walk, &reads[i]))
            continue;
        struct dz_names_chain chain = dz_project_chain(walk->sheet, reads[i].chain, reads[i].mode);
        meet_builtin(walk, &chain);
        dz_project_mean(&walk->reach->project, walk->file, &chain, meet, (void *)walk);
    }
}

static void walk_attributes(const struct walk *walk, const struct dz_element *element)
{
    const struct dz_attribute *attributes = dz_sheet_attributes(walk->sheet, element);
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        if (attributes[i].mode & DZ_READ_CALLED)
            note_method(walk->reach, dz_sheet_string(walk->sheet, attributes[i].name));
        walk->reach->stores |= (attributes[i].mode & WRITES) != 0;
    }
}

static void walk_element(const struct walk *walk, uint32_t number)
{
    const struct dz_element *element = dz_sheet_at(walk->sheet, number);
    walk_reads(walk, element);
    if (walk->how == BY_STATEMENT || walk->how == BY_FUNCTION)
        walk_attributes(walk, element);
}

/* ---- imports ---- */

static void add_import(struct reach *reach, uint32_t file)
{
    if (is_first(reach, "import", file, 0))
        add_place(reach, &reach->imports, file, 0);
}

static void add_imports(struct reach *reach, const struct dz_bits *files, const struct dz_bits *but,
                        int known_too)
{
    for (uint32_t file = 0; (file = dz_bits_next(files, file)) != UINT32_MAX; file++)
        if (!dz_bits_has(but, file) && (known_too || !reach->project.files[file - 1].is_known))
            add_import(reach, file);
}

/* Of a module's statements: what stands in a function is done when that is called. */
static void find_imported(struct reach *reach, uint32_t file, const struct dz_sheet *sheet,
                          struct dz_bits *to)
{
    uint32_t n;
    const struct dz_import *imports = dz_sheet_imports(sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!(imports[i].flags & (DZ_IMPORT_TYPING | DZ_IMPORT_STANDARD)) &&
            dz_sheet_at(sheet, imports[i].element)->kind != DZ_FUNCTION)
            dz_project_imported(&reach->project, file, sheet, &imports[i], to);
}

/* Which attributes are of what is imported here, and which of others, is not told apart. */
static void walk_local_import(const struct walk *walk, const struct dz_element *element,
                              const struct dz_import *import)
{
    struct reach *reach = walk->reach;
    struct dz_bits files = {0}, none = {0};
    struct dz_names_chain rest = {.mode = DZ_READ_CALLED};
    const struct dz_attribute *attributes = dz_sheet_attributes(walk->sheet, element);
    dz_project_imported(&reach->project, walk->file, walk->sheet, import, &files);
    add_imports(reach, &files, &none, 0);
    dz_bits_free(&files);
    if (import->flags & DZ_IMPORT_STAR)
        return;
    dz_project_mean_import(&reach->project, walk->file, import, &rest, meet, (void *)walk);
    for (uint32_t i = 0; i < element->attributes.n; i++) {
        rest.n = 1;
        rest.names[0] = dz_sheet_string(walk->sheet, attributes[i].name);
        rest.mode = attributes[i].mode;
        dz_project_mean_import(&reach->project, walk->file, import, &rest, meet, (void *)walk);
    }
}

static void walk_body(const struct walk *walk, uint32_t number)
{
    const struct dz_element *element = dz_sheet_at(walk->sheet, number);
    const struct dz_bind *binds = dz_sheet_binds(walk->sheet, element);
    uint32_t n;
    walk_element(walk, number);
    for (uint32_t i = 0; i < element->binds.n; i++)
        if (binds[i].mode & DZ_BIND_GLOBAL)
            mark(walk->reach, walk->file, dz_sheet_string(walk->sheet, binds[i].name));
    const struct dz_import *imports = dz_sheet_imports(walk->sheet, &n);
    for (uint32_t i = 0; i < n; i++)
        if (imports[i].element == number)
            walk_local_import(walk, element, &imports[i]);
}

static void walk_function(struct reach *reach, const struct place *at)
{
    struct walk walk = walk_in(reach, at->file, BY_FUNCTION);
    walk_body(&walk, at->element);
}

/* ---- effects ---- */

/* import_module("pkg.m") */
static void walk_words(const struct walk *walk, const struct dz_element *element)
{
    const uint32_t *words = dz_sheet_words(walk->sheet, element);
    for (uint32_t i = 0; element->flags & DZ_NAMES_LOOKUP && i < element->words.n; i++) {
        dz_autobuf struct dz_buf dotted = {0};
        struct dz_found_files found;
        dz_sheet_put_chain(walk->sheet, words[i], &dotted);
        dz_buf_put(&dotted, "", 1);
        walk->reach->failed |= !dz_buf_ok(&dotted);
        if (!dz_buf_ok(&dotted))
            return;
        dz_project_find(&walk->reach->project, dotted.data, &found);
        for (uint32_t k = 0; k < found.n; k++)
            add_import(walk->reach, found.list[k]);
    }
}

/* Hooks are given what the class's statements have bound, and its keywords. */
static void walk_class(const struct walk *walk, uint32_t class)
{
    struct walk inner = *walk;
    uint32_t header = header_of(walk->sheet, class);
    if (!run_hooks_of(walk->reach, walk->file, class))
        return;
    inner.why |= DZ_WHY_CALL;
    walk_element(&inner, class);
    inner.how = BY_VALUE;
    if (header != DZ_NONE)
        walk_element(&inner, header);
}

static int is_changing(const struct dz_sheet *sheet, const struct dz_element *element)
{
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, element);
    for (uint32_t i = 0; i < element->attributes.n; i++)
        if (attributes[i].mode & (WRITES | DZ_READ_CALLED))
            return 1;
    return 0;
}

static void walk_effect(struct reach *reach, uint32_t file, uint32_t number, int is_of_known)
{
    struct walk walk = walk_in(reach, file, BY_STATEMENT);
    const struct dz_element *element = dz_sheet_at(walk.sheet, number);
    walk.why = element->why;
    walk.is_changing = is_changing(walk.sheet, element);
    walk.is_of_known = is_of_known;
    walk_element(&walk, number);
    walk_words(&walk, element);
    for (uint32_t i = number + 1; dz_is_statement(element) && i < dz_sheet_n(walk.sheet); i++) {
        if (dz_is_statement(dz_sheet_at(walk.sheet, i)))
            break;
        if (dz_sheet_at(walk.sheet, i)->kind == DZ_CLASS)
            walk_class(&walk, i);
    }
}

/* ---- which are new ---- */

static void walk_new_effects(struct reach *reach, uint32_t file, const struct dz_sheet *was)
{
    struct dz_bits effects = {0};
    reach->failed |= dz_novel_effects(dz_project_sheet(&reach->project, file), was, &effects) < 0;
    for (uint32_t i = 0; (i = dz_bits_next(&effects, i)) != UINT32_MAX && !reach->failed; i++)
        walk_effect(reach, file, i, 0);
    dz_bits_free(&effects);
}

static void add_new_imports(struct reach *reach, uint32_t file, const struct dz_sheet *was)
{
    struct dz_bits now = {0}, before = {0};
    find_imported(reach, file, dz_project_sheet(&reach->project, file), &now);
    if (was)
        find_imported(reach, file, was, &before);
    reach->failed |= dz_bits_set(&before, file) < 0;
    add_imports(reach, &now, &before, 1);
    dz_bits_free(&now);
    dz_bits_free(&before);
}

/* ---- functions that imports have run, and that are other ones now ---- */

static void note_inputs_of(struct reach *reach, const struct dz_node *node)
{
    const struct dz_graph *graph = reach->graph;
    for (uint32_t i = 0; i < node->inputs.n; i++) {
        uint32_t number = graph->input_list[node->inputs.at + i];
        const struct dz_input *input = &graph->inputs[number];
        if (input->kind == DZ_INPUT_ELEMENT && input->of == DZ_FUNCTION)
            reach->failed |= dz_bits_set(&reach->run, number) < 0;
    }
}

/* Of what modules' statements have made or done: what leans on functions there, does so as they have run then. Of a circle
 * any of its names may be the node's, but it has all inputs. */
static int is_of_statements(const struct dz_graph *graph, const struct dz_node *node)
{
    static const char import[] = "import ";
    for (uint32_t i = 0; i < node->inputs.n; i++) {
        uint32_t kind = graph->inputs[graph->input_list[node->inputs.at + i]].kind;
        if (kind == DZ_INPUT_NAME || kind == DZ_INPUT_EFFECTS)
            return 1;
    }
    return strncmp(dz_strings_text(&graph->strings, node->name), import, sizeof import - 1) == 0;
}

static void find_run(struct reach *reach)
{
    const struct dz_graph *graph = reach->graph;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct dz_node *node = &graph->nodes[i];
        if (!is_of_statements(graph, node))
            continue;
        note_inputs_of(reach, node);
        for (uint32_t k = 0; k < node->leans.n; k++)
            note_inputs_of(reach, &graph->nodes[graph->lean_list[node->leans.at + k]]);
    }
}

/* What it has done before was seen; what it mentions beyond that was not. */
static void walk_changed_function(struct reach *reach, uint32_t file, const struct dz_sheet *was,
                                  const struct dz_input *input)
{
    struct walk walk = walk_in(reach, file, BY_FUNCTION);
    const char *name = dz_strings_text(&reach->graph->strings, input->name);
    uint32_t now = dz_sheet_find(walk.sheet, DZ_FUNCTION, name, input->k);
    uint32_t before = was ? dz_sheet_find(was, DZ_FUNCTION, name, input->k) : DZ_NONE;
    if (now == DZ_NONE)
        return;
    if (before != DZ_NONE) {
        walk.was = was;
        walk.was_element = dz_sheet_at(was, before);
    }
    walk_body(&walk, now);
}

static void walk_changed_functions(struct reach *reach, const struct dz_look *look, uint32_t file,
                                   const struct dz_sheet *was)
{
    const struct dz_graph *graph = reach->graph;
    for (uint32_t i = 0; (i = dz_bits_next(&reach->run, i)) != UINT32_MAX; i++)
        if (graph->inputs[i].path == look->path && dz_bits_has(reach->changed, i))
            walk_changed_function(reach, file, was, &graph->inputs[i]);
}

static void walk_source(struct reach *reach, const struct dz_look *look)
{
    const struct dz_project_sources *sources = reach->project.sources;
    uint32_t file =
        dz_project_file(&reach->project, dz_strings_text(&reach->graph->strings, look->path));
    if (!file || !dz_project_sheet(&reach->project, file))
        return;
    struct dz_sheet *was = sources->was(sources->of, look);
    walk_new_effects(reach, file, was);
    add_new_imports(reach, file, was);
    walk_changed_functions(reach, look, file, was);
    dz_sheet_free(was);
}

/* Those of a module that has been imported all the same have written what is its own before anybody read it. */
static void walk_import(struct reach *reach, uint32_t file)
{
    const struct dz_sheet *sheet = dz_project_sheet(&reach->project, file);
    int is_known = reach->project.files[file - 1].is_known;
    struct dz_bits imported = {0}, none = {0};
    for (uint32_t i = 0; sheet && i < dz_sheet_n(sheet); i++)
        if (dz_sheet_at(sheet, i)->kind == DZ_EFFECT)
            walk_effect(reach, file, i, is_known);
    if (sheet && !is_known) {
        find_imported(reach, file, sheet, &imported);
        add_imports(reach, &imported, &none, 0);
    }
    dz_bits_free(&imported);
}

/* ---- all ---- */

/* There are more functions than can be gone through: any name of where they are. */
static void give_up(struct reach *reach)
{
    for (uint32_t i = 0; i < reach->functions.n; i++)
        mark_whole(reach, reach->functions.list[i].file);
    for (uint32_t i = 0; i < reach->project.n_files; i++)
        if (reach->project.files[i].sheet)
            mark_whole(reach, i + 1);
}

static int is_over(const struct reach *reach)
{
    return reach->failed || reach->project.failed || reach->project.unknown;
}

static void walk_functions(struct reach *reach)
{
    while (reach->n_walked < reach->functions.n && !is_over(reach)) {
        if (reach->n_walked == FUNCTIONS_MOST) {
            give_up(reach);
            reach->n_walked = reach->functions.n;
            return;
        }
        struct place at = reach->functions.list[reach->n_walked++];
        walk_function(reach, &at);
    }
}

/* What modules do that are imported, and functions that are called: each may lead to more of both. */
static void walk_pending(struct reach *reach)
{
    walk_functions(reach);
    while (reach->n_imported < reach->imports.n && !is_over(reach)) {
        walk_import(reach, reach->imports.list[reach->n_imported++].file);
        walk_functions(reach);
    }
}

static void write_passed(struct reach *reach)
{
    for (uint32_t i = 0; reach->stores && i < reach->passed.n; i++) {
        struct walk walk = {.reach = reach};
        struct dz_meaning meaning = {.file = reach->passed.list[i].file};
        meaning.name = dz_strings_text(&reach->names, reach->passed.list[i].element);
        write_name(&walk, &meaning);
    }
}

static void walk_all(struct reach *reach, const struct dz_bits *sources_changed)
{
    const struct dz_graph *graph = reach->graph;
    find_run(reach);
    for (uint32_t i = 0; i < graph->n_looks && !is_over(reach); i++)
        if (dz_bits_has(sources_changed, graph->looks[i].path))
            walk_source(reach, &graph->looks[i]);
    walk_pending(reach);
    write_passed(reach);
    walk_pending(reach);
}

static int is_reached(struct reach *reach, const struct dz_input *input)
{
    const struct dz_strings *strings = &reach->graph->strings;
    const char *path = dz_strings_text(strings, input->path);
    int is_whole = input->kind == DZ_INPUT_SHAPE || input->kind == DZ_INPUT_WHOLE;
    if (input->kind != DZ_INPUT_NAME && !is_whole)
        return 0;
    if (reach->project.unknown)
        return 1;
    uint32_t file = dz_strings_find(&reach->project.paths, path, strlen(path));
    if (!file)
        return 0;
    return dz_bits_has(&reach->whole, file) ||
           mark_of(reach, file, is_whole ? "" : dz_strings_text(strings, input->name), 0) != 0;
}

static int set_reached(struct reach *reach, struct dz_bits *changed)
{
    const struct dz_graph *graph = reach->graph;
    int r = 0;
    if (!reach->marks.n && !reach->whole.n_words && !reach->project.unknown)
        return 0;
    for (uint32_t i = 0; r == 0 && i < graph->n_inputs && !reach->failed; i++)
        if (is_reached(reach, &graph->inputs[i]))
            r = dz_bits_set(changed, i);
    return r;
}

static void free_reach(struct reach *reach)
{
    dz_project_free(&reach->project);
    dz_strings_free(&reach->marks);
    dz_strings_free(&reach->seen);
    dz_strings_free(&reach->methods);
    dz_strings_free(&reach->names);
    dz_free(reach->functions.list);
    dz_free(reach->classes.list);
    dz_free(reach->passed.list);
    dz_free(reach->imports.list);
    dz_bits_free(&reach->run);
    dz_bits_free(&reach->whole);
}

int dz_reach(const struct dz_graph *graph, const struct dz_bits *sources_changed,
             const struct dz_project_sources *sources, struct dz_bits *changed)
{
    struct reach reach = {.graph = graph, .changed = changed};
    int r = 0;
    if (dz_bits_next(sources_changed, 0) == UINT32_MAX)
        return 0;
    r = dz_project_init(&reach.project, graph, sources);
    if (r == 0)
        walk_all(&reach, sources_changed);
    if (r == 0 && !reach.failed && !reach.project.failed)
        r = set_reached(&reach, changed);
    if (reach.failed || reach.project.failed)
        r = -ENOMEM;
    free_reach(&reach);
    return r;
}

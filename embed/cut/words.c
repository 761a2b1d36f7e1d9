/* Strings that name something. One that is an identifier or a chain of them is taken as it is; one that python can parse
 * as an expression, by its parse; prose is recognised by two words side by side, and costs no parse. */
#include "walk.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 500, LONGEST_PATH = 4096 };

static int is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (byte & 0x80);
}

static int begins_word(char byte)
{
    return is_word_byte(byte) && !isdigit((unsigned char)byte);
}

/* a.b.c, also as entry points have it: a.b:c. */
static int is_chain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int is_first = i == 0 || text[i - 1] == '.' || text[i - 1] == ':';
        if (is_first ? !begins_word(text[i])
                     : !is_word_byte(text[i]) && text[i] != '.' && text[i] != ':')
            return 0;
    }
    return size > 0 && text[size - 1] != '.' && text[size - 1] != ':';
}

static uint32_t chain_in(struct dz_walk *walk, const char *text, size_t size)
{
    uint32_t chain = DZ_NONE;
    for (size_t from = 0, i = 0; i <= size; i++) {
        if (i < size && text[i] != '.' && text[i] != ':')
            continue;
        uint32_t name = dz_names_add(&walk->draft->names, text + from, i - from);
        chain = dz_names_add_chain(&walk->draft->names, chain, name);
        from = i + 1;
    }
    return chain;
}

void dz_words_put(struct dz_walk *walk, const char *dotted)
{
    uint32_t chain = chain_in(walk, dotted, strlen(dotted));
    if (*dotted && dz_draft_ok(walk->draft))
        dz_draft_use(walk->draft, walk->annotating ? DZ_USE_READ : DZ_USE_WORD, chain,
                     walk->annotating ? DZ_READ_ANNOTATION : 0);
}

/* Between which words python has only a blank. */
static int is_operator(const char *word, size_t size)
{
    static const char *const operators[] = {"and",  "or",  "not",   "in",    "is",    "if",
                                            "else", "for", "async", "await", "lambda"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strlen(operators[i]) == size && memcmp(operators[i], word, size) == 0)
            return 1;
    return 0;
}

static int has_prose(const char *text, size_t size)
{
    size_t before = 0, before_size = 0; /* the word that a blank has ended */
    for (size_t i = 0; i < size;) {
        size_t from = i;
        while (i < size && is_word_byte(text[i]))
            i++;
        if (i > from) {
            if (before_size && !is_operator(text + before, before_size) &&
                !is_operator(text + from, i - from))
                return 1;
            before = from;
            before_size = i - from;
        }
        while (i < size && text[i] == ' ')
            i++;
        if (i < size && !is_word_byte(text[i])) {
            before_size = 0;
            i++;
        }
    }
    return 0;
}

static int may_be_expression(const char *text, size_t size)
{
    if (!begins_word(text[0]) && !strchr("([{-~'\"", text[0]))
        return 0;
    int has_word = 0;
    for (size_t i = 0; i < size; i++) {
        if (strchr("\n\r\\?$;#", text[i]) || (text[i] == '!' && text[i + 1] != '='))
            return 0;
        has_word |= begins_word(text[i]);
    }
    if (!has_word || strchr(".,:=+-*/%&|^<>@!", text[size - 1]))
        return 0;
    if (strchr(text, ':') && !strpbrk(text, "[{") && !strstr(text, "lambda"))
        return 0;
    return !has_prose(text, size);
}

static int is_path(const char *text, size_t size)
{
    if (size > LONGEST_PATH || strchr(text, '\n') || strstr(text, "://"))
        return 0;
    if (strchr(text, '/'))
        return 1;
    const char *dot = strrchr(text, '.');
    if (!dot || dot == text || !dot[1] || strlen(dot) > 9 || strchr(text, ' '))
        return 0;
    for (dot++; *dot; dot++)
        if (!isalnum((unsigned char)*dot))
            return 0;
    return 1;
}

/* What a parse of a string used: words, or reads where the string is an annotation. Nothing else of it counts. */
static void take_words(struct dz_walk *walk, size_t from)
{
    struct dz_draft *draft = walk->draft;
    size_t n = dz_draft_n_uses(draft), kept = from;
    for (size_t i = from; i < n; i++) {
        struct dz_use use = *dz_draft_use_at(draft, i);
        if (use.type == DZ_USE_READ && !walk->annotating)
            use.type = DZ_USE_WORD;
        if (use.type == DZ_USE_READ || use.type == DZ_USE_WORD)
            *dz_draft_use_at(draft, kept++) = use;
    }
    draft->uses.len = kept * sizeof(struct dz_use);
}

static int walk_quoted(struct dz_walk *walk, PyObject *tree)
{
    struct dz_draft *draft = walk->draft;
    size_t bytes_at = draft->bytes.len, uses_at = dz_draft_n_uses(draft);
    uint32_t *why = walk->why, private = walk->private;
    struct dz_scope scope;
    walk->why = NULL;
    walk->private = DZ_NONE;
    walk->quoting++;
    walk->functions++;
    dz_scope_enter(walk, &scope, DZ_SCOPE_CLASS);
    int r = dz_walk_field(walk, tree, "body");
    dz_scope_leave(walk, &scope);
    walk->functions--;
    walk->quoting--;
    walk->private = private;
    walk->why = why;
    if (dz_draft_ok(draft)) {
        draft->bytes.len = bytes_at;
        take_words(walk, uses_at);
    }
    return r;
}

/* What is no python is nothing; but a lack of memory is one. */
static int parse(struct dz_walk *walk, const char *text, int start)
{
    PyCompilerFlags flags = {.cf_flags = PyCF_ONLY_AST | PyCF_IGNORE_COOKIE,
                             .cf_feature_version = PY_MINOR_VERSION};
    dz_autopy PyObject *tree = Py_CompileStringExFlags(text, "<string>", start, &flags, 0);
    /* Kept to the end: names are known by their objects, so none may take another one's place. */
    if (tree)
        return PyList_Append(walk->quoted, tree) < 0 ? -1 : walk_quoted(walk, tree);
    if (PyErr_ExceptionMatches(PyExc_MemoryError))
        return -1;
    PyErr_Clear();
    return 0;
}

int dz_words_of(struct dz_walk *walk, PyObject *string)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(string, &length);
    size_t size = (size_t)length;
    if (!text) {
        /* Lone surrogates name nothing. */
        PyErr_Clear();
        return 0;
    }
    if (size == 0 || size > LONGEST_PATH || strlen(text) != size)
        return 0;
    if (!walk->annotating && is_path(text, size))
        dz_draft_use(walk->draft, DZ_USE_PATH, dz_names_add(&walk->draft->names, text, size), 0);
    if (is_chain(text, size)) {
        dz_words_put(walk, text);
        return 0;
    }
    if (walk->quoting > 1 || size > LONGEST || !may_be_expression(text, size))
        return 0;
    return parse(walk, text, Py_eval_input);
}

/* ---- doctest ---- */

static const char *line_end(const char *at)
{
    const char *end = strchr(at, '\n');
    return end ? end : at + strlen(at);
}

/* One example: its first line and those that continue it, without the prompts. */
static const char *take_example(const char *at, struct dz_buf *code)
{
    for (const char *prompt = ">>>";; prompt = "...") {
        const char *line = at + strspn(at, " \t"), *end = line_end(line);
        if (strncmp(line, prompt, 3) != 0)
            return at;
        const char *from = line + 3 + (line[3] == ' ');
        if (from < end)
            dz_buf_put(code, from, (size_t)(end - from));
        dz_buf_str(code, "\n");
        if (!*end)
            return end;
        at = end + 1;
    }
}

int dz_words_of_doctest(struct dz_walk *walk, PyObject *docstring)
{
    const char *at = PyUnicode_AsUTF8(docstring);
    if (!at)
        PyErr_Clear();
    while (at && (at = strstr(at, ">>>"))) {
        dz_autobuf struct dz_buf code = {0};
        const char *next = take_example(at, &code);
        dz_buf_put(&code, "", 1);
        if (!dz_buf_ok(&code) || parse(walk, code.data, Py_file_input) < 0)
            return -1;
        at = next > at ? next : at + 3;
    }
    return 0;
}

/* `dagz sheet FILE [--json]`: what DAGZ takes for an element of a source file; `dagz sheet --check FILE…`: which files
 * have no sheet, and why; `dagz sheet --find FILE`: to which element code belongs. */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "../base/mem.h"
#include "../cut.h"
#include "../path.h"
#include "../record/sheets.h"
#include "state.h"
#include "text.h"

struct word {
    uint32_t bit;
    const char *word;
};

static const struct word flags[] = {
    {DZ_NAMES_SUBCLASSES, "subclasses"},
    {DZ_NAMES_NAMESPACE, "namespace"},
    {DZ_NAMES_ATTRIBUTES, "attributes"},
    {DZ_NAMES_POSITION, "position"},
    {DZ_NAMES_INSPECTION, "inspection"},
    {DZ_NAMES_ANNOTATIONS, "annotations"},
    {DZ_NAMES_LOOKUP, "lookup"},
    {DZ_NAMES_CODE, "code"},
    {DZ_NAMES_SELF, "self"},
    {DZ_NAMES_PARAMETERS, "parameters"},
    {DZ_IS_EAGER, "eager"},
    {DZ_IS_COMPOUND, "compound"},
    {DZ_IS_TYPING, "typing"},
    {DZ_IS_MAIN, "main"},
    {DZ_IS_STAR, "star"},
    {DZ_IS_IMPORT, "import"},
    {DZ_IS_DEF, "def"},
    {DZ_OPERATES, "operator"},
    {DZ_IS_FIXTURE, "fixture"},
    {0, NULL},
};
static const struct word whys[] = {
    {DZ_WHY_CALL, "call"},
    {DZ_WHY_DECORATOR, "decorator"},
    {DZ_WHY_BASE, "base"},
    {DZ_WHY_STORE, "store"},
    {DZ_WHY_OPERATOR, "operator"},
    {DZ_WHY_RAISE, "raise"},
    {0, NULL},
};
static const struct word read_modes[] = {
    {DZ_READ_VALUE, "value"},
    {DZ_READ_CALLED, "called"},
    {DZ_READ_STORED, "stored"},
    {DZ_READ_ITEM, "item"},
    {DZ_READ_ANNOTATION, "annotation"},
    {DZ_READ_AUGMENTED, "augmented"},
    {0, NULL},
};
static const struct word bind_modes[] = {
    {DZ_BIND_VALUE, "value"},       {DZ_BIND_IMPORT, "import"},
    {DZ_BIND_FUNCTION, "function"}, {DZ_BIND_CLASS, "class"},
    {DZ_BIND_DELETE, "delete"},     {DZ_BIND_MAYBE, "maybe"},
    {DZ_BIND_GLOBAL, "global"},     {0, NULL},
};
static const struct word import_flags[] = {
    {DZ_IMPORT_FROM, "from"},   {DZ_IMPORT_STAR, "star"},         {DZ_IMPORT_TYPING, "typing"},
    {DZ_IMPORT_MAYBE, "maybe"}, {DZ_IMPORT_STANDARD, "standard"}, {0, NULL},
};

/* ---- JSON ---- */

static json_t *words_of(const struct word *words, uint32_t bits)
{
    json_t *list = json_array();
    for (; words->word; words++)
        if (bits & words->bit)
            json_array_append_new(list, json_string(words->word));
    return list;
}

static json_t *chain_of(const struct dz_sheet *sheet, uint32_t chain)
{
    dz_autobuf struct dz_buf text = {0};
    dz_sheet_put_chain(sheet, chain, &text);
    dz_buf_put(&text, "", 1);
    return dz_text(dz_buf_ok(&text) ? text.data : "");
}

static json_t *chains_of(const struct dz_sheet *sheet, const uint32_t *chains, uint32_t n)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, chain_of(sheet, chains[i]));
    return list;
}

static json_t *strings_of(const struct dz_sheet *sheet, const uint32_t *strings, uint32_t n)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, dz_text(dz_sheet_string(sheet, strings[i])));
    return list;
}

static json_t *binds_of(const struct dz_sheet *sheet, const struct dz_element *element)
{
    json_t *list = json_array();
    const struct dz_bind *binds = dz_sheet_binds(sheet, element);
    for (uint32_t i = 0; i < element->binds.n; i++)
        json_array_append_new(list, json_pack("{so sI so}", "name",
                                              dz_text(dz_sheet_string(sheet, binds[i].name)),
                                              "ordinal", (json_int_t)binds[i].ordinal, "mode",
                                              words_of(bind_modes, binds[i].mode)));
    return list;
}

static json_t *reads_of(const struct dz_sheet *sheet, const struct dz_element *element)
{
    json_t *list = json_array();
    const struct dz_read *reads = dz_sheet_reads(sheet, element);
    for (uint32_t i = 0; i < element->reads.n; i++) {
        json_t *read = json_pack("{so so}", "name", chain_of(sheet, reads[i].chain), "mode",
                                 words_of(read_modes, reads[i].mode));
        json_object_set_new(read, "sees",
                            reads[i].sees == DZ_SEES_LAST ? json_null()
                                                          : json_integer(reads[i].sees));
        json_array_append_new(list, read);
    }
    return list;
}

static json_t *attributes_of(const struct dz_sheet *sheet, const struct dz_element *element)
{
    json_t *list = json_array();
    const struct dz_attribute *attributes = dz_sheet_attributes(sheet, element);
    for (uint32_t i = 0; i < element->attributes.n; i++)
        json_array_append_new(list, json_pack("{so so}", "name",
                                              dz_text(dz_sheet_string(sheet, attributes[i].name)),
                                              "mode", words_of(read_modes, attributes[i].mode)));
    return list;
}

static void put_hex(char hex[33], const uint8_t bytes[16])
{
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static json_t *id_of(const struct dz_sheet *sheet, const char *path, uint32_t number)
{
    dz_autobuf struct dz_buf id = {0};
    const struct dz_element *element = dz_sheet_at(sheet, number);
    dz_buf_fmt(&id, "%s::%s#%u", path, dz_sheet_string(sheet, element->name), element->k);
    dz_buf_put(&id, "", 1);
    return dz_text(dz_buf_ok(&id) ? id.data : "");
}

static json_t *number_of(uint32_t element)
{
    return element == DZ_NONE ? json_null() : json_integer(element);
}

static json_t *element_of(const struct dz_sheet *sheet, const char *path, uint32_t number)
{
    const struct dz_element *element = dz_sheet_at(sheet, number);
    char hex[33];
    put_hex(hex, element->fingerprint);
    json_t *object = json_object();
    json_object_set_new(object, "id", id_of(sheet, path, number));
    json_object_set_new(object, "kind", json_string(dz_element_kind_name(element->kind)));
    json_object_set_new(object, "qualname", dz_text(dz_sheet_string(sheet, element->name)));
    json_object_set_new(object, "k", json_integer(element->k));
    json_object_set_new(
        object, "lines",
        json_pack("[II]", (json_int_t)element->first_line, (json_int_t)element->last_line));
    json_object_set_new(object, "fingerprint", json_string(hex));
    json_object_set_new(object, "owner", number_of(element->owner));
    json_object_set_new(object, "statement", number_of(element->statement));
    json_object_set_new(object, "flags", words_of(flags, element->flags));
    json_object_set_new(object, "why", words_of(whys, element->why));
    json_object_set_new(object, "binds", binds_of(sheet, element));
    json_object_set_new(object, "reads", reads_of(sheet, element));
    json_object_set_new(object, "words",
                        chains_of(sheet, dz_sheet_words(sheet, element), element->words.n));
    json_object_set_new(object, "paths",
                        strings_of(sheet, dz_sheet_paths(sheet, element), element->paths.n));
    json_object_set_new(object, "attributes", attributes_of(sheet, element));
    return object;
}

static json_t *import_of(const struct dz_sheet *sheet, const struct dz_import *import)
{
    json_t *object = json_pack("{sI so sI sI so}", "element", (json_int_t)import->element, "module",
                               dz_text(dz_sheet_string(sheet, import->module)), "level",
                               (json_int_t)import->level, "line", (json_int_t)import->line, "flags",
                               words_of(import_flags, import->flags));
    json_object_set_new(object, "name",
                        import->name == DZ_NONE ? json_null()
                                                : dz_text(dz_sheet_string(sheet, import->name)));
    json_object_set_new(object, "bound",
                        import->bound == DZ_NONE ? json_null()
                                                 : dz_text(dz_sheet_string(sheet, import->bound)));
    return object;
}

static int show_json(const struct dz_sheet *sheet, const char *path)
{
    json_t *elements = json_array(), *imports = json_array();
    uint32_t n_imports;
    const struct dz_import *import = dz_sheet_imports(sheet, &n_imports);
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++)
        json_array_append_new(elements, element_of(sheet, path, i));
    for (uint32_t i = 0; i < n_imports; i++)
        json_array_append_new(imports, import_of(sheet, &import[i]));
    const char *problem = dz_sheet_problem(sheet);
    json_t *all = json_pack("{so sI so so so}", "path", dz_text(path), "python_minor",
                            (json_int_t)dz_sheet_head(sheet)->minor, "problem",
                            problem ? dz_text(problem) : json_null(), "elements", elements,
                            "imports", imports);
    int r = all ? json_dumpf(all, stdout, JSON_INDENT(1) | JSON_ENSURE_ASCII) : -1;
    json_decref(all);
    putchar('\n');
    return r;
}

/* ---- text ---- */

static void show_text(const struct dz_sheet *sheet, const char *path)
{
    for (uint32_t i = 0; i < dz_sheet_n(sheet); i++) {
        const struct dz_element *element = dz_sheet_at(sheet, i);
        char hex[33];
        put_hex(hex, element->fingerprint);
        printf("%-10s %.12s  %5u-%-5u  %s::%s#%u\n", dz_element_kind_name(element->kind), hex,
               element->first_line, element->last_line, path, dz_sheet_string(sheet, element->name),
               element->k);
    }
}

/* Asked on standard input, a line each: co_firstlineno, 0 for a class's code or 1, co_qualname. Answered by the element's
 * number in --json, or -1. */
static void find_codes(const struct dz_sheet *sheet)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        int is_function = 0, at = 0;
        unsigned first_line = 0;
        if (sscanf(line, "%u %d %n", &first_line, &is_function, &at) < 2 || !at)
            continue;
        line[at + strcspn(line + at, "\n")] = 0;
        uint32_t found = dz_sheet_find_code(
            sheet, first_line, is_function ? DZ_CODE_FUNCTION : DZ_CODE_CLASS, line + at);
        printf("%" PRId64 "\n", found == DZ_NONE ? (int64_t)-1 : (int64_t)found);
    }
    free(line);
}

/* ---- the command ---- */

enum how { AS_TEXT, AS_JSON, FIND, CHECK };

static int cut(const struct dz_python *python, const char *state, struct dz_cut_file *file,
               struct dz_err *err)
{
    int r = dz_cut_hash(file->path, file->hash);
    if (r < 0)
        return dz_fail(err, r, "cannot read '%s'", file->path);
    r = dz_cut(python, state, file, 1, err);
    if (r == 0 && file->outcome != DZ_CUT_IS_THERE) {
        r = dz_fail(err, 0, "'%s': %s", file->path, file->text ? file->text : "no memory");
        return -EIO;
    }
    return r;
}

static int show(const struct dz_python *python, const char *state, const char *path, enum how how,
                struct dz_err *err)
{
    struct dz_cut_file file = {.path = path};
    int r = cut(python, state, &file, err);
    struct dz_sheet *sheet = r < 0 ? NULL : dz_sheets_read(state, python->version, file.hash, err);
    dz_cut_free(&file, 1);
    if (!sheet)
        return -1;
    if (how == AS_JSON)
        show_json(sheet, path);
    else if (how == FIND)
        find_codes(sheet);
    else
        show_text(sheet, path);
    const char *problem = dz_sheet_problem(sheet);
    if (problem)
        dz_fail(err, 0, "'%s' cannot be cut: %s", path, problem);
    r = problem ? -1 : 0;
    dz_sheet_free(sheet);
    return r;
}

/* Where no job has run yet there is no state, and none is begun for a question. */
static int show_aside(const struct dz_python *python, const char *path, enum how how,
                      struct dz_err *err)
{
    char folder[] = "/tmp/dagz-sheet-XXXXXX";
    if (!mkdtemp(folder))
        return dz_fail(err, -errno, "cannot make a folder in /tmp");
    int r = show(python, folder, path, how, err);
    struct dz_cut_file file = {.path = path};
    dz_auto char *kept = dz_cut_hash(path, file.hash) == 0
                             ? dz_sheets_path(folder, python->version, file.hash)
                             : NULL;
    dz_auto char *minor = dz_path_fmt("%s/sheets/%s", folder, python->version);
    dz_auto char *sheets = dz_path_fmt("%s/sheets", folder);
    if (kept)
        unlink(kept);
    if (minor)
        rmdir(minor);
    if (sheets)
        rmdir(sheets);
    rmdir(folder);
    return r;
}

/* One line for each file that has no sheet, or is none that python takes. */
static int tell(const struct dz_python *python, const char *state, const struct dz_cut_file *file)
{
    struct dz_err err;
    if (file->outcome != DZ_CUT_IS_THERE) {
        printf("%s: %s\n", file->path, file->text ? file->text : "no memory");
        return 1;
    }
    struct dz_sheet *sheet = dz_sheets_read(state, python->version, file->hash, &err);
    const char *problem = sheet ? dz_sheet_problem(sheet) : "no memory";
    if (problem)
        printf("%s: %s\n", file->path, problem);
    dz_sheet_free(sheet);
    return problem != NULL;
}

static int check(const struct dz_python *python, const char *state, char **paths, size_t n,
                 struct dz_err *err)
{
    struct dz_cut_file *files = dz_alloc(n * sizeof *files);
    if (!files)
        return dz_fail(err, -ENOMEM, "no memory for %zu files", n);
    for (size_t i = 0; i < n; i++) {
        files[i].path = paths[i];
        /* One that cannot be read has no such content either, and its answer says so. */
        dz_cut_hash(paths[i], files[i].hash);
    }
    int r = dz_cut(python, state, files, n, err), bad = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        bad += tell(python, state, &files[i]);
    dz_cut_free(files, n);
    dz_free(files);
    if (r == 0 && bad) {
        dz_fail(err, 0, "%d of %zu files cannot be cut", bad, n);
        r = -1;
    }
    return r;
}

struct question {
    char **paths;
    size_t n;
    enum how how;
};

static int read_question(struct question *question, int argc, char **argv)
{
    static const char *const options[] = {
        [AS_JSON] = "--json", [FIND] = "--find", [CHECK] = "--check"};
    *question = (struct question){.paths = argv + 1};
    for (int i = 1; i < argc; i++) {
        unsigned how = CHECK;
        while (how > AS_TEXT && strcmp(argv[i], options[how]) != 0)
            how--;
        if (how == AS_TEXT)
            question->paths[question->n++] = argv[i];
        else if (question->how == AS_TEXT)
            question->how = (enum how)how;
        else
            return 0;
    }
    return question->how == CHECK ? question->n > 0 : question->n == 1;
}

static int answer(const struct dz_python *python, const struct question *question,
                  struct dz_err *err)
{
    struct dz_err none;
    dz_auto char *state = dz_state_find(question->how == CHECK ? err : &none);
    if (question->how == CHECK)
        return state ? check(python, state, question->paths, question->n, err) : -1;
    return state ? show(python, state, question->paths[0], question->how, err)
                 : show_aside(python, question->paths[0], question->how, err);
}

int dz_command_sheet(int argc, char **argv)
{
    struct question question;
    struct dz_python python;
    struct dz_err err = {0};
    const char *self = argv[0];
    if (!read_question(&question, argc, argv)) {
        fprintf(stderr,
                "usage: dagz sheet FILE [--json | --find]\n       dagz sheet --check FILE...\n");
        return DZ_EXIT_USAGE;
    }
    int r = dz_python_find(&python, self, &err);
    if (r == 0)
        r = answer(&python, &question, &err);
    dz_python_free(&python);
    if (r == 0)
        return DZ_EXIT_FOUND;
    fprintf(stderr, "dagz: %s\n", err.text);
    return DZ_EXIT_UNKNOWN;
}

#include "cmdline.h"

#include <string.h>

/* The options that take an argument, in the same word or as the next one (Python/getopt.c of
 * CPython 3.10 to 3.14). -c and -m end python's options, all that follows is the program's; so does
 * -h, -? or -V, as nothing is run then. */
static const char with_argument[] = "WX";
static const char runs_nothing[] = "hV?";
static const char *const long_with_argument = "--check-hash-based-pycs";

struct cursor {
    struct dz_cmdline *ret;
    int argc, next;
    char **argv;
};

/* The rest of the word, or else the next word. */
static const char *take_argument(struct cursor *cursor, const char *after)
{
    if (*after)
        return after;
    return cursor->next < cursor->argc ? cursor->argv[cursor->next++] : NULL;
}

/* One word of options such as -Im. Returns 1 when it was python's last. */
static int read_cluster(struct cursor *cursor, const char *option)
{
    for (; *option; option++) {
        if (strchr(runs_nothing, *option) || *option == 'c') {
            take_argument(cursor, option + 1);
            return 1;
        }
        if (*option == 'm') {
            cursor->ret->module = take_argument(cursor, option + 1);
            return 1;
        }
        if (strchr(with_argument, *option)) {
            take_argument(cursor, option + 1);
            return 0;
        }
    }
    return 0;
}

static int read_long(struct cursor *cursor, const char *word)
{
    if (strcmp(word, long_with_argument) == 0) {
        take_argument(cursor, "");
        return 0;
    }
    return 1; /* --help, --version and the like */
}

void dz_cmdline_read(struct dz_cmdline *ret, int argc, char **argv)
{
    *ret = (struct dz_cmdline){0};
    struct cursor cursor = {.ret = ret, .argc = argc, .next = 1, .argv = argv};
    int ended = 0;
    while (!ended && cursor.next < argc) {
        const char *word = argv[cursor.next];
        if (word[0] != '-' || !word[1])
            break;
        cursor.next++;
        if (strcmp(word, "--") == 0)
            break;
        ended = word[1] == '-' ? read_long(&cursor, word) : read_cluster(&cursor, word + 1);
    }
    if (!ended && cursor.next < argc)
        ret->script = argv[cursor.next++];
    ret->rest = cursor.next;
}

int dz_cmdline_is_pytest(const struct dz_cmdline *cmdline)
{
    if (cmdline->module)
        return strcmp(cmdline->module, "pytest") == 0;
    if (!cmdline->script)
        return 0;
    const char *slash = strrchr(cmdline->script, '/');
    const char *name = slash ? slash + 1 : cmdline->script;
    return strcmp(name, "pytest") == 0 || strcmp(name, "py.test") == 0;
}

int dz_cmdline_has(const struct dz_cmdline *cmdline, int argc, char **argv, const char *word)
{
    for (int i = cmdline->rest; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], word) == 0)
            return 1;
    return 0;
}

int dz_line_has(const char *line, const char *word)
{
    char quote = 0;
    size_t matched = 0;
    int differs = 0;
    for (; line && *line; line++) {
        if (!quote && strchr(" \t\n", *line)) {
            if (!differs && matched == strlen(word))
                return 1;
            matched = 0;
            differs = 0;
        } else if (*line == quote) {
            quote = 0;
        } else if (!quote && strchr("'\"", *line)) {
            quote = *line;
        } else if (!differs && word[matched] == *line) {
            matched++;
        } else {
            differs = 1;
        }
    }
    return line && !differs && matched == strlen(word);
}

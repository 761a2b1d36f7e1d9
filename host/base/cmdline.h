/* What python would run, read off its command line as python itself reads it. */
#pragma once

struct dz_cmdline {
    const char *module; /* -m NAME, or NULL */
    const char *script; /* the file to run, or NULL */
    int rest;           /* argv's index of the program's own first argument */
};

void dz_cmdline_read(struct dz_cmdline *ret, int argc, char **argv);

/* `-m pytest`, or pytest's console script. */
int dz_cmdline_is_pytest(const struct dz_cmdline *cmdline);

/* Whether the program's own options, up to a "--", have this word. */
int dz_cmdline_has(const struct dz_cmdline *cmdline, int argc, char **argv, const char *word);

/* Whether a line, split as a shell would, has this word; NULL has none. Quotes join words, and fall off. */
int dz_line_has(const char *line, const char *word);

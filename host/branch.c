#include "branch.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The first that is set tells: a pull request's own branch before what it is merged into. */
static const char *const ci_variables[] = {
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", /* GitLab */
    "CI_COMMIT_BRANCH",
    "CHANGE_BRANCH", /* Jenkins */
    "BRANCH_NAME",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH", /* Azure */
    "BUILD_SOURCEBRANCH",
    "BITBUCKET_BRANCH",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "TRAVIS_PULL_REQUEST_BRANCH",
    "TRAVIS_BRANCH",
    "DRONE_SOURCE_BRANCH",
};

/* ---- git's folder ---- */

/* The first line; NULL where there is none. */
static char *read_line(const char *path)
{
    dz_autobuf struct dz_buf text = {0};
    if (dz_file_read(path, &text) < 0 || !text.len)
        return NULL;
    const char *end = memchr(text.data, '\n', text.len);
    size_t size = end ? (size_t)(end - text.data) : text.len;
    while (size && (text.data[size - 1] == '\r' || text.data[size - 1] == ' '))
        size--;
    return size ? dz_memdup(text.data, size) : NULL;
}

static char *line_of(const char *folder, const char *name)
{
    dz_auto char *path = dz_path_fmt("%s/%s", folder, name);
    return path ? read_line(path) : NULL;
}

static const char *behind(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text && strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

/* Joined, where the path is relative. */
static char *join(const char *folder, const char *path)
{
    return path[0] == '/' ? dz_strdup(path) : dz_path_fmt("%s/%s", folder, path);
}

/* .git is a file in worktrees and submodules, that says where the folder is. */
static char *git_of(const char *folder)
{
    dz_auto char *git = dz_path_fmt("%s/.git", folder);
    struct stat status;
    if (!git || stat(git, &status) < 0)
        return NULL;
    if (S_ISDIR(status.st_mode))
        return dz_strdup(git);
    dz_auto char *line = read_line(git);
    const char *path = behind(line, "gitdir: ");
    return path ? join(folder, path) : NULL;
}

static char *find_git(const char *folder)
{
    char *at = dz_path_absolute(folder);
    while (at) {
        char *git = git_of(at);
        char *above = !git && strcmp(at, "/") != 0 ? dz_path_folder(at) : NULL;
        dz_free(at);
        if (git)
            return git;
        at = above;
    }
    return NULL;
}

/* Worktrees share the repository's refs. */
static char *common_of(const char *git)
{
    dz_auto char *line = line_of(git, "commondir");
    return line ? join(git, line) : dz_strdup(git);
}

/* ---- the branch ---- */

const char *dz_branch_name(const char *ref)
{
    static const char *const prefixes[] = {"refs/heads/", "refs/remotes/", "origin/"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const char *rest = behind(ref, prefixes[i]);
        ref = rest ? rest : ref;
        if (rest && i == 0)
            break;
    }
    return ref;
}

/* A bisection that began on a detached head tells the commit. */
static int is_commit(const char *text)
{
    size_t size = strlen(text);
    return size >= 40 && strspn(text, "0123456789abcdef") == size;
}

/* The branch that git goes back to when it is through. */
static char *branch_left_by(const char *git)
{
    static const char *const names[] = {"rebase-merge/head-name", "rebase-apply/head-name",
                                        "BISECT_START"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dz_auto char *line = line_of(git, names[i]);
        if (line && strcmp(line, "detached HEAD") != 0 && !is_commit(line))
            return dz_strdup(dz_branch_name(line));
    }
    return NULL;
}

static char *branch_by_ci(void)
{
    for (size_t i = 0; i < sizeof ci_variables / sizeof *ci_variables; i++) {
        const char *value = getenv(ci_variables[i]);
        if (value && *value)
            return dz_strdup(dz_branch_name(value));
    }
    return NULL;
}

/* Where refs are kept in tables, HEAD names what cannot be. */
static const char *branch_in(const char *head)
{
    const char *ref = behind(head, "ref: ");
    return ref && strcmp(ref, "refs/heads/.invalid") != 0 ? dz_branch_name(ref) : NULL;
}

char *dz_branch_of(const char *folder)
{
    dz_auto char *git = find_git(folder);
    dz_auto char *head = git ? line_of(git, "HEAD") : NULL;
    const char *branch = branch_in(head);
    if (branch)
        return dz_strdup(branch);
    char *other = git ? branch_left_by(git) : NULL;
    if (!other)
        other = branch_by_ci();
    return other ? other : dz_strdup(git ? DZ_BRANCH_DETACHED : DZ_BRANCH_NO_GIT);
}

char *dz_branch_main(const char *folder)
{
    dz_auto char *git = find_git(folder);
    dz_auto char *common = git ? common_of(git) : NULL;
    dz_auto char *head = common ? line_of(common, "refs/remotes/origin/HEAD") : NULL;
    const char *ref = behind(head, "ref: ");
    return ref ? dz_strdup(dz_branch_name(ref)) : NULL;
}

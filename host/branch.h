/* The branch that is checked out, from git's files; git is not run.
 *
 * During a rebase or a bisection, it is the branch that this began on. Of any other detached head, as CI systems check them
 * out, it is the one that the CI system's variables tell: GITHUB_HEAD_REF, CI_COMMIT_BRANCH and the like (branch.c has
 * them all). */
#pragma once

/* All detached heads of which nothing tells a branch, and all trees without git, are as one branch each. */
#define DZ_BRANCH_DETACHED "detached"
#define DZ_BRANCH_NO_GIT "no-git"

/* Of the tree that the folder is in. To be freed; NULL when there is no memory. */
char *dz_branch_of(const char *folder);
/* What others branch from: where origin's HEAD leads. To be freed; NULL where that is not known. */
char *dz_branch_main(const char *folder);
/* The name of a branch that may be given with its remote, or as refs/heads/NAME. Lent. */
const char *dz_branch_name(const char *ref);

#include "learn.h"

void dz_learn(const struct dz_choice *of, const char *folder, const struct dz_run_tests *tests,
              struct dz_buf *text)
{
    (void)of, (void)folder, (void)tests, (void)text;
}

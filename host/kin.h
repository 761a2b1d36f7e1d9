/* The dagz-python that started us. */
#pragma once

/* The python it runs, as its environment told it when it started; NULL when our parent is no
 * dagz-python, or was told nothing. So sys.executable is good to start children with, whatever
 * environment they are given. */
char *dz_kin_python(void);

/* One interpreter, as python's own main makes it (Py_BytesMain), step by step the same: so every
 * switch, variable, locale and exit code is python's.
 *
 * The program's name is the python's whose environment this is, so that prefixes, pyvenv.cfg and
 * sys._base_executable come out as its own; only afterwards sys.executable becomes ours. Code that
 * `site` runs
 * (.pth files, sitecustomize) still sees the python there. Giving PyConfig.executable beforehand
 * would change that, but getpath searches the virtual environment by it. */
#include "embed.h"

#include "cut/cut.h"
#include "glue.h"
#include "pycompat.h"

#include "../host/base/cmdline.h"
#include "../host/base/wire.h"

#include <stdio.h>
#include <string.h>

static PyStatus initialise(PyConfig *config, const struct dz_heritage *heritage, int argc,
                           char **argv)
{
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    PyStatus status = Py_PreInitializeFromBytesArgs(&preconfig, argc, argv);
    if (PyStatus_Exception(status))
        return status;
    status = PyConfig_SetBytesArgv(config, argc, argv);
    if (PyStatus_Exception(status))
        return status;
    status = PyConfig_SetBytesString(config, &config->program_name, heritage->python);
    if (PyStatus_Exception(status))
        return status;
    return Py_InitializeFromConfig(config);
}

/* Nothing of ours comes in, unless the program is pytest. */
static int needs_glue(const struct dz_heritage *heritage, int argc, char **argv)
{
    if (heritage->role != DZ_ROLE_PYTHON)
        return 1;
    struct dz_cmdline cmdline;
    dz_cmdline_read(&cmdline, argc, argv);
    return dz_cmdline_is_pytest(&cmdline);
}

static int settle(const struct dz_heritage *heritage, int argc, char **argv)
{
    if (dz_set_executable(heritage->executable) < 0)
        return -1;
    return needs_glue(heritage, argc, argv) ? dz_glue_arm(heritage) : 0;
}

static int is_built_for(const char *version)
{
    static const char own[] = Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION) ".";
#ifdef Py_GIL_DISABLED
    int is_free = 1;
#else
    int is_free = 0;
#endif
    return strncmp(version, own, sizeof own - 1) == 0 &&
           (strstr(version, "free-threading build") != NULL) == is_free;
}

/* What a struct of the interpreter's holds, and what a message says, is another matter in each version: looked at before
 * anything of either is used. */
static int fits(const struct dz_heritage *heritage)
{
    if (heritage->version != dz_wire_version())
        fprintf(stderr,
                "dagz-python: dagz-embed-%s.so is of another DAGZ than dagz-python: install both "
                "of one "
                "build\n",
                DZ_PYTHON_VERSION);
    else if (!is_built_for(Py_GetVersion()))
        fprintf(
            stderr,
            "dagz-python: '%s' is CPython %s, and what was opened for it was built for %s: build "
            "DAGZ again, with `meson setup -Dpythons=%s`\n",
            heritage->python, Py_GetVersion(), DZ_PYTHON_VERSION, heritage->python);
    else
        return 1;
    return 0;
}

int dagz_embed_main(const struct dz_heritage *heritage, int argc, char **argv)
{
    if (!fits(heritage))
        return DZ_LEAVE_UNFIT;
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    PyStatus status = initialise(&config, heritage, argc, argv);
    PyConfig_Clear(&config);
    if (PyStatus_IsExit(status))
        return status.exitcode;
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
    if (heritage->role == DZ_ROLE_CUT)
        return dz_cut_serve(heritage->socket);
    if (settle(heritage, argc, argv) < 0) {
        PyErr_Print();
        Py_FinalizeEx();
        return 1;
    }
    return Py_RunMain();
}

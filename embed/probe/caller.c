#include "caller.h"

#include "code.h"

#include <string.h>

/* Never by a call that may allocate: names that are not ASCII pass for one of the project. */
static const char *file_of(dz_frame *frame)
{
    PyCodeObject *code = dz_frame_code(frame);
    /* The ends of C calls carry others. */
    if (!code || Py_TYPE(code) != &PyCode_Type)
        return NULL;
    PyObject *file = code->co_filename;
    if (!PyUnicode_IS_COMPACT_ASCII(file))
        return "?";
    return (const char *)((PyASCIIObject *)file + 1);
}

const char *dz_caller(int (*passes)(const char *file))
{
    PyThreadState *thread = PyGILState_GetThisThreadState();
    dz_frame *frame = thread ? dz_frame_of(thread) : NULL;
    for (; frame; frame = dz_frame_outer(frame)) {
        const char *file = file_of(frame);
        if (file && !passes(file))
            return file;
    }
    return "";
}

int dz_caller_is_library(const char *file)
{
    const char *library = dz_code_library();
    size_t size = strlen(library);
    if (*file == '<')
        return 1;
    return size && strncmp(file, library, size) == 0 && file[size] == '/' &&
           strncmp(file + size, "/site-packages/", 15) != 0;
}

static int is_in_package(const char *file, const char *name)
{
    const char *packages = strstr(file, "-packages/");
    return packages && strncmp(packages + strlen("-packages/"), name, strlen(name)) == 0;
}

/* What it is made of. As it is installed: a project may lie in a folder of any name. */
int dz_caller_is_pytests(const char *file)
{
    static const char *const names[] = {"_pytest/", "pytest/", "pluggy/", "iniconfig/"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (is_in_package(file, names[i]))
            return 1;
    return 0;
}

/* py.path, of which pytest has a copy: whoever has one of its paths asks by it, as by pathlib. */
static int only_helps(const char *file)
{
    return dz_caller_is_library(file) || is_in_package(file, "_pytest/_py/");
}

int dz_caller_is_pytest(void)
{
    return dz_caller_is_pytests(dz_caller(only_helps));
}

int dz_caller_is_pytests_cache(void)
{
    return is_in_package(dz_caller(only_helps), "_pytest/cacheprovider.py");
}

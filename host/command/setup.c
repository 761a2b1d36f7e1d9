/* `dagz setup PYTHON`: a .pth file in that python's site-packages leads to our plugin for a stock pytest. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../ask.h"
#include "../base/mem.h"
#include "../path.h"

/* Where the plugin lies: beside the executable as it was built, or in lib/dagz as it was installed. */
static char *find_plugin(void)
{
    static const char *const places[] = {"stock", "../lib/dagz/stock"};
    dz_auto char *self = dz_path_real("/proc/self/exe");
    dz_auto char *folder = self ? dz_path_folder(self) : NULL;
    for (size_t i = 0; folder && i < sizeof places / sizeof *places; i++) {
        dz_auto char *place = dz_path_fmt("%s/%s", folder, places[i]);
        dz_auto char *plugin = place ? dz_path_fmt("%s/dagz_plugin.py", place) : NULL;
        if (plugin && dz_path_exists(plugin))
            return dz_path_real(place);
    }
    return NULL;
}

static char *site_packages(const char *python)
{
    dz_autobuf struct dz_buf said = {0};
    if (dz_ask(&said, python, "import sysconfig; print(sysconfig.get_path('purelib'))") < 0 ||
        !dz_buf_ok(&said))
        return NULL;
    size_t size = strcspn(said.data, "\n");
    return size ? dz_memdup(said.data, size) : NULL;
}

static int write_pth(const char *path, const char *plugin)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return -errno;
    fprintf(file, "%s\n", plugin);
    return fclose(file) == 0 ? 0 : -errno;
}

int dz_command_setup(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: dagz setup PYTHON (the path of a python executable)\n");
        return DZ_EXIT_USAGE;
    }
    dz_auto char *plugin = find_plugin();
    if (!plugin) {
        fprintf(stderr, "dagz: the plugin is neither beside this executable nor in "
                        "../lib/dagz/stock; install DAGZ again\n");
        return DZ_EXIT_UNKNOWN;
    }
    dz_auto char *packages = site_packages(argv[1]);
    if (!packages) {
        fprintf(stderr,
                "dagz: '%s' does not say where its packages are: is it a python executable?\n",
                argv[1]);
        return DZ_EXIT_UNKNOWN;
    }
    dz_auto char *path = dz_path_fmt("%s/dagz.pth", packages);
    int r = path ? write_pth(path, plugin) : -ENOMEM;
    if (r < 0) {
        fprintf(stderr, "dagz: cannot write '%s/dagz.pth': %s\n", packages, strerror(-r));
        return DZ_EXIT_UNKNOWN;
    }
    printf("%s: python -m pytest --dagz starts a job now; remove the file to undo it\n", path);
    return DZ_EXIT_FOUND;
}

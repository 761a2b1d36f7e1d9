#include "zone.h"

#include "../log.h"
#include "../span.h"
#include "pairs.h"
#include "path.h"

#include "../../host/base/mem.h"

#include <fcntl.h>
#include <string.h>

static struct {
    newfunc make;
    PyObject *find;        /* zoneinfo._tzpath.find_tzfile */
    struct dz_pairs zones; /* which source, + 1 */
    struct source {
        char *key, *path; /* path: "" where it came from a package */
    } * sources;
    uint32_t n;
} state;

static struct source *add(const char *key)
{
    dz_autopy PyObject *found = PyObject_CallFunction(state.find, "s", key);
    const char *path = found && PyUnicode_Check(found) ? PyUnicode_AsUTF8(found) : NULL;
    struct source *sources = dz_realloc(state.sources, (state.n + 1) * sizeof *sources);
    if (!sources)
        return NULL;
    state.sources = sources;
    struct source source = {dz_strdup(key), dz_strdup(path ? path : "")};
    if (!source.key || !source.path) {
        dz_free(source.key);
        dz_free(source.path);
        return NULL;
    }
    sources[state.n] = source;
    return &sources[state.n++];
}

/* The file is looked for when the zone is met, and not again: the folders may be others by now. Where another
 * zone lay that is gone, its key tells. */
static struct source *source_of(PyObject *zone, const char *key)
{
    struct dz_pair *known = dz_pairs_at(&state.zones, zone, NULL);
    if (!known)
        return NULL;
    if (known->value && strcmp(state.sources[known->value - 1].key, key) == 0)
        return &state.sources[known->value - 1];
    struct source *source = add(key);
    known->value = source ? state.n : 0;
    return source;
}

static void tell(PyObject *zone)
{
    dz_autopy PyObject *keep = NULL;
    const char *key = dz_attribute_text(zone, "key", &keep, NULL);
    const struct source *source = key ? source_of(zone, key) : NULL;
    if (key && !source)
        dz_log_give_up();
    if (source && *source->path)
        dz_path_seen(DZ_FACT_CONTENT, AT_FDCWD, source->path, 0, 0);
    PyErr_Clear();
}

static PyObject *make(PyTypeObject *type, PyObject *args, PyObject *names)
{
    PyObject *zone = state.make(type, args, names);
    if (zone && dz_span_is_on())
        tell(zone);
    return zone;
}

int dz_zone_watch(PyObject *module)
{
    dz_autopy PyObject *type = PyObject_GetAttrString(module, "ZoneInfo");
    dz_autopy PyObject *paths = type ? PyObject_GetAttrString(module, "_tzpath") : NULL;
    state.find = paths ? PyObject_GetAttrString(paths, "find_tzfile") : NULL;
    if (!state.find || !PyType_Check(type))
        return -1;
    if (((PyTypeObject *)type)->tp_new == make)
        return 0;
    state.make = ((PyTypeObject *)type)->tp_new;
    ((PyTypeObject *)type)->tp_new = make;
    return 0;
}

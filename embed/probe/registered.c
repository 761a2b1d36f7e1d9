#include "registered.h"

#include "../log.h"
#include "../span.h"
#include "../stand_in.h"
#include "caller.h"
#include "code.h"
#include "kept.h"
#include "pairs.h"

/* Leant on by each isinstance that says yes of the registered class, or of one below it: without the registration it might
 * say no. That it is of another abstract class is not asked; one may be registered with the other. From the first
 * registration on isinstance of abstract classes goes by us, before that it is as it was. */

static struct {
    struct dz_pairs
        spans; /* of a registered class, by its address: a later one that lies there leans too much */
    struct dz_kept
        abstract; /* of all abstract classes that were registered: what is below them, is not to be seen */
    int is_watched;
} state;

static void lean(struct dz_pair *registered)
{
    uint32_t current = dz_span_current();
    if (registered->leant == current && current)
        return;
    registered->leant = current;
    dz_span_lean(registered->value);
}

static void use(PyTypeObject *type)
{
    for (Py_ssize_t i = 0; type->tp_mro && i < PyTuple_GET_SIZE(type->tp_mro); i++) {
        struct dz_pair *registered =
            dz_pairs_find(&state.spans, PyTuple_GET_ITEM(type->tp_mro, i), NULL);
        if (registered)
            lean(registered);
    }
    dz_kept_use(&state.abstract);
}

/* abc._abc_instancecheck(cls, instance) */
static PyObject *check_instance(PyObject *inner, PyObject *const *args, size_t nargsf,
                                PyObject *names)
{
    PyObject *answer = PyObject_Vectorcall(inner, args, nargsf, names);
    if (answer == Py_True && PyVectorcall_NARGS(nargsf) == 2)
        use(Py_TYPE(args[1]));
    return answer;
}

/* abc._abc_subclasscheck(cls, subclass) */
static PyObject *check_class(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *answer = PyObject_Vectorcall(inner, args, nargsf, names);
    if (answer == Py_True && PyVectorcall_NARGS(nargsf) == 2 && PyType_Check(args[1]))
        use((PyTypeObject *)args[1]);
    return answer;
}

/* ---- a registration ---- */

static int watch(void)
{
    dz_autopy PyObject *module = state.is_watched ? NULL : PyImport_ImportModule("abc");
    if (module && dz_stand_in(module, "_abc_instancecheck", check_instance) == 0 &&
        dz_stand_in(module, "_abc_subclasscheck", check_class) == 0)
        state.is_watched = 1;
    PyErr_Clear();
    return state.is_watched ? 0 : -1;
}

static uint32_t new_span(void)
{
    return dz_span_new(DZ_SPAN_CACHE, "abc.ABC.register", 16);
}

/* One that stands for both. */
static uint32_t join(uint32_t one, uint32_t other)
{
    struct dz_kept both = {0};
    dz_kept_renew(&both, new_span(), 0);
    dz_kept_lean(&both, one);
    dz_kept_lean(&both, other);
    dz_span_close(both.span);
    return both.span;
}

static int is_abstract(PyObject *class)
{
    int is = PyObject_HasAttrString(class, "_abc_impl");
    PyErr_Clear();
    return is;
}

static void remember(PyObject *class, uint32_t span)
{
    struct dz_pair *registered = dz_pairs_at(&state.spans, class, NULL);
    if (!registered || watch() < 0) {
        dz_log_give_up();
        return;
    }
    registered->value =
        registered->value && registered->value != span ? join(registered->value, span) : span;
    registered->leant = span;
    if (!is_abstract(class))
        return;
    if (!dz_kept_is_ours(&state.abstract))
        dz_kept_renew(&state.abstract, new_span(), 1);
    dz_kept_lean(&state.abstract, span);
}

/* What packages register when they are imported is there with them. */
static int is_projects(void)
{
    return dz_code_is_project(dz_caller(dz_caller_is_library));
}

PyObject *dz_registered(PyObject *inner, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *class = PyObject_Vectorcall(inner, args, nargsf, names);
    uint32_t span = dz_span_current();
    if (class && PyVectorcall_NARGS(nargsf) == 2 && span && span != DZ_SPAN_OF_LOAD &&
        is_projects())
        remember(args[1], span);
    return class;
}

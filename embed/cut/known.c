/* A name that is missing in `local` costs an effect where there could be a binding; one too many hides an effect, so
 * whoever adds one has looked into what it does. */
#include "known.h"

#include "../../host/base/sheet_format.h"

#include <stdlib.h>
#include <string.h>

/* Words that many others use, too, say what is here said of them only in a source that has `beside` anywhere: nobody comes by
 * inspect.stack, by whatever name, without it. Of a builtin's name
 * it is said wherever it stands alone. */
struct mention {
    const char *name;
    uint32_t flags;
    enum beside {
        ALONE,
        INSPECT,
        LINECACHE,
        TRACEBACK,
        BUILTIN,
    } beside;
};

static const char *const besides[] = {[INSPECT] = "inspect",
                                      [LINECACHE] = "linecache",
                                      [TRACEBACK] = "traceback",
                                      [BUILTIN] = "builtin"};

enum {
    POSITION = DZ_NAMES_POSITION,
    INSPECTION = DZ_NAMES_INSPECTION,
    LOOKUP = DZ_NAMES_LOOKUP,
    NAMESPACE = DZ_NAMES_NAMESPACE,
    ATTRIBUTES = DZ_NAMES_ATTRIBUTES,
    ANNOTATIONS = DZ_NAMES_ANNOTATIONS,
    PARAMETERS = DZ_NAMES_PARAMETERS,
};

/* Sorted: it is searched by halves, once for each name of a source. */
static const struct mention mentions[] = {
    {"FrameSummary", POSITION, ALONE},
    {"StackSummary", POSITION, ALONE},
    {"TracebackException", POSITION, ALONE},
    {"__annotate__", ANNOTATIONS, ALONE},
    {"__annotations__", ANNOTATIONS, ALONE},
    {"__closure__", INSPECTION, ALONE},
    {"__code__", INSPECTION, ALONE},
    {"__defaults__", INSPECTION, ALONE},
    {"__dict__", NAMESPACE, ALONE},
    {"__doc__", INSPECTION, ALONE},
    {"__getattribute__", ATTRIBUTES, ALONE},
    {"__globals__", NAMESPACE, ALONE},
    {"__import__", LOOKUP, ALONE},
    {"__kwdefaults__", INSPECTION, ALONE},
    {"__signature__", INSPECTION | ANNOTATIONS, ALONE},
    {"__subclasses__", DZ_NAMES_SUBCLASSES, ALONE},
    {"_getframe", POSITION | NAMESPACE, ALONE},
    {"attrgetter", ATTRIBUTES, ALONE},
    {"callspec", PARAMETERS, ALONE},
    {"cloudpickle", INSPECTION, ALONE},
    {"co_consts", INSPECTION, ALONE},
    {"co_firstlineno", POSITION, ALONE},
    {"co_lines", POSITION, ALONE},
    {"co_lnotab", POSITION, ALONE},
    {"co_names", INSPECTION, ALONE},
    {"co_positions", POSITION, ALONE},
    {"copyreg", INSPECTION, ALONE},
    {"currentframe", POSITION | NAMESPACE, ALONE},
    {"delattr", ATTRIBUTES, ALONE},
    {"dill", INSPECTION, ALONE},
    {"dir", NAMESPACE, BUILTIN},
    {"dis", INSPECTION, ALONE},
    {"entry_points", LOOKUP, ALONE},
    {"eval", DZ_NAMES_CODE, BUILTIN},
    {"exec", DZ_NAMES_CODE, BUILTIN},
    {"exec_module", LOOKUP, ALONE},
    {"extract_stack", POSITION, ALONE},
    {"extract_tb", POSITION, ALONE},
    {"f_builtins", NAMESPACE, ALONE},
    {"f_globals", NAMESPACE, ALONE},
    {"f_lineno", POSITION, ALONE},
    {"f_locals", NAMESPACE, ALONE},
    {"find_class", LOOKUP, ALONE},
    {"find_loader", LOOKUP, ALONE},
    {"find_module", LOOKUP, ALONE},
    {"find_spec", LOOKUP, ALONE},
    {"findsource", POSITION, INSPECT},
    {"format_exc", POSITION, ALONE},
    {"format_exception", POSITION, ALONE},
    {"format_list", POSITION, TRACEBACK},
    {"format_stack", POSITION, ALONE},
    {"format_tb", POSITION, ALONE},
    {"get_annotations", ANNOTATIONS, ALONE},
    {"get_data", LOOKUP, ALONE},
    {"get_type_hints", ANNOTATIONS, ALONE},
    {"getattr", ATTRIBUTES, ALONE},
    {"getattr_static", ATTRIBUTES, ALONE},
    {"getblock", POSITION, INSPECT},
    {"getcomments", POSITION, INSPECT},
    {"getdoc", INSPECTION, ALONE},
    {"getframeinfo", POSITION, ALONE},
    {"getfullargspec", INSPECTION | ANNOTATIONS, ALONE},
    {"getinnerframes", POSITION, ALONE},
    {"getline", POSITION | LOOKUP, LINECACHE},
    {"getlines", POSITION | LOOKUP, LINECACHE},
    {"getmembers", NAMESPACE, INSPECT},
    {"getmodule", LOOKUP, ALONE},
    {"getouterframes", POSITION, ALONE},
    {"getsource", POSITION | INSPECTION, ALONE},
    {"getsourcefile", POSITION, ALONE},
    {"getsourcelines", POSITION | INSPECTION, ALONE},
    {"globals", NAMESPACE, BUILTIN},
    {"hasattr", ATTRIBUTES, ALONE},
    {"help", INSPECTION, BUILTIN},
    {"import_module", LOOKUP, ALONE},
    {"import_string", LOOKUP, ALONE},
    {"importlib", LOOKUP, ALONE},
    {"inspect", INSPECTION, ALONE},
    {"iter_markers", PARAMETERS, ALONE},
    {"iter_markers_with_node", PARAMETERS, ALONE},
    {"iter_modules", LOOKUP, ALONE},
    {"linecache", POSITION | LOOKUP, ALONE},
    {"load_module", LOOKUP, ALONE},
    {"locals", NAMESPACE, BUILTIN},
    {"marshal", INSPECTION, ALONE},
    {"methodcaller", ATTRIBUTES, ALONE},
    {"module_from_spec", LOOKUP, ALONE},
    {"own_markers", PARAMETERS, ALONE},
    {"param_index", PARAMETERS, ALONE},
    {"parametrize", PARAMETERS, ALONE},
    {"pickle", INSPECTION | LOOKUP, ALONE},
    {"pkgutil", LOOKUP, ALONE},
    {"print_exc", POSITION, ALONE},
    {"print_exception", POSITION, ALONE},
    {"print_stack", POSITION, ALONE},
    {"print_tb", POSITION, ALONE},
    {"pydoc", INSPECTION, ALONE},
    {"pytestmark", PARAMETERS, ALONE},
    {"resolve_name", LOOKUP, ALONE},
    {"run_module", LOOKUP, ALONE},
    {"run_path", LOOKUP, ALONE},
    {"runpy", LOOKUP, ALONE},
    {"setattr", ATTRIBUTES, ALONE},
    {"shelve", INSPECTION | LOOKUP, ALONE},
    {"signature", INSPECTION | ANNOTATIONS, INSPECT},
    {"stack", POSITION | NAMESPACE, INSPECT},
    {"tb_frame", POSITION | NAMESPACE, ALONE},
    {"tb_lineno", POSITION, ALONE},
    {"unwrap", INSPECTION, INSPECT},
    {"vars", NAMESPACE, BUILTIN},
    {"walk_packages", LOOKUP, ALONE},
    {"walk_stack", POSITION, ALONE},
    {"walk_tb", POSITION, ALONE},
};

static const char *const local[] = {
    "abc.ABC",
    "abc.ABCMeta",
    "abc.abstractmethod",
    "builtins.ArithmeticError",
    "builtins.AssertionError",
    "builtins.AttributeError",
    "builtins.BaseException",
    "builtins.BaseExceptionGroup",
    "builtins.BlockingIOError",
    "builtins.BrokenPipeError",
    "builtins.BufferError",
    "builtins.BytesWarning",
    "builtins.ChildProcessError",
    "builtins.ConnectionAbortedError",
    "builtins.ConnectionError",
    "builtins.ConnectionRefusedError",
    "builtins.ConnectionResetError",
    "builtins.DeprecationWarning",
    "builtins.EOFError",
    "builtins.Exception",
    "builtins.ExceptionGroup",
    "builtins.FileExistsError",
    "builtins.FileNotFoundError",
    "builtins.FloatingPointError",
    "builtins.FutureWarning",
    "builtins.GeneratorExit",
    "builtins.IOError",
    "builtins.ImportError",
    "builtins.ImportWarning",
    "builtins.IndexError",
    "builtins.InterruptedError",
    "builtins.IsADirectoryError",
    "builtins.KeyError",
    "builtins.KeyboardInterrupt",
    "builtins.LookupError",
    "builtins.MemoryError",
    "builtins.ModuleNotFoundError",
    "builtins.NameError",
    "builtins.NotADirectoryError",
    "builtins.NotImplementedError",
    "builtins.OSError",
    "builtins.OverflowError",
    "builtins.PendingDeprecationWarning",
    "builtins.PermissionError",
    "builtins.ProcessLookupError",
    "builtins.RecursionError",
    "builtins.ReferenceError",
    "builtins.ResourceWarning",
    "builtins.RuntimeError",
    "builtins.RuntimeWarning",
    "builtins.StopAsyncIteration",
    "builtins.StopIteration",
    "builtins.SyntaxError",
    "builtins.SyntaxWarning",
    "builtins.SystemError",
    "builtins.SystemExit",
    "builtins.TimeoutError",
    "builtins.TypeError",
    "builtins.UnicodeDecodeError",
    "builtins.UnicodeEncodeError",
    "builtins.UnicodeError",
    "builtins.UserWarning",
    "builtins.ValueError",
    "builtins.Warning",
    "builtins.ZeroDivisionError",
    "builtins.bool",
    "builtins.bytearray",
    "builtins.bytes",
    "builtins.chr",
    "builtins.classmethod",
    "builtins.complex",
    "builtins.dict",
    "builtins.enumerate",
    "builtins.float",
    "builtins.frozenset",
    "builtins.int",
    "builtins.isinstance",
    "builtins.issubclass",
    "builtins.len",
    "builtins.list",
    "builtins.object",
    "builtins.ord",
    "builtins.property",
    "builtins.range",
    "builtins.reversed",
    "builtins.set",
    "builtins.slice",
    "builtins.sorted",
    "builtins.staticmethod",
    "builtins.str",
    "builtins.tuple",
    "builtins.zip",
    "collections.ChainMap",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.deque",
    "collections.namedtuple",
    "contextlib.AbstractAsyncContextManager",
    "contextlib.AbstractContextManager",
    "contextlib.asynccontextmanager",
    "contextlib.contextmanager",
    "contextlib.nullcontext",
    "contextlib.suppress",
    "contextvars.ContextVar",
    "dataclasses.dataclass",
    "dataclasses.field",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "enum.Enum",
    "enum.Flag",
    "enum.IntEnum",
    "enum.IntFlag",
    "enum.StrEnum",
    "enum.auto",
    "enum.unique",
    "fractions.Fraction",
    "functools.cache",
    "functools.cached_property",
    "functools.lru_cache",
    "functools.partial",
    "functools.partialmethod",
    "functools.total_ordering",
    "functools.wraps",
    "itertools.chain",
    "itertools.count",
    "itertools.product",
    "logging.getLogger",
    "operator.attrgetter",
    "operator.itemgetter",
    "operator.methodcaller",
    "os.path.abspath",
    "os.path.basename",
    "os.path.dirname",
    "os.path.join",
    "pathlib.Path",
    "pathlib.PurePath",
    "pathlib.PurePosixPath",
    "pytest.fixture",
    "pytest.mark.*",
    "pytest.param",
    "re.compile",
    "re.escape",
    "string.Template",
    "struct.Struct",
    "struct.calcsize",
    "textwrap.dedent",
    "threading.Lock",
    "threading.RLock",
    "threading.local",
    "types.MappingProxyType",
    "types.SimpleNamespace",
    "typing.*",
    "typing_extensions.*",
    "unittest.TestCase",
    "unittest.skip",
    "unittest.skipIf",
    "unittest.skipUnless",
    "uuid.UUID",
    "weakref.WeakKeyDictionary",
    "weakref.WeakSet",
    "weakref.WeakValueDictionary",
};

static const char *const plain[] = {
    "builtins.__doc__",
    "builtins.__file__",
    "builtins.__name__",
    "builtins.__package__",
    "builtins.__path__",
    "builtins.__debug__",
    "os.name",
    "os.sep",
    "sys.byteorder",
    "sys.hexversion",
    "sys.implementation",
    "sys.maxsize",
    "sys.platform",
    "sys.version",
    "sys.version_info",
    "typing.TYPE_CHECKING",
};

static int by_name(const void *key, const void *mention)
{
    return strcmp(key, ((const struct mention *)mention)->name);
}

static int has_word(const char *source, const char *word)
{
    return strstr(source, word) != NULL;
}

/* By a star comes what nobody has spelt. */
static int has_star(const char *source)
{
    for (const char *at = source; (at = strstr(at, "import"));) {
        at += strlen("import");
        if (at[strspn(at, " \t\f\\\r\n")] == '*')
            return 1;
    }
    return 0;
}

uint32_t dz_known_words(const char *source)
{
    uint32_t all = has_star(source) ? UINT32_MAX : 1 << ALONE;
    for (uint32_t i = INSPECT; i < sizeof besides / sizeof *besides; i++)
        all |= has_word(source, besides[i]) ? 1u << i : 0;
    return all;
}

struct dz_known_flags dz_known_flags(const char *name, size_t size, uint32_t words)
{
    char key[32];
    if (size >= sizeof key)
        return (struct dz_known_flags){0, 0};
    memcpy(key, name, size);
    key[size] = 0;
    const struct mention *found =
        bsearch(key, mentions, sizeof mentions / sizeof *mentions, sizeof *mentions, by_name);
    if (!found)
        return (struct dz_known_flags){0, 0};
    uint32_t said = words >> found->beside & 1 ? found->flags : 0;
    return (struct dz_known_flags){found->beside == BUILTIN ? found->flags : said, said};
}

static int has(const char *const *names, size_t n, const char *dotted)
{
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(names[i]);
        int is_prefix = names[i][size - 1] == '*';
        if (is_prefix ? strncmp(names[i], dotted, size - 1) == 0 : strcmp(names[i], dotted) == 0)
            return 1;
    }
    return 0;
}

int dz_known_local(const char *dotted)
{
    return has(local, sizeof local / sizeof *local, dotted);
}

int dz_known_plain(const char *dotted)
{
    return has(plain, sizeof plain / sizeof *plain, dotted);
}

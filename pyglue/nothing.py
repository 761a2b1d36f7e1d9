"""What pytest has made of the command, for a host that may answer the next one like it alone: with nothing to run
there is no Python then. PYTEST_DONT_REWRITE

Told only where pytest's own end would be no more than its last line and an empty junit file. What is known to make
no difference then stands in the tables; whatever else is asked for, or has a say at the end of a session, is a
reason for Python to start.
"""

import os
import site
import sys

import pytest
from _pytest.pathlib import fnmatch_ex
from _pytest.terminal import TerminalReporter

import _dagz

choice = _dagz.load("_dagz.choice")
shared = _dagz.load("_dagz.shared")

# Options by their dest, whatever they are set to: those that choose tests by nothing but what is in the tree, those
# that say how a test runs, and how it is told.
OPTIONS = frozenset((
    "assertmode", "asyncio_debug", "asyncio_mode", "capture", "code_highlight", "collect_in_virtualenv", "color",
    "confcutdir", "continue_on_collection_errors", "dagz", "dagz_base", "dagz_fork", "dagz_max_rss", "dagz_profile",
    "dagz_timeout", "dagz_workers", "deselect", "dist", "distload", "doctest_continue_on_failure",
    "doctest_ignore_import_errors", "doctestglob", "doctestmodules", "doctestreport", "durations", "durations_min",
    "file_or_dir", "fold_skipped", "force_short_summary", "fulltrace", "ignore", "ignore_glob", "importmode",
    "inifilename", "junitprefix", "keepduplicates", "keyword", "log_cli_date_format", "log_cli_format",
    "log_cli_level", "log_date_format", "log_format", "log_level", "logger_disable", "markexpr", "maxfail",
    "maxprocesses", "maxschedchunk", "maxworkerrestart", "no_header", "no_summary", "noconftest", "numprocesses",
    "override_ini", "plugins", "pythonwarnings", "px", "quiet", "randomly_reorganize", "randomly_reset_seed", "randomly_seed",
    "reportchars", "rootdir", "runxfail", "show_capture", "showlocals", "strict", "strict_config", "strict_markers",
    "tbstyle", "timeout", "timeout_method", "tx", "verbose", "xfail_tb", "xmlpath",
))  # fmt: skip
# The same for settings of the ini file and of -o.
SETTINGS = frozenset((
    "addopts", "anyio_mode", "asyncio_debug", "asyncio_default_fixture_loop_scope", "asyncio_default_test_loop_scope",
    "asyncio_mode", "cache_dir", "collect_imported_tests", "confcutdir", "consider_namespace_packages",
    "console_output_style", "disable_test_id_escaping_and_forfeit_all_rights_to_community_support",
    "doctest_encoding", "doctest_optionflags", "empty_parameter_set_mark", "enable_assertion_pass_hook",
    "faulthandler_exit_on_timeout", "faulthandler_timeout", "filterwarnings", "junit_duration_report", "junit_family",
    "junit_log_passing_tests", "junit_logging", "log_auto_indent", "log_cli", "log_cli_date_format", "log_cli_format",
    "log_cli_level", "log_date_format", "log_format", "log_level", "markers", "minversion", "norecursedirs",
    "python_classes", "python_files", "python_functions", "pythonpath", "required_plugins", "strict", "strict_config",
    "strict_markers", "strict_parametrization_ids", "strict_xfail", "testpaths", "timeout", "timeout_method",
    "tmp_path_retention_count", "tmp_path_retention_policy", "truncation_limit_chars", "truncation_limit_lines",
    "usefixtures", "verbosity_assertions", "verbosity_subtests", "verbosity_test_cases", "xfail_strict",
))  # fmt: skip
# Where others than pytest have a say of how a session ends, or is gone through as a whole.
HOOKS = ("pytest_cmdline_main", "pytest_collection", "pytest_runtestloop", "pytest_sessionfinish",
         "pytest_terminal_summary", "pytest_unconfigure")  # fmt: skip
# Plugins that say nothing there when nothing has run.
SILENT = ("_dagz", "_hypothesis_pytestplugin", "_pytest", "anyio", "dagz", "pytest_asyncio", "pytest_mock",
          "pytest_rerunfailures", "pytest_timeout", "xdist")  # fmt: skip
INI_NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg",
             "setup.py")  # fmt: skip
CUSTOMIZE = ("sitecustomize", "usercustomize")
COLOURS = ("auto", "yes", "no")


class Walk:
    """A plugin: what the collection goes through."""

    def __init__(self):
        self.met = []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_ignore_collect(self, collection_path):
        outcome = yield
        self.met.append((str(collection_path), outcome.excinfo is None and not outcome.get_result()))

    def folders(self, never):
        """Those that it has looked into, and others that it has seen. never: patterns of such (norecursedirs), which older
        versions do not ask a hook for."""
        walked = {os.path.dirname(path) for path, _ in self.met}
        passed = set()
        for path, is_taken in self.met:
            if not path.endswith(".py") and os.path.isdir(path):
                is_walked = is_taken and not any(fnmatch_ex(pattern, path) for pattern in never)
                (walked if is_walked else passed).add(path)
        return walked, passed - walked


def tell(config, chosen, files, walk):
    try:
        fields = Command(config, files, walk).fields() if may_be_told(config, chosen) else None
    except Exception:
        # Of a pytest that is not as we know it nothing is told.
        return
    if fields:
        _dagz.command(*fields)


# ---- whether it may be told ----


def may_be_told(config, chosen):
    reporter = config.pluginmanager.getplugin("terminalreporter")
    return (
        type(reporter) is TerminalReporter
        and chosen.may_stub
        and not chosen.asked
        and config.option.dagz_start == "fork"
        and not any(map(is_open, config.invocation_params.args))
        and not any("*" in path or "?" in path or "[" in path for path in config.getini("testpaths"))
        and options_are_known(config)
        and settings_are_known(config)
        and hooks_are_known(config)
        and junit_is_plain(config)
    )


def is_open(arg):
    """It stands for what is in a file."""
    return str(arg).startswith("@")


def options_are_known(config):
    usual = vars(config._parser.parse_known_args([]))
    return all(name in OPTIONS or name in usual and usual[name] == value for name, value in vars(config.option).items())


def settings_are_known(config):
    written = config._inicfg if hasattr(config, "_inicfg") else config.inicfg
    given = [text.partition("=")[0].strip() for text in config.option.override_ini or ()]
    return all(name in SETTINGS for name in (*written, *given))


def modules_of(config, hook):
    # Not config.hook: it stands between, in some versions.
    for found in getattr(config.pluginmanager.hook, hook).get_hookimpls():
        yield getattr(found.function, "__module__", None) or ""


def hooks_are_known(config):
    return all(module.partition(".")[0] in SILENT for hook in HOOKS for module in modules_of(config, hook))


def junit_is_plain(config):
    path = getattr(config.option, "xmlpath", None) or ""
    return not any(sign in path for sign in "~$") and config.getini("junit_suite_name") == "pytest"


# ---- what is told ----


class Command:
    def __init__(self, config, files, walk):
        self.config = config
        self.root = str(config.rootpath)
        self.files = sorted(path for path in files if not os.path.isdir(os.path.join(self.root, path)))
        walked, self.passed = walk.folders(config.getini("norecursedirs"))
        # The rootdir itself was met, but not what lies beside it.
        self.folders = (walked - upwards({os.path.dirname(self.root)})) | self.around()
        self.contents, self.absent, self.listings, self.places = set(), set(), set(), set()
        self.add_settings()
        self.add_python()

    def fields(self):
        option = self.config.option
        collects = set(modules_of(self.config, "pytest_collect_file"))
        others = {name for name in collects if name.partition(".")[0] not in ("_pytest", "_dagz")}
        return (
            choice.joined(self.files), paths(self.folders), paths(self.passed),
            bool(others or getattr(option, "doctestglob", None)), paths(self.contents), paths(self.absent),
            paths(self.listings), paths(self.places),
            min(max(0, -option.verbose), 9), COLOURS.index(option.color),
            os.fsencode(getattr(shared.junit(self.config), "logfile", "")),
        )  # fmt: skip

    def around(self):
        """From the rootdir down to each test file: there pytest looks for conftests and packages."""
        found = {self.root}
        for path in self.files:
            folder = os.path.dirname(path)
            while folder and os.path.join(self.root, folder) not in found:
                found.add(os.path.join(self.root, folder))
                folder = os.path.dirname(folder)
        return found

    def add(self, path):
        (self.contents if os.path.isfile(path) else self.absent).add(path)

    def add_settings(self):
        """Where pytest looks for its own: from the arguments and from here upwards."""
        here = str(self.config.invocation_params.dir)
        places = {os.path.normpath(os.path.join(here, str(arg))) for arg in self.config.args}
        for folder in upwards({self.root, here, *places}):
            for name in INI_NAMES:
                self.add(os.path.join(folder, name))
        if self.config.inipath is not None:
            self.add(str(self.config.inipath))

    def add_python(self):
        """What decides how python starts, before anything is observed."""
        for folder in {sys.prefix, os.path.dirname(sys.executable), os.path.dirname(os.path.dirname(sys.executable))}:
            self.add(os.path.join(folder, "pyvenv.cfg"))
        for path in mapped_libraries():
            self.add(path)
        for folder in site_folders():
            if os.path.isdir(folder):
                self.listings.add(folder)
                self.contents.update(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".pth"))
            else:
                self.absent.add(folder)
        for folder in sys.path:
            if os.path.isabs(folder):
                self.places.update(os.path.join(folder, name) for name in CUSTOMIZE)
        for name in CUSTOMIZE:
            path = getattr(sys.modules.get(name), "__file__", None)
            if path:
                self.add(os.path.abspath(path))


def paths(found):
    return b"".join(os.fsencode(path) + b"\0" for path in sorted(found))


def upwards(folders):
    found = set()
    for folder in folders:
        folder = folder if os.path.isdir(folder) else os.path.dirname(folder)
        while folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def site_folders():
    found = set(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        found.add(site.getusersitepackages())
    return found


def mapped_libraries():
    """The interpreter itself, where it is a library."""
    with open("/proc/self/maps") as maps:
        found = {line.split(maxsplit=5)[-1].rstrip("\n") for line in maps if "/libpython3" in line}
    return {path for path in found if os.path.isabs(path)}

"""The key of a baseline: a hash of all settings that outcomes depend on. PYTEST_DONT_REWRITE

Two jobs with equal keys differ in nothing but their inputs. What is in here too much costs a run of everything when it
is changed; what is missing, a test that is left out wrongly: so an option is in the key unless it stands in the table.
Only the hash leaves this process.
"""

import hashlib
import os
import pathlib
import sys

import pytest

# Options, by their dest: those that choose tests say nothing of how one ends.
CHOOSING = (
    "collect_in_virtualenv", "collectonly", "continue_on_collection_errors", "deselect", "failedfirst",
    "file_or_dir", "ignore", "ignore_glob", "keepduplicates", "keyword", "last_failed_no_failures", "lf",
    "markexpr", "maxfail", "newfirst", "pyargs", "stepwise", "stepwise_reset", "stepwise_skip",
)  # fmt: skip
# What is written of an outcome, and where to. -s and --capture are not here: tests see where their output goes.
SHOWING = (
    "code_highlight", "color", "css", "debug", "durations", "durations_min", "fold_skipped",
    "force_short_summary", "fulltrace", "htmlpath", "junitprefix", "log_file", "log_file_mode", "no_header",
    "no_summary", "pastebin", "quiet", "report_log", "reportchars", "self_contained_html", "show_capture",
    "showlocals", "tbstyle", "traceconfig", "verbose", "xfail_tb", "xmlpath",
)  # fmt: skip
# Where something is kept, or lies: the same tree elsewhere has the same outcomes.
PLACES = ("basetemp", "cacheclear", "cacheshow", "inifilename", "rootdir")
# How many run at once; and pytest-randomly's seed, which is another one in each run unless it is given.
RUNNING = (
    "dist", "distload", "looponfail", "loadscopereorder", "maxprocesses", "maxworkerrestart", "maxschedchunk",
    "numprocesses", "px", "randomly_seed", "rsyncdir", "rsyncignore", "testrunuid", "tx",
)  # fmt: skip
OPTIONS_LEFT_OUT = frozenset((*CHOOSING, *SHOWING, *PLACES, *RUNNING))

# The same for settings of the ini file. addopts stays: -m in there decides what never runs.
SETTINGS_LEFT_OUT = frozenset((
    "cache_dir", "console_output_style", "junit_duration_report", "junit_family", "junit_log_passing_tests",
    "junit_logging", "junit_suite_name", "norecursedirs", "testpaths", "tmp_path_retention_count",
    "tmp_path_retention_policy",
))  # fmt: skip

FLAGS = (
    "bytes_warning", "debug", "dev_mode", "hash_randomization", "ignore_environment", "int_max_str_digits",
    "isolated", "no_site", "no_user_site", "optimize", "safe_path", "utf8_mode", "warn_default_encoding",
)  # fmt: skip


def key(config):
    """16 bytes."""
    text = repr(facts(config))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def facts(config):
    plain = Plain(config.rootpath)
    return {
        "python": (sys.version, sys.implementation.cache_tag, [getattr(sys.flags, name, None) for name in FLAGS]),
        "warnings": plain.of((sys.warnoptions, dict(sys._xoptions))),
        "pytest": pytest.__version__,
        "distributions": distributions(config),
        "options": sorted(options(config, plain)),
        "settings": sorted(settings(config, plain)),
        "environment": sorted(environment(plain)),
    }


def distributions(config):
    """Each that has brought a plugin along."""
    found = (dist for _, dist in config.pluginmanager.list_plugin_distinfo())
    return sorted({(str(dist.metadata["name"]), str(dist.version)) for dist in found})


def options(config, plain):
    for name, value in vars(config.option).items():
        if name not in OPTIONS_LEFT_OUT and not name.startswith("dagz"):
            yield name, plain.of(value)


def settings(config, plain):
    """As written, in whatever file or with -o, which is an option. What is not written is a default."""
    written = config._inicfg if hasattr(config, "_inicfg") else config.inicfg
    for name, value in written.items():
        if name not in SETTINGS_LEFT_OUT:
            yield name, plain.of(getattr(value, "value", value))


def environment(plain):
    for name, value in os.environ.items():
        if name in ("TZ", "LANG", "LANGUAGE") or name.startswith(("LC_", "PYTHON")):
            yield name, plain.of(value)


class Plain:
    """Values in a form that is equal where they are: no addresses, nothing of where the tree lies."""

    def __init__(self, rootdir):
        self.rootdir = str(rootdir)

    def of(self, value):
        if isinstance(value, (str, pathlib.PurePath)):
            return repr(str(value).replace(self.rootdir, "{rootdir}"))
        if value is None or isinstance(value, (bool, int, float, bytes)):
            return repr(value)
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self.of, value))}]"
        if isinstance(value, (set, frozenset)):
            return f"{{{', '.join(sorted(map(self.of, value)))}}}"
        if isinstance(value, dict):
            return f"{{{', '.join(sorted(f'{self.of(name)}: {self.of(part)}' for name, part in value.items()))}}}"
        # An object of a plugin's own: what it was made from is in another option, or in what the plugin is.
        return f"{type(value).__module__}.{type(value).__qualname__}"

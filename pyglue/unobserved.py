"""What is looked at for DAGZ's own sake, or for that of a report, is no input of any test. PYTEST_DONT_REWRITE"""

import contextlib
import functools

import _dagz


@contextlib.contextmanager
def unobserved():
    """What is seen in here is seen in a span that none leans on."""
    aside = _dagz.span(_dagz.COLLECT, "dagz")
    before = _dagz.span_base(aside)
    try:
        yield
    finally:
        _dagz.span_base(before)
        _dagz.span_close(aside)


def hide_reports(config):
    """pytest asks whether --junitxml names a folder: the report of the last run is there now, and was not then.
    config: the module, before anybody has imported of it."""
    inner = getattr(config, "filename_arg", None)
    if inner is None:
        return

    @functools.wraps(inner)
    def filename_arg(*args, **kwargs):
        with unobserved():
            return inner(*args, **kwargs)

    config.filename_arg = filename_arg

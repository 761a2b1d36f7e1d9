"""Files that a test is marked to depend on: `@pytest.mark.dagz_inputs("data/**/*.json")`. PYTEST_DONT_REWRITE"""

import contextlib
import glob
import os


def read(rootpath, pattern):
    """Lists what the pattern goes by and opens what it finds, so that each of it is seen as an input."""
    for path in sorted(glob.glob(os.path.join(glob.escape(str(rootpath)), str(pattern)), recursive=True)):
        with contextlib.suppress(OSError):
            if os.path.isdir(path):
                os.listdir(path)
            else:
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))

"""A pytest plugin that notes when the first test of each process begins: `bench.py` takes the least."""

import os
import time

import pytest

noted = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    global noted
    if not noted:
        noted = True
        with open(os.environ["BENCH_FIRST"], "a") as file:
            file.write(f"{time.monotonic()}\n")

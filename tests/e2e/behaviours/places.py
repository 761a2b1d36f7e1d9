"""Places where something was looked for: what comes there reaches who looked."""

from . import Change, World, append, edit, write

WORLD = World("places", """
    --- first/placed_beside.py
    VALUE = 1
    --- second/placed.py
    VALUE = 1

    def value():
        return VALUE
    --- uses.py
    import placed

    def used():
        return placed.value()

    def other():
        return 1
    --- tried.py
    try:
        from places import optional
    except ImportError:
        optional = None

    def has_optional():
        return optional

    def other():
        return 1
    --- space/inner.py
    VALUE = 1
    --- listing.py
    import glob
    import os
    import pathlib

    HERE = pathlib.Path(__file__).parent

    def listed():
        return os.listdir(HERE / "listed")

    def globbed():
        return glob.glob(str(HERE / "listed" / "*.txt"))

    def iterated():
        return [path.name for path in (HERE / "listed").iterdir()]

    def exists():
        return (HERE / "settings.ini").exists()

    def opened():
        try:
            return open(HERE / "settings.ini").read()
        except FileNotFoundError:
            return "none"
    --- listed/one.txt
    1
    --- unlisted/one.txt
    1
    --- builtin.py
    def longest(words):
        return max(len(word) for word in words)

    def other():
        return 1
    --- star_one.py
    NAME = 1
    --- star_two.py
    OTHER = 2
    --- stars.py
    from places.star_one import *
    from places.star_two import *

    def name():
        return NAME

    def other():
        return 1
    --- lazy.py
    def __getattr__(name):
        if name == "late":
            return 1
        raise AttributeError(name)
    --- test_uses.py
    from places import uses

    def test_used():
        assert uses.used()
    def test_other():
        assert uses.other()
    --- test_users.py
    from places import builtin, listing, stars

    def test_late_import():
        import placed
        assert placed.VALUE
    def test_namespace():
        import places.space.inner
        assert places.space.inner.VALUE
    def test_listed():
        assert listing.listed()
    def test_globbed():
        assert listing.globbed()
    def test_iterated():
        assert listing.iterated()
    def test_exists():
        assert listing.exists() in (True, False)
    def test_opened():
        assert listing.opened()
    def test_builtin():
        assert builtin.longest(["a"])
    def test_star():
        assert stars.name()
    def test_lazy():
        from places.lazy import late
        assert late
    --- test_optional.py
    from places import tried

    def test_has_optional():
        assert not tried.has_optional()
    def test_other():
        assert tried.other()
    --- test_second.py
    def test_late_import():
        from placed import value
        assert value()
    def test_tried_in_the_test():
        try:
            import places.optional
        except ImportError:
            pass
    def test_listed():
        import os
        assert os.listdir(os.path.join(os.path.dirname(__file__), "listed"))
    def test_nothing():
        pass
    --- test_others.py
    from places import builtin, listing, stars
    import placed_beside

    def test_builtin():
        assert builtin.other()
    def test_listing():
        assert listing.HERE
    def test_stars():
        assert stars.other()
    def test_beside():
        assert placed_beside.VALUE
    """, (
    # What such a module does at import nobody knows yet: it reaches all of a file that imports it.
    Change("module_that_shadows", write("first/placed.py", "VALUE = 2\n\ndef value():\n    return VALUE\n"),
           "uses::used uses::other users::late_import second::late_import"),
    Change("module_that_was_missing", write("optional.py", "VALUE = 2\n"),
           "optional::has_optional optional::other second::tried_in_the_test"),
    Change("init_of_namespace", write("space/__init__.py", "VALUE = 2\n"), "users::namespace"),
    Change("file_in_listed_folder", write("listed/two.txt", "2\n"), "users::listed users::globbed users::iterated second::listed"),
    Change("file_in_unlisted_folder", write("unlisted/two.txt", "2\n"), ""),
    Change("file_that_was_looked_for", write("settings.ini", "[a]\n"), "users::exists users::opened"),
    Change("name_before_builtins", append("builtin.py", "\ndef len(word):\n    return 7\n"), "users::builtin"),
    Change("name_in_a_later_star_source", append("star_two.py", "\nNAME = 2\n"), "users::star"),
    Change("attribute_before_getattr", append("lazy.py", "\nlate = 2\n"), "users::lazy"),
    Change("body_of_module_getattr", edit("lazy.py", "return 1", "return 2"), "users::lazy"),
))  # fmt: skip

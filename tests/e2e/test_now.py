"""The tree as it is now: what each fact means, and what it is compared with."""

import os
import shutil
import subprocess

import pytest
from now import ABSENT, PROGRAM, PYTHONS, Tree, at, element, named, source

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="the program that tells inputs is not built")
needs_rights = pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")

FOLLOWED, ITSELF = 0, 1
ONCE, ALL = 0, 1
EMPTY, FOLDER = 0, 1


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def is_changed(tree, given, deed):
    """By the comparison, which is as fingerprints say, too."""
    before, record = tree.prints(given), tree.record(given)
    assert tree.changed(record) == []
    deed()
    changed = tree.changed(record) == [0]
    assert changed == (tree.prints(given) != before or "unknown" in before)
    return changed


def age(path, seconds=100):
    """As if it had been written some time ago, as far as a program can: ctime stays."""
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - seconds * 10**9), follow_symlinks=False)


# ---- contents ----


def test_a_files_content_is_its_bytes(tree):
    path = tree.write("data.txt", "one")
    content = at("content", "data.txt")
    assert not is_changed(tree, content, path.touch)
    assert not is_changed(tree, content, lambda: (path.unlink(), path.write_text("one")))
    assert not is_changed(tree, content, lambda: path.chmod(0o600))
    assert is_changed(tree, content, lambda: path.write_text("two"))
    assert is_changed(tree, content, path.unlink)
    assert tree.prints(content) == [ABSENT]


def test_a_link_has_the_content_of_where_it_leads(tree):
    path = tree.write("data.txt", "one")
    tree.write("other.txt", "two")
    link = tree.root / "link"
    link.symlink_to("data.txt")
    assert is_changed(tree, at("content", "link"), lambda: path.write_text("1"))
    assert is_changed(tree, at("content", "link"), lambda: (link.unlink(), link.symlink_to("other.txt")))


def test_a_file_outside_of_the_tree_has_its_whole_path(tree, tmp_path):
    path = tmp_path / "outside.txt"
    path.write_text("one")
    assert is_changed(tree, at("content", str(path)), lambda: path.write_text("two"))


def test_a_folders_content_is_all_below_it(tree):
    deep = tree.write("data/a/b.txt", "one")
    tree.write("data/c.txt", "")
    content = at("content", "data")
    assert not is_changed(tree, content, deep.touch)
    assert is_changed(tree, content, lambda: deep.write_text("two"))
    assert is_changed(tree, content, lambda: deep.rename(deep.with_name("d.txt")))
    assert is_changed(tree, content, lambda: (tree.root / "data/link").symlink_to("c.txt"))
    assert is_changed(tree, content, lambda: (tree.root / "data/empty").mkdir())
    assert not is_changed(tree, content, lambda: tree.write("data/a/__pycache__/b.pyc", "x"))
    assert is_changed(tree, content, lambda: shutil.rmtree(tree.root / "data"))


def test_a_pipe_holds_nobody_up(tree):
    os.mkfifo(tree.root / "pipe")
    assert not is_changed(tree, at("content", "pipe"), lambda: None)
    assert is_changed(tree, at("content", "pipe"), lambda: ((tree.root / "pipe").unlink(), tree.write("pipe")))


def unreadable(tree, path):
    """A way for root, too: a link that leads back to itself."""
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def test_what_cannot_be_read_is_not_known_and_has_changed(tree):
    path = tree.write("data.txt", "one")
    tree.write("m.py", "x = 1")
    inputs = at("content", "data.txt"), source("name", "m.py", "x"), source("whole", "m.py")
    record = tree.record(*inputs)
    unreadable(tree, path)
    unreadable(tree, tree.root / "m.py")
    assert tree.prints(*inputs) == ["unknown"] * 3
    assert tree.changed(record) == [0, 1, 2]
    assert tree.changed(tree.record(*inputs)) == [0, 1, 2], "what was not known then, is not known to be the same"


@needs_rights
def test_what_may_not_be_read_any_more_has_changed(tree):
    path = tree.write("data.txt", "one")
    assert is_changed(tree, at("content", "data.txt"), lambda: path.chmod(0))


# ---- looks ----


def test_a_file_of_equal_size_and_time_with_another_content_has_changed(tree):
    path = tree.write("data.txt", "one")
    age(path)
    status = path.stat()
    record = tree.record(at("content", "data.txt"))
    path.write_text("two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert tree.changed(record) == [0]


def looks(record):
    return [line.split("\t") for line in record.splitlines() if line.startswith("look")]


def with_look(record, **fields):
    """Another look in it."""
    names = "look path mode exact size inode mtime ctime looked content".split()
    lines = []
    for line in record.splitlines():
        if line.startswith("look"):
            row = dict(zip(names, line.split("\t")))
            line = "\t".join(str(fields.get(name, row[name])) for name in names)
        lines.append(line)
    return "\n".join(lines) + "\n"


def with_print(record, number, hexadecimal):
    lines = record.splitlines()
    lines[number] = lines[number].rpartition("\t")[0] + "\t" + hexadecimal
    return "\n".join(lines) + "\n"


OTHER = "00112233445566778899aabbccddeeff"
TICK = 20 * 10**6


def test_a_look_holds_only_where_the_file_was_left_alone_a_tick_before(tree):
    """A look that says another content is believed where it may be, and nowhere else."""
    path = tree.write("data.txt", "one")
    record = with_print(tree.record(at("content", "data.txt")), 0, OTHER)
    touched = max(path.stat().st_mtime_ns, path.stat().st_ctime_ns)
    late = {"looked": touched + TICK + 1, "content": OTHER}
    assert tree.changed(with_look(record, **late)) == []
    assert tree.changed(with_look(record, **{**late, "looked": touched + TICK})) == [0]
    assert tree.changed(with_look(record, **{**late, "looked": touched})) == [0]
    for field in "size inode mtime ctime mode".split():
        other = int(looks(record)[0]["look path mode exact size inode mtime ctime".split().index(field)]) - 1
        assert tree.changed(with_look(record, **late, **{field: other})) == [0], field


def test_a_file_that_was_only_touched_is_read_and_is_the_same(tree):
    path = tree.write("m.py", "x = 1")
    record = tree.record(source("name", "m.py", "x"), at("content", "m.py"))
    path.write_text("x = 1")
    shutil.rmtree(tree.state)
    tree.state.mkdir()
    assert tree.changed(record) == []
    assert not list(tree.state.iterdir()), "no sheet was needed"


# ---- sources ----


def test_a_changed_source_is_compared_element_by_element(tree):
    path = tree.write("m.py", "x = 1\ndef f(): return x\ndef g(): return 2\n")
    tree.write("n.py", "x = 1\n")
    inputs = (
        source("name", "m.py", "x"),
        element("m.py", "function", "f"),
        element("m.py", "function", "g"),
        source("shape", "m.py"),
        source("whole", "m.py"),
        source("name", "m.py", "nobody"),
        source("whole", "n.py"),
    )
    record = tree.record(*inputs)
    path.write_text("# why\nx = 1\ndef f(): return x\ndef g(): return 3\n")
    assert tree.changed(record) == [2, 4]
    path.write_text("x = 2\ndef f(): return x\n")
    assert tree.changed(record) == [0, 2, 3, 4]


def test_all_of_a_source_that_python_refuses_or_that_is_gone_has_changed(tree):
    path = tree.write("m.py", "x = 1\n")
    inputs = source("name", "m.py", "x"), source("name", "m.py", "nobody"), source("shape", "m.py")
    record = tree.record(*inputs)
    path.write_text("x = (\n")
    assert tree.changed(record) == [0, 1, 2]
    path.unlink()
    # What nobody had defined nobody has.
    assert tree.changed(record) == [0, 2]
    path.write_text("x = 1")
    assert tree.changed(record) == []


def test_inputs_of_another_content_than_the_looks_are_compared_by_the_sheet(tree):
    """As in a graph of two jobs: one has seen x = 1, the other x = 2, and the file, as at the last look."""
    path = tree.write("m.py", "x = 1\ny = 1\n")
    older = tree.record(source("name", "m.py", "x"), source("name", "m.py", "y"))
    path.write_text("x = 2\ny = 1\n")
    newer = tree.record(source("name", "m.py", "x"))
    both = "".join(line + "\n" for line in older.splitlines() if not line.startswith("look")) + newer
    assert tree.changed(with_look(both, exact=0)) == [0]
    # Who says so wrongly is believed.
    assert tree.changed(with_look(both, exact=1)) == []


def test_many_changed_sources_are_cut_at_once(tree):
    names = [f"m{i}.py" for i in range(60)]
    for name in names:
        tree.write(name, "x = 1\n")
    record = tree.record(*(source("name", name, "x") for name in names))
    for name in names:
        tree.write(name, "# why\nx = 1\n")
    tree.write("m7.py", "x = 2\n")
    assert tree.changed(record) == [7]


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_has_its_own_sheets(tmp_path, python):
    tree = Tree(tmp_path / "by", python)
    tree.write("m.py", "x = 1\n")
    assert is_changed(tree, source("name", "m.py", "x"), lambda: tree.write("m.py", "x = 2\n"))


# ---- what a path is ----


def test_status_is_that_it_is_there_its_kind_its_mode_and_its_size(tree):
    path = tree.write("data.txt", "one")
    status = at("stat", "data.txt", FOLLOWED)
    assert not is_changed(tree, status, lambda: path.write_text("two"))
    assert is_changed(tree, status, lambda: path.write_text("longer"))
    assert is_changed(tree, status, lambda: path.chmod(0o755))
    assert is_changed(tree, status, path.unlink)
    assert tree.prints(status) == [ABSENT]
    assert is_changed(tree, status, path.mkdir)


def test_the_size_of_a_source_and_of_what_was_compiled_of_it_is_no_status(tree):
    for name in "m.py", "m.pyc":
        path = tree.write(name, "x = 1\n")
        status = at("stat", name, FOLLOWED)
        assert not is_changed(tree, status, lambda: path.write_text("x = 1  # longer\n"))
        assert is_changed(tree, status, lambda: path.chmod(0o755))


def test_status_of_a_link_is_its_own_or_of_where_it_leads(tree):
    path = tree.write("data.txt", "one")
    (tree.root / "link").symlink_to("data.txt")
    followed, itself = at("stat", "link", FOLLOWED), at("stat", "link", ITSELF)
    record = tree.record(followed, itself)
    path.chmod(0o700)
    assert tree.changed(record) == [0]
    path.unlink()
    assert tree.changed(record) == [0]
    (tree.root / "link").unlink()
    assert tree.changed(record) == [0, 1]


def test_where_a_link_leads_is_a_text_or_a_path(tree):
    path = tree.write("data.txt", "one")
    link = tree.root / "link"
    link.symlink_to("data.txt")
    (tree.root / "far").symlink_to("link")
    record = tree.record(at("link", "link", ONCE), at("link", "far", ONCE), at("link", "far", ALL))
    link.unlink()
    link.symlink_to("./data.txt")
    assert tree.changed(record) == [0]
    path.rename(path.with_name("other.txt"))
    link.unlink()
    link.symlink_to("other.txt")
    assert tree.changed(record) == [0, 2]


def test_what_lies_in_the_tree_does_so_in_a_copy_of_it(tmp_path):
    trees = Tree(tmp_path / "one"), Tree(tmp_path / "two")
    prints = []
    for tree in trees:
        tree.write("pkg/m.py", "x = 1\n")
        (tree.root / "link").symlink_to("pkg/m.py")
        prints.append(
            tree.prints(
                at("link", "link", ALL),
                at("link", "link", ONCE),
                at("names", ""),
                at("names", "pkg"),
                at("content", "pkg"),
                source("whole", "pkg/m.py"),
            )
        )
    assert prints[0] == prints[1]


def test_names_are_the_folders_entries_and_their_kinds(tree):
    tree.write("data/a.txt", "one")
    names = at("names", "data")
    assert not is_changed(tree, names, lambda: tree.write("data/a.txt", "two"))
    assert not is_changed(tree, names, lambda: tree.write("data/__pycache__/a.pyc"))
    assert is_changed(tree, names, lambda: tree.write("data/b.txt"))
    assert is_changed(tree, names, lambda: (tree.root / "data/b.txt").rename(tree.root / "data/c.txt"))
    assert is_changed(tree, names, lambda: ((tree.root / "data/c.txt").unlink(), (tree.root / "data/c.txt").mkdir()))
    assert is_changed(tree, names, lambda: shutil.rmtree(tree.root / "data"))
    assert tree.prints(names) == [ABSENT]


def test_the_trees_own_names_are_without_what_runs_leave(tree):
    names = at("names", "")
    assert not is_changed(tree, names, lambda: [(tree.root / name).mkdir() for name in (".dagz", ".pytest_cache")])
    assert is_changed(tree, names, lambda: tree.write("new.py"))


def test_what_is_absent_may_come(tree):
    path = tree.root / "later.txt"
    assert tree.prints(at("absent", "later.txt"), at("absent", "no/such/folder")) == [ABSENT] * 2
    assert is_changed(tree, at("absent", "later.txt"), path.touch)
    path.unlink()
    assert is_changed(tree, at("absent", "later.txt"), lambda: path.symlink_to("nowhere")), "for who looks at links"
    assert is_changed(tree, at("absent", "later.txt"), lambda: (tree.root / "nowhere").touch())


# ---- places ----

@pytest.mark.parametrize("name", ["m.py", "m.pyc", "m.so", "m.abi3.so", "m.{own}-x86_64-linux-gnu.so", "m/x.txt"])
@pytest.mark.parametrize("where", ["", "pkg/"])
def test_a_place_is_taken_by_whatever_a_module_can_come_from(tree, name, where):
    own = "cpython-3" + tree.version().split(".")[1]
    tree.write(where + "other.py")
    place = at("place", where + "m", EMPTY)
    assert tree.prints(place) == [ABSENT]
    assert is_changed(tree, place, lambda: tree.write(where + name.format(own=own)))


@pytest.mark.parametrize("name", ["m.txt", "mm.py", "m.cpython-27-x86_64-linux-gnu.so", "m.so.1", "M.py", "m.py/x", "m.pyi"])
def test_a_place_stays_empty_beside_other_names(tree, name):
    assert not is_changed(tree, at("place", "m", EMPTY), lambda: tree.write(name))


def test_a_place_before_a_package_or_a_folder_is_taken_by_its_init(tree):
    tree.write("m/x.txt")
    record = tree.record(at("place", "m", FOLDER), at("place", "m/__init__", EMPTY))
    tree.write("m/y.txt")
    assert tree.changed(record) == []
    tree.write("m/__init__.py")
    assert tree.changed(record) == [0, 1]
    shutil.rmtree(tree.root / "m")
    assert tree.changed(record) == [0], "as empty as it was"
    tree.write("m.py")
    assert tree.changed(record) == [0]


def test_a_place_in_a_folder_that_is_not_there_is_empty(tree):
    place = at("place", "lib/m", EMPTY)
    assert tree.prints(place) == [ABSENT]
    assert is_changed(tree, place, lambda: tree.write("lib/m.py"))


def test_a_place_may_be_taken_by_a_link(tree):
    tree.write("real.txt")
    assert not is_changed(tree, at("place", "m"), lambda: (tree.root / "m.py").symlink_to("nowhere.py"))
    assert is_changed(tree, at("place", "m"), lambda: tree.write("nowhere.py"))


# ---- variables and distributions ----


def test_a_variable_is_a_hash_of_its_value(tree):
    variable = named("environment", "COLOR")
    record = tree.record(variable, named("environment", "OTHER"), named("environment", "*"), COLOR="red")
    assert tree.changed(record, COLOR="red") == []
    assert tree.changed(record, COLOR="blue") == [0, 2]
    assert tree.changed(record) == [0, 2]
    assert tree.changed(record, COLOR="red", OTHER="") == [1, 2]
    assert "red" not in record
    assert tree.prints(named("environment", "OTHER")) == [ABSENT]


def test_a_variable_that_is_ours_or_in_the_key_is_no_input(tree):
    record = tree.record(named("environment", "*"))
    assert tree.changed(record, DAGZ_WORKERS="1", PYTHONUTF8="1", LC_CTYPE="C.UTF-8") == []


@pytest.fixture
def environment(tmp_path):
    """A tree with a virtual environment that is made by hand, and empty."""
    home = tmp_path / "env"
    (home / "bin").mkdir(parents=True)
    (home / "bin/python").symlink_to(os.path.realpath(PYTHONS[0]))
    (home / "pyvenv.cfg").write_text(f"home = {os.path.dirname(os.path.realpath(PYTHONS[0]))}\n")
    tree = Tree(tmp_path / "by", home / "bin/python")
    tree.site = home / f"lib/python{tree.version()}/site-packages"
    tree.site.mkdir(parents=True)
    return tree


def install(tree, name, version, record="pkg/__init__.py,sha256=abc,1\n", **files):
    info = tree.site / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    if record is not None:
        (info / "RECORD").write_text(record)
    for file, text in files.items():
        (info / file.replace("_txt", ".txt")).write_text(text)
    return info


def test_a_distribution_is_its_name_version_and_record(environment):
    info = install(environment, "Foo_Bar", "1.0")
    inputs = [named("distribution", name) for name in ("foo-bar", "Foo_Bar==1.0", "foo", "baz", "*")]
    assert environment.prints(*inputs)[2:4] == [ABSENT] * 2
    assert environment.prints(named("distribution", "foo_bar==1.1")) == ["unknown"]
    record = environment.record(*inputs)
    install(environment, "Foo_Bar", "1.0", "pkg/__init__.py,sha256=other,1\n")
    assert environment.changed(record) == [0, 1]
    install(environment, "Foo_Bar", "1.0")
    assert environment.changed(record) == []
    install(environment, "Foo_Bar", "1.0", entry_points_txt="[pytest11]\nx = y\n")
    assert environment.changed(record) == [4]
    info.rename(info.with_name("Foo_Bar-1.1.dist-info"))
    assert environment.changed(record) == [0, 1, 4]
    install(environment, "baz", "2")
    assert environment.changed(record) == [0, 1, 3, 4]


def test_a_record_is_without_what_the_place_of_installing_makes_of_it(environment):
    install(environment, "foo", "1")
    record = environment.record(named("distribution", "foo"))
    install(
        environment,
        "foo",
        "1",
        "../../../bin/foo,sha256=x,2\npkg/__init__.py,sha256=abc,1\npkg/__pycache__/__init__.cpython-312.pyc,,\n",
    )
    assert environment.changed(record) == []


def test_a_distribution_without_a_record_is_its_metadata(environment):
    install(environment, "foo", "1", None)
    record = environment.record(named("distribution", "foo"))
    (environment.site / "foo-1.dist-info/METADATA").write_text("Name: foo\nVersion: 1\nRequires-Dist: bar\n")
    assert environment.changed(record) == [0]


def test_a_distribution_in_a_folder_that_a_pth_file_adds_is_found(environment, tmp_path):
    more = tmp_path / "more/foo.egg-info"
    more.mkdir(parents=True)
    (more / "PKG-INFO").write_text("Name: foo\nVersion: 1\n")
    (environment.site / "more.pth").write_text(f"import os\n{more.parent}\n")
    record = environment.record(named("distribution", "foo"))
    assert ABSENT not in record
    (more / "PKG-INFO").write_text("Name: foo\nVersion: 2\n")
    assert environment.changed(record) == [0]


def test_what_is_installed_is_what_python_finds(tmp_path):
    tree = Tree(tmp_path)
    script = "import importlib.metadata as m; print(*{d.name for d in m.distributions()})"
    names = subprocess.run([PYTHONS[0], "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert names
    assert ABSENT not in tree.prints(*(named("distribution", name) for name in names))


# ---- the rest ----


def test_what_is_unprovable_is_not_looked_at(tree):
    assert tree.changed(tree.record(named("unprovable", "child"))) == []


def test_a_tree_that_is_not_there_costs_one_sentence(tree):
    answer = subprocess.run(
        [tree.program, tree.root / "gone", tree.state, "compare"],
        env={**tree.env, "DAGZ_PYTHON": str(tree.python)},
        capture_output=True,
        text=True,
        input="",
    )
    assert answer.returncode and "gone" in answer.stderr and answer.stderr.count("\n") == 1

"""The terminal, which the front alone writes: pytest's reporter, DAGZ's block and live line. PYTEST_DONT_REWRITE"""

import contextlib
import io
import re

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """Stands between pytest's reporter and its file, so that the live line is gone before anything else
    is written."""

    def __init__(self, reporter, summary):
        self.reporter = reporter
        self.file = reporter._tw._file
        self.is_tty = reporter.isatty
        self.shown = False
        self.is_open = False
        self.wrap_last_line(summary)
        self.wrap_ensure_newline()
        if self.is_tty:
            reporter._tw._file = Erasing(self)

    def wrap_last_line(self, summary):
        inner = self.reporter.summary_stats

        def summary_stats():
            block = summary()
            if block:
                self.reporter.write_sep("=", "DAGZ")
                for line in block.splitlines():
                    self.reporter.write_line(line)
            return inner()

        self.reporter.summary_stats = summary_stats

    def line(self, text):
        """A line of ours. Where a row of pytest's is open it is ended as pytest ends it, and ours left open in its
        place: with our line taken out, what remains is what pytest writes."""
        reporter = self.reporter
        if reporter.currentfspath is None and not self.is_open:
            reporter._tw.line(text)
        else:
            if reporter.currentfspath is not None and not reporter.verbosity > 0 and reporter._show_progress_info:
                reporter._write_progress_information_filling_space()
            reporter._tw.line()
            reporter._tw.write(text)
            reporter.currentfspath = None
            self.is_open = True
        reporter.flush()

    def wrap_ensure_newline(self):
        inner = self.reporter.ensure_newline

        def ensure_newline():
            if self.is_open and self.reporter.currentfspath is None:
                self.reporter._tw.line()
            self.is_open = False
            inner()

        self.reporter.ensure_newline = ensure_newline

    def write_through(self, text):
        """What a worker's reporter would have written to its terminal: colours are in it already, and have no
        width."""
        with self.muted():
            self.reporter._tw.write(COLOUR.sub("", text))
        self.reporter._tw._file.write(text)
        self.reporter.flush()

    @contextlib.contextmanager
    def muted(self):
        """For what pytest would write now is not for the terminal; it counts as written all the same."""
        writer = self.reporter._tw
        file, writer._file = writer._file, io.StringIO()
        try:
            yield
        finally:
            writer._file = file

    def show(self, text):
        """Below what is there; the cursor stays where the reporter has left it."""
        if not self.is_tty or (not text and not self.shown):
            return
        self.erase()
        if text:
            width = self.reporter._tw.fullwidth
            # Noted now: the reporter counts what it writes before it writes it.
            self.column = self.reporter._tw.width_of_current_line + 1
            self.file.write(f"\n\x1b[2K{text[: width - 1]}\x1b[A\x1b[{self.column}G")
            self.file.flush()
            self.shown = True

    def erase(self):
        if self.shown:
            self.shown = False
            self.file.write(f"\n\x1b[2K\x1b[A\x1b[{self.column}G")


class Erasing:
    def __init__(self, terminal):
        self.terminal = terminal

    def __getattr__(self, name):
        return getattr(self.terminal.file, name)

    def write(self, text):
        self.terminal.erase()
        return self.terminal.file.write(text)

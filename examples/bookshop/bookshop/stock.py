"""The shelf: books and how many are left, in SQLite."""

import sqlite3

from bookshop import isbn


class NotEnough(Exception):
    pass


class Stock:
    def __init__(self, path=":memory:"):
        self.db = sqlite3.connect(path)
        self.db.execute("create table if not exists book (isbn text primary key, title text, copies integer)")

    def add(self, number, title, copies=1):
        self.db.execute(
            "insert into book values (?, ?, ?) on conflict (isbn) do update set copies = copies + excluded.copies",
            (isbn.to_13(number), title, copies),
        )
        self.db.commit()

    def copies(self, number):
        row = self.db.execute("select copies from book where isbn = ?", (isbn.to_13(number),)).fetchone()
        return row[0] if row else 0

    def take(self, number, copies=1):
        if self.copies(number) < copies:
            raise NotEnough(f"{self.copies(number)} left of {number}, {copies} wanted")
        self.db.execute("update book set copies = copies - ? where isbn = ?", (copies, isbn.to_13(number)))
        self.db.commit()

    def find(self, word):
        rows = self.db.execute("select title from book where title like ? order by title", (f"%{word}%",))
        return [title for (title,) in rows]

    def close(self):
        self.db.close()

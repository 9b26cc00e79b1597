"""Records are mostly null: of a transaction's 113 fields some 90 say nothing, and always the same ones.

So a record is kept as the text of what it says, and the text of what it leaves blank (null or false) once for
all records that leave the same blank. Putting the two together again costs no parsing.
"""

import json
import sqlite3
from typing import Any


class Blanks:
    """The blank halves of records, in the table `blanks`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._numbers: dict[tuple[tuple[str, Any], ...], int] = {}
        self._texts: dict[int, str] = {}
        db.execute("CREATE TABLE IF NOT EXISTS blanks (number INTEGER PRIMARY KEY, text TEXT UNIQUE)")

    def split(self, record: dict[str, Any]) -> tuple[str, int]:
        """The text of what the record says (its id at the least), and the number of what it leaves blank."""
        said = {name: value for name, value in record.items() if value is not None and value is not False}
        blank = tuple(pair for pair in record.items() if pair[0] not in said)
        if blank not in self._numbers:
            self._numbers[blank] = self._number(_text(dict(blank))[1:])
        return _text(said), self._numbers[blank]

    def _number(self, text: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO blanks (text) VALUES (?)", (text,))
        return self._db.execute("SELECT number FROM blanks WHERE text = ?", (text,)).fetchone()[0]

    def whole(self, said: str, number: int) -> str:
        """The record's JSON text."""
        if number not in self._texts:
            row = self._db.execute("SELECT text FROM blanks WHERE number = ?", (number,)).fetchone()
            self._texts[number] = row[0]
        blank = self._texts[number]
        return f"{said[:-1]},{blank}" if blank != "}" else said

    def forget(self) -> None:
        """After a rollback: numbers given out in it do not count."""
        self._numbers.clear()
        self._texts.clear()


def _text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))

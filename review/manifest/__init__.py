"""Many clips handed in by a spreadsheet: its bytes -> rows -> what is to be handed in, or what is
wrong, row by row. See docs/manifest.md."""

from review.manifest.columns import COLUMNS, Column
from review.manifest.entries import Entry, Wrong, check_files, parse
from review.manifest.report import Outcome, as_csv, template
from review.manifest.table import Table, read

__all__ = [
    "COLUMNS",
    "Column",
    "Entry",
    "Outcome",
    "Table",
    "Wrong",
    "as_csv",
    "check_files",
    "parse",
    "read",
    "template",
]

"""Practice files (CONTRACTS §3): CSV exports of an EHR, read row by row into records or rejected rows.

cells: what one cell may hold · columns: which files and columns there are · rows: lines to cells ·
layout: encoding, delimiter and header of one file · records: all of it together. No store in here.
"""

from core.integrations.practice_files.columns import FILES, Column, PracticeFile
from core.integrations.practice_files.records import OpenFile, Parsed, Repeated, parse_raw

__all__ = ["FILES", "Column", "OpenFile", "Parsed", "PracticeFile", "Repeated", "parse_raw"]

"""Practice files (CONTRACTS §3): CSV exports of an EHR, read row by row into records or rejected rows.

cells: what one cell may hold · spellings: harmless ways to write one · columns: which files and columns there are ·
rows: lines to cells · layout: encoding, delimiter and header of one file · ends: footers and cut-off ends ·
parsing: cells to values · records: all of it together. No store in here.
"""

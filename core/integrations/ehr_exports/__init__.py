"""An EHR's or a processor's own exports, read with a profile into rows of practice files (CONTRACTS §6). No store in here.

sheets: files to sheets of cells · spellings, words: what a cell means · profile: the declarative form, one JSON file a
system · finding: which system this is · bench, cells, conditions, joins: a profile made into functions · apply, fold: all
of it together.
"""

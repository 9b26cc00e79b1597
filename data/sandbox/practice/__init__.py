"""A seeded, believable practice: the EHR side as practice files, the processor side as Fortis records."""

from data.sandbox.practice.book import Record, Row
from data.sandbox.practice.files import whole_files, write_files
from data.sandbox.practice.generated import GeneratedPractice, generate

__all__ = ["GeneratedPractice", "Record", "Row", "generate", "whole_files", "write_files"]

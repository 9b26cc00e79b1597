"""Writes data/samples: `python -m data.sandbox.practice.samples`."""

from datetime import date
from pathlib import Path

from data.sandbox.practice import generate, whole_files, write_files

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SEED, TODAY, PATIENTS = 7, date(2026, 11, 23), 64


def write_samples(folder: Path = SAMPLES) -> None:
    """The same small practice each time, with one of each flag on 2026-11-23."""
    write_files(whole_files(generate(SEED, TODAY, PATIENTS)), folder)


if __name__ == "__main__":
    write_samples()

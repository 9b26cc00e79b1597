"""`python -m dashboard.cli` is `huddle`."""

from dashboard.cli import main

main()

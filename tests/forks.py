"""Processes of tests, made to be killed: forked from one server that has imported everything they need.

Python keeps one fork server a process and one list of what it imports first, so the list is made here alone. A child
that has to import for itself takes seconds instead of a tenth of one.
"""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.booking.serving",
        "tests.crash.asking",
        "tests.crash.rotating",
        "tests.crash.sending",
        "tests.crash.syncing",
        "tests.crash.taking_in",
        "tests.overview.test_roll_up",
        "tests.postings.posting",
    ]
)

"""A sync in a process of its own, to be killed: python -m tests.crash.syncing STORE CONNECTION [full]."""

import json
import sys

from core.integrations import fortis
from core.jobs.lease import Busy
from core.jobs.sync import sync_connection
from core.store.engine import open_store


def main() -> None:
    fortis.PAGE_SIZE = 2
    _, store, connection_id, *rest = sys.argv
    try:
        results = sync_connection(open_store(store), int(connection_id), full="full" in rest)
    except Busy as busy:
        print(json.dumps({"busy": busy.sentence}))
        return
    print(
        json.dumps(
            {"errors": [r.error for r in results if r.error], "stored": sum(r.stored for r in results)}
        )
    )


if __name__ == "__main__":
    main()

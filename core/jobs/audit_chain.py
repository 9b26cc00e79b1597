"""The audit's chain: made longer every minute, walked once a day."""

import logging

from sqlalchemy import Engine

from core.audit.chain import AT_A_TIME, Checked, check, extend
from core.secrets import make_key_file
from core.store.engine import reader, transaction

_log = logging.getLogger("huddle.audit")


def extend_audit_chain(engine: Engine) -> int:
    """Chain what was written since: how many entries. Raises WrongKey."""
    make_key_file()
    chained = 0
    while True:
        with transaction(engine) as session:
            now = extend(session)
        chained += now
        if now < AT_A_TIME:
            return chained


def check_audit_chain(engine: Engine) -> Checked:
    """Walk it, and say aloud what is wrong. Raises WrongKey."""
    with reader(engine) as session:
        found = check(session)
    for sentence in found.trouble:
        _log.critical("the audit was tampered with: %s", sentence)
    return found

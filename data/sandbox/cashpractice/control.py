"""POST /control {"cash_practice": {...}}: what a test or a demo may do at Cash Practice. Any of these, in this order:

{"put": {"resource": "payments", "record": {...}}}          a record as it stands, new or changed
{"change": {"resource": "users", "id": "U302", "fields": {"Privileges": []}}}
{"delete": {"resource": "billing", "id": "B4001"}}          gone there
{"decline": {"sch_id": "S4001", "code": "51", "times": 1}}  the next runs are declined; "now": true runs it at once
{"pay": {"order_id": "O0000123"}}                           the patient pays a declined payment online
"""

from typing import Any

from data.sandbox.cashpractice import charging, records
from data.sandbox.state import State

KNOWN = ("put", "change", "delete", "decline", "pay")


def obey(state: State, wishes: Any) -> dict[str, Any]:
    """Do what is asked for. Raises ValueError, KeyError or TypeError for what cannot be understood."""
    if not isinstance(wishes, dict) or set(wishes) - set(KNOWN):
        raise ValueError(f"cash_practice takes an object of {', '.join(KNOWN)}")
    done: dict[str, Any] = {}
    if "put" in wishes:
        done["put"] = records.put(state, wishes["put"]["resource"], wishes["put"]["record"])
    if "change" in wishes:
        wish = wishes["change"]
        done["changed"] = records.change(state, wish["resource"], wish["id"], **wish["fields"])
    if "delete" in wishes:
        records.remove(state, wishes["delete"]["resource"], wishes["delete"]["id"])
    if "decline" in wishes:
        done |= _decline(state, **wishes["decline"])
    if "pay" in wishes:
        try:
            done["paid"] = charging.pay(state, wishes["pay"]["order_id"])
        except LookupError as error:
            raise ValueError(str(error.args[0])) from error
    return done


def _decline(
    state: State, sch_id: str, code: str = "51", times: int = 1, now: bool = False
) -> dict[str, Any]:
    debit = records.get(state, "auto-debits", sch_id)
    if debit is None:
        raise ValueError(f"Cash Practice has no auto-debit {sch_id}")
    if not now:
        charging.order_decline(state, sch_id, code, times)
        return {}
    return {"declined": charging.charge(state, debit, code=code)}

"""POST /control {"cliniko": {...}}: what a test or a demo may do at Cliniko. Any of these, in this order:

{"settings": {"number_ids": true, "next_host": "https://elsewhere.example", "per_minute": 200}}
                                                             ids as numbers; where links.next leads ("": here); 0: no limit
{"put": {"resource": "patients", "record": {"id": "…"}}}     a record as it stands, new or changed
{"change": {"resource": "patients", "id": "…", "fields": {"archived_at": "2026-11-01T10:00:00Z"}}}
{"delete": {"resource": "invoices", "id": "…"}}              gone there, without a trace
{"merge": {"id": "…", "into": "…"}}                          the first patient is archived, merged with the second
"""

from typing import Any

from data.sandbox.cliniko import records
from data.sandbox.cliniko.practice import link
from data.sandbox.state import State

SETTINGS = "cliniko settings"
USUAL: dict[str, Any] = {"number_ids": False, "next_host": "", "per_minute": 200}
KNOWN = ("settings", "put", "change", "delete", "merge")


def settings(state: State) -> dict[str, Any]:
    return USUAL | state.remembered(SETTINGS, {})


def obey(state: State, wishes: Any) -> dict[str, Any]:
    """Do what is asked for. Raises ValueError, KeyError or TypeError for what cannot be understood."""
    if not isinstance(wishes, dict) or set(wishes) - set(KNOWN):
        raise ValueError(f"cliniko takes an object of {', '.join(KNOWN)}")
    records.ready(state)
    done: dict[str, Any] = {}
    if "settings" in wishes:
        wish = wishes["settings"]
        if not isinstance(wish, dict) or any(type(USUAL.get(name)) is not type(wish[name]) for name in wish):
            raise ValueError(f"the settings of cliniko are {', '.join(USUAL)}")
        state.remember(SETTINGS, settings(state) | wish)
    if "put" in wishes:
        done["put"] = records.put(state, wishes["put"]["resource"], wishes["put"]["record"])
    if "change" in wishes:
        wish = wishes["change"]
        done["changed"] = records.change(state, wish["resource"], wish["id"], **wish["fields"])
    if "delete" in wishes:
        records.remove(state, wishes["delete"]["resource"], wishes["delete"]["id"])
    if "merge" in wishes:
        now = records.moment(state.now())
        into = {
            "merged_at": now,
            "archived_at": now,
            "merged_with_patient": link("patients", wishes["merge"]["into"]),
        }
        done["merged"] = records.change(state, "patients", wishes["merge"]["id"], **into)
    return done

"""An edited plan keeps its versions: an import that changes terms writes the old ones down."""

from pathlib import Path

from sqlalchemy import Engine, select

from core import clock
from core.patient_card.read import patient_card
from core.plans.models import PlanVersion
from core.store.engine import reader
from tests.plans.made import NOON, monthly, plan, the_vector


def kept(engine: Engine) -> int:
    with reader(engine) as session:
        return len(session.execute(select(PlanVersion.id)).all())  # type: ignore[call-overload]


def panel(engine: Engine):  # the plan on the patient card
    with reader(engine) as session:
        return patient_card(session, 1, NOON).plans[0]


def test_an_edit_is_kept_and_told_in_the_schedule(store: Engine, tmp_path: Path) -> None:
    with clock.frozen(NOON):
        the_vector(store, tmp_path)
        assert (kept(store), panel(store).changed) == (0, ())
        due = monthly()
        due[3] = {**due[3], "due_date": "2026-04-20", "amount": "180.00"}
        the_vector(store, tmp_path, plans=[plan(total="2380.00")], instalments=due)
    told = panel(store)
    assert told.changed == ("Apr 15: total $2,400 → $2,380",)
    assert told.instalments[3].changed == "Apr 15: due Apr 1 → Apr 20, amount $200 → $180"
    assert kept(store) == 2


def test_the_same_files_again_and_other_columns_keep_nothing(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path)
    the_vector(sqlite_store, tmp_path)
    the_vector(sqlite_store, tmp_path, plans=[plan(name="Other name")])
    assert kept(sqlite_store) == 0


def test_each_edit_is_one_more_version(sqlite_store: Engine, tmp_path: Path) -> None:
    with clock.frozen(NOON):
        for total in ("2400.00", "2500.00", "2600.00"):
            the_vector(sqlite_store, tmp_path, plans=[plan(total=total)])
    assert panel(sqlite_store).changed == ("Apr 15: total $2,500 → $2,600", "Apr 15: total $2,400 → $2,500")

"""Prepaid money where the practice looks for it: the ledger's books, the morning's row, what is collected at the desk."""

from datetime import timedelta

import pytest
from sqlmodel import select

from core import clock
from core.booking.changing import cancel_by_link, refund_at_desk
from core.booking.costs import Charge
from core.booking.desk import bookings_waiting
from core.booking.models import BookingState, ChargeState, Known
from core.booking.offers import NotOffered
from core.booking.paying import pay_for
from core.connections.commands import pause, resume
from core.insurance.models import Coverage
from core.jobs.booking.tend import tend_bookings
from core.jobs.sync import sync_connection
from core.ledger.models import LedgerEntry
from core.patients.models import ProcessorContact
from core.payments.models import Payment
from core.practice.models import Location
from core.reports.by_name import report_by_name
from core.reports.rows import MorningRow
from core.schedule.models import Appointment, AppointmentType
from core.store.engine import reader, transaction
from core.tasks.models import Task
from dashboard.wording.chips import chips
from dashboard.wording.may_see import MaySee
from tests.booking.office import ANA, OWNER, ZONE, Office

HERS = {
    "first_name": "Ana",
    "last_name": "Ruiz",
    "email": "ana@mail.example",
    "mobile_phone": "+13035550101",
}


def booked(office: Office, slug: str) -> str:
    token = office.hold(slug)
    office.say(token)
    office.pay(token)
    assert office.booking(token).state == BookingState.BOOKED
    return token


def status(office: Office, visit_id: int, word: str) -> None:
    with transaction(office.engine) as session:
        visit = session.get_one(Appointment, visit_id)
        visit.status = word
        session.add(visit)


def test_a_known_patients_payment_stands_on_their_account_at_once(office: Office) -> None:
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer())
    assert office.booking(token).known == Known.MATCHED
    with reader(office.engine) as session:
        payment = session.exec(select(Payment).where(Payment.order_id == office.charges()[0].order_id)).one()
        assert (payment.patient_id, payment.amount_cents, payment.status) == (patient_id, 6_000, "approved")
        contact = session.exec(
            select(ProcessorContact).where(ProcessorContact.external_id == payment.contact_ref)
        ).one()
        assert contact.ehr_id == "P1"


def test_the_morning_shows_what_is_prepaid_and_takes_it_off(office: Office) -> None:
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer())
    at = office.booking(token).starts_at
    office.visit(at, patient_id)
    tend_bookings(office.engine)
    day = clock.local_date(at, ZONE)
    with reader(office.engine) as session:
        place = session.exec(select(Location)).first()
        assert place
        report = report_by_name(session, "morning", day=day, as_of=(at - timedelta(hours=2)).isoformat())
    [row] = report.rows
    assert row.about.prepaid_cents == 6_000
    assert any("Prepaid $60 online." in flag.reason for flag in row.about.flags)
    assert "Prepaid $60" in [chip["words"] for chip in chips(row.about)]
    provider = MaySee(money=False).visit(row)
    assert provider.about.prepaid_cents == 0
    assert "60" not in str(chips(provider.about))


def test_the_morning_shows_a_booking_before_the_ehr_does(office: Office) -> None:
    """A patient's own row with all that is known of them, a stranger's with what they paid, and one row once it is back."""
    patient_id = office.patient(**HERS)
    slug = office.offer()
    token = booked(office, slug)
    stranger = office.hold(slug, office.times(slug)[2])
    office.say(stranger, ANA._replace(first_name="Zed", last_name="New", mobile="(303) 555-0177"))
    office.pay(stranger)
    at = office.booking(token).starts_at

    def rows() -> list[MorningRow]:
        with reader(office.engine) as session:
            early = (at - timedelta(hours=2)).isoformat()
            return list(report_by_name(session, "morning", day=clock.local_date(at, ZONE), as_of=early).rows)

    hers, new = rows()
    assert (hers.about.key, hers.about.patient, hers.about.prepaid_cents) == (patient_id, "Ana Ruiz", 6_000)
    assert "Prepaid $60" in [chip["words"] for chip in chips(hers.about)]
    assert (new.about.key, new.about.patient) == (-(office.booking(stranger).id or 0), "Zed New")
    assert {chip["words"] for chip in chips(new.about)} == {"Prepaid $60", "Booked online"}
    assert "60" not in str(chips(MaySee(money=False).visit(new).about))
    office.visit(at, patient_id)
    assert [row.about.key for row in rows()] == [patient_id, new.about.key]
    tend_bookings(office.engine)
    again = rows()[0]
    assert (again.about.prepaid_cents, len(rows())) == (6_000, 2)
    assert "Booked online" not in [chip["words"] for chip in chips(again.about)]


def test_a_deposit_is_taken_off_what_the_desk_collects(office: Office) -> None:
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer(charge=Charge.DEPOSIT, deposit_cents=2_500))
    at = office.booking(token).starts_at
    with transaction(office.engine) as session:
        kind = session.exec(select(AppointmentType)).one().id
        session.add(
            Coverage(connection_id=office.ehr, external_id="C1", patient_id=patient_id, kind="self_pay")
        )
    visit_id = office.visit(at, patient_id, appointment_type_id=kind)

    def collected() -> int:
        with reader(office.engine) as session:
            report = report_by_name(
                session,
                "morning",
                day=clock.local_date(at, ZONE),
                as_of=(at - timedelta(hours=2)).isoformat(),
            )
            return report.rows[0].about.collect_now_cents

    assert visit_id
    assert collected() == 3_500  # its time and its patient say that the two are one, before it is found again
    tend_bookings(office.engine)
    assert collected() == 3_500


def test_a_deposit_pays_its_own_visit_and_nothing_else_on_the_account(office: Office) -> None:
    """$40 is owed from before; the deposit of $25 is on the account by now. Due at the visit: $40 + $60 - $25."""
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer(charge=Charge.DEPOSIT, deposit_cents=2_500))
    at, order_id = office.booking(token).starts_at, office.charges()[0].order_id
    today = clock.today(ZONE)
    own = {"connection_id": office.ehr, "patient_id": patient_id, "part": "patient"}
    with transaction(office.engine) as session:
        kind = session.exec(select(AppointmentType)).one().id
        session.add(
            Coverage(connection_id=office.ehr, external_id="C1", patient_id=patient_id, kind="self_pay")
        )
        session.add(
            LedgerEntry(
                **own,
                external_id="L1",
                kind="charge",
                amount_cents=4_000,
                posted_on=today - timedelta(days=30),
            )
        )

    def collected(amount: int) -> None:
        with reader(office.engine) as session:
            early = (at - timedelta(hours=2)).isoformat()
            rows = report_by_name(session, "morning", day=clock.local_date(at, ZONE), as_of=early).rows
            assert [row.about.collect_now_cents for row in rows] == [amount]

    collected(7_500)  # nowhere on the ledger yet
    with transaction(office.engine) as session:
        session.add(
            LedgerEntry(
                **own,
                external_id="L2",
                kind="payment",
                amount_cents=2_500,
                posted_on=today,
                order_id=order_id,
            )
        )
    collected(7_500)  # posted as a credit
    visit_id = office.visit(at, patient_id, appointment_type_id=kind)
    tend_bookings(office.engine)
    collected(7_500)
    day = clock.local_date(at, ZONE)
    with transaction(office.engine) as session:
        session.add(
            LedgerEntry(
                **own,
                external_id="L3",
                kind="charge",
                amount_cents=6_000,
                posted_on=day,
                appointment_id=visit_id,
            )
        )
    collected(7_500)  # the EHR has charged the visit: the credit is against it now


def test_one_booking_is_one_appointment_when_the_ehrs_row_comes_back(office: Office) -> None:
    slug = office.offer()
    patient_id = office.patient(**HERS)
    token = booked(office, slug)
    at = office.booking(token).starts_at
    visit_id = office.visit(at, patient_id)
    tend_bookings(office.engine)
    found = office.booking(token)
    assert (found.appointment_id, found.at_ehr, found.conflict) == (visit_id, "matched", "")
    assert at not in office.times(slug)


def test_somebody_new_is_named_by_the_ehrs_own_row(office: Office) -> None:
    token = booked(office, office.offer())
    assert office.booking(token).known == Known.NEW
    patient_id = office.patient(external_id="P9", **HERS)
    office.visit(office.booking(token).starts_at, patient_id)
    tend_bookings(office.engine)
    assert office.booking(token).patient_id == patient_id
    with reader(office.engine) as session:
        assert (
            session.exec(select(Payment.patient_id).where(Payment.amount_cents == 6_000)).one() == patient_id
        )


def test_a_hold_is_taken_when_the_patient_arrives(office: Office) -> None:
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer(charge=Charge.HOLD))
    assert [each["status_code"] for each in office.transactions()] == [102]
    visit_id = office.visit(office.booking(token).starts_at, patient_id)
    tend_bookings(office.engine)
    status(office, visit_id, "arrived")
    tend_bookings(office.engine)
    office.work()
    [taken] = office.transactions()
    assert (taken["status_code"], taken["transaction_amount"]) == (101, 6_000)


def test_a_hold_is_let_go_of_on_a_timely_cancellation(office: Office) -> None:
    token = booked(office, office.offer(charge=Charge.HOLD))
    with transaction(office.engine) as session:
        cancel_by_link(session, token)
    office.work()
    assert [each["status_code"] for each in office.transactions()] == [201]
    assert office.charges()[0].state == ChargeState.UNDONE


def test_a_hold_is_taken_before_the_bank_lets_it_go(office: Office) -> None:
    slug = office.offer(charge=Charge.HOLD)
    token = office.hold(slug, office.times(slug, day=clock.today(ZONE) + timedelta(days=20))[0])
    office.say(token)
    office.pay(token)
    with clock.frozen(clock.now() + timedelta(days=6, minutes=5)):
        tend_bookings(office.engine)
        office.work()
    assert [each["status_code"] for each in office.transactions()] == [101]


def test_a_no_show_follows_the_rule(office: Office) -> None:
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer(refund_percent_late=50))
    visit_id = office.visit(office.booking(token).starts_at, patient_id)
    tend_bookings(office.engine)
    status(office, visit_id, "no_show")
    tend_bookings(office.engine)
    office.work()
    assert office.booking(token).state == BookingState.NO_SHOW
    back = [each for each in office.transactions() if each["type_id"] == 30]
    assert [each["transaction_amount"] for each in back] == [3_000]


def test_what_the_ehr_holds_against_a_booking_becomes_a_task(office: Office) -> None:
    from core.jobs.tasks.refresh import refresh_tasks_now

    office.patient(**HERS)
    token = booked(office, office.offer())
    other = office.patient(external_id="P7", first_name="Ben", last_name="Other")
    visit_id = office.visit(office.booking(token).starts_at, other)
    tend_bookings(office.engine)
    assert "something else" in office.booking(token).conflict
    refresh_tasks_now(office.engine)
    with reader(office.engine) as session:
        task = session.exec(select(Task).where(Task.kind == "online booking")).one()
        assert (task.state, task.cents) == ("open", 6_000)
    status(office, visit_id, "cancelled")
    tend_bookings(office.engine)
    refresh_tasks_now(office.engine)
    with reader(office.engine) as session:
        assert session.exec(select(Task.state).where(Task.kind == "online booking")).one() == "closed"


def test_a_patient_who_missed_visits_prepays_whatever_the_type_asks(office: Office) -> None:
    from core.booking.commands import save_booking_rules

    patient_id = office.patient(**HERS)
    for days in (10, 20):
        office.visit(clock.now() - timedelta(days=days), patient_id, status="no_show")
    with transaction(office.engine) as session:
        save_booking_rules(session, OWNER, no_shows_prepay=2, days_ahead_prepay=30)
    token = office.hold(office.offer(charge=Charge.NOTHING))
    said = office.say(token)
    assert (said.charge, said.amount_cents, said.prepaid_why) == (Charge.FULL, 6_000, "Did not come 2 times.")
    stranger = office.hold("massage")
    assert office.say(stranger, ANA._replace(first_name="Zed")).charge == Charge.NOTHING


def test_a_move_in_the_ehr_is_followed_to_the_same_row_or_to_its_new_copy(office: Office) -> None:
    patient_id = office.patient(**HERS)
    slug = office.offer()
    token = booked(office, slug)
    with reader(office.engine) as session:
        kind = session.exec(select(AppointmentType)).one().id
    visit_id = office.visit(office.booking(token).starts_at, patient_id, appointment_type_id=kind)
    tend_bookings(office.engine)
    later = office.times(slug)[7]
    with transaction(office.engine) as session:
        session.get_one(Appointment, visit_id).starts_at = later
    tend_bookings(office.engine)
    assert office.booking(token).starts_at == later
    status(office, visit_id, "rescheduled")
    tend_bookings(office.engine)
    assert "not known to where" in office.booking(token).conflict
    last = office.times(slug)[2]
    copy = office.visit(last, patient_id, external_id="A-copy", appointment_type_id=kind)
    tend_bookings(office.engine)
    moved = office.booking(token)
    assert (moved.state, moved.starts_at, moved.appointment_id, moved.conflict) == ("booked", last, copy, "")
    assert len(office.transactions()) == 1


def test_a_late_cancellation_in_the_ehr_keeps_by_the_rule_and_asks_a_person(office: Office) -> None:
    patient_id = office.patient(**HERS)
    token = booked(office, office.offer(cutoff_hours=24 * 7))
    visit_id = office.visit(office.booking(token).starts_at, patient_id)
    tend_bookings(office.engine)
    status(office, visit_id, "cancelled")
    tend_bookings(office.engine)
    over = office.booking(token)
    assert over.state == BookingState.CANCELLED
    with reader(office.engine) as session:
        [waiting] = bookings_waiting(session)
        assert waiting.needs == (
            "Cancelled in the EHR after the cut-off: $60 was kept. Refund it if you cancelled.",
        )
    with transaction(office.engine) as session:
        refund_at_desk(session, OWNER, booking_id=over.id or 0, back=6_000, reason="the provider was ill")
    office.work()
    assert [each["status_code"] for each in office.transactions()] == [201]
    with reader(office.engine) as session:
        assert bookings_waiting(session) == []


def test_a_processor_at_rest_frees_the_time_and_charges_nothing(office: Office) -> None:
    slug = office.offer()
    token = office.hold(slug)
    office.say(token)
    with transaction(office.engine) as session:
        pause(session, office.fortis)
    with pytest.raises(NotOffered), transaction(office.engine) as session:
        pay_for(session, token, office.ticket())
    with transaction(office.engine) as session:
        resume(session, office.fortis)
        pay_for(session, token, office.ticket())
        pause(session, office.fortis)
    office.work()
    with clock.frozen(clock.now() + timedelta(minutes=40)):
        tend_bookings(office.engine)
    assert office.booking(token).state == BookingState.FAILED
    assert office.charges()[0].state == ChargeState.NOT_MADE
    assert office.transactions() == []


def test_money_that_turns_up_after_it_was_given_up_goes_back(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    with transaction(office.engine) as session:
        pay_for(session, token, office.ticket())
    with clock.frozen(clock.now() + timedelta(minutes=40)):
        tend_bookings(office.engine)  # nobody sent it in time
    order_id = office.charges()[0].order_id
    assert office.sandbox is not None
    wish = {"ticket_id": office.ticket(), "transaction_amount": 6_000, "transaction_api_id": order_id}
    office.sandbox.request("POST", "/v1/transactions/cc/sale/ticket", json=wish)
    sync_connection(office.engine, office.fortis)
    tend_bookings(office.engine)
    office.work()
    assert [each["status_code"] for each in office.transactions()] == [201]

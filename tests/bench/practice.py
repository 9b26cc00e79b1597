"""A synthetic practice of any size, written straight into a store: 25 appointments and 50 payments a patient.

Whatever the size, one day at one location has the same 150 visits, so only the rest of the store grows.
"""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core.store.engine import open_store
from core.store.migrate import migrate

DAY = date(2026, 11, 23)
# before the first visit of the day, 8:00 in Chicago is 14:00 UTC
AS_OF = datetime(2026, 11, 23, 13, tzinfo=UTC)
VISITS = 150
APPOINTMENTS, PAYMENTS = 25, 50
_US = 1_000_000


def _us(instant: datetime) -> int:
    return int(instant.timestamp()) * _US


def build(path: Path, patients: int) -> str:
    """Write the practice and return the store's URL. Everything is made by SQLite itself, row for row in key order."""
    url = f"sqlite:///{path}"
    engine = open_store(url)
    migrate(engine)
    engine.dispose()
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA cache_size=-400000;")
    first_visit = _us(datetime(2026, 11, 23, 14, tzinfo=UTC))
    day_us = 86_400 * _US
    now = _us(AS_OF)
    step = max(1, patients // VISITS)
    db.executescript(f"""
    INSERT INTO practice (id, name, time_zone) VALUES (1, 'Bench', '');
    INSERT INTO connection (id, practice_id, kind, name, settings, sealed_secrets, state, created_at)
      VALUES (1, 1, 'practice_files', 'EHR', '{{}}', '', 'connected', {now});
    INSERT INTO sync_cursor (connection_id, resource, cursor, synced_at) VALUES
      (1, 'cards', '', {now}), (1, 'ledger', '', {now}), (1, 'payments', '', {now});
    INSERT INTO location (id, connection_id, external_id, content_hash, practice_id, name, time_zone)
      VALUES (1, 1, 'L1', '', 1, 'Maple Street', 'America/Chicago');
    INSERT INTO provider (id, connection_id, external_id, content_hash, location_id, name) VALUES
      (1, 1, 'D1', '', 1, 'Dr Lee'), (2, 1, 'D2', '', 1, 'Dr Kim'), (3, 1, 'D3', '', 1, 'Sam Ortiz');
    INSERT INTO appointment_type (id, connection_id, external_id, content_hash, name, minutes, service_class, price_cents)
      VALUES (1, 1, 'T1', '', 'Adjustment', 15, 'adjustment', 6500), (2, 1, 'T2', '', 'Massage', 60, 'massage', 9500);
    INSERT INTO membership_plan (id, connection_id, external_id, content_hash, name, price_cents, period, no_show_forfeits)
      VALUES (1, 1, 'MP1', '', 'Wellness 4', 14900, 'month', 0);
    INSERT INTO membership_benefit (id, connection_id, external_id, content_hash, membership_plan_id, service_class, visits)
      VALUES (1, 1, 'B1', '', 1, 'adjustment', 4);
    """)
    numbers = f"WITH RECURSIVE n(p) AS (SELECT 1 UNION ALL SELECT p + 1 FROM n WHERE p < {patients})"
    db.executescript(f"""
    {numbers} INSERT INTO patient (id, connection_id, external_id, content_hash, location_id, first_name, last_name,
        mobile_last_four, active, text_consent, search_name)
      SELECT p, 1, printf('P%07d', p), '', 1, 'Name' || (p % 97), 'Family' || (p % 991), printf('%04d', p % 10000), 1, 1,
        'name' || (p % 97) || ' family' || (p % 991) FROM n;
    {numbers}, k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < {APPOINTMENTS - 1})
      INSERT INTO appointment (connection_id, external_id, content_hash, patient_id, location_id, provider_id,
        appointment_type_id, starts_at, minutes, status)
      SELECT 1, printf('A%09d', p * 100 + i), '', p, 1, 1 + p % 3, 1 + (p % 5 = 0),
        CASE WHEN i = 24 AND p % {step} = 0 AND p / {step} <= {VISITS} THEN {first_visit} + (p / {step} % 40) * 900 * {_US}
             WHEN i >= 22 THEN {first_visit} + (1 + (p * 7 + i * 13) % 60) * {day_us}
             ELSE {first_visit} - (1 + (p * 7 + i * 37) % 800) * {day_us} END,
        15, CASE WHEN i >= 22 THEN 'scheduled' WHEN i % 11 = 0 THEN 'no_show' ELSE 'completed' END FROM n, k;
    {numbers} INSERT INTO card (connection_id, external_id, content_hash, patient_id, kind, brand, last_four, expires_on,
        is_default, active, updater)
      SELECT 1, printf('C%07d', p), '', p, 'card', 'visa', printf('%04d', p % 10000),
        CASE WHEN p % 9 = 0 THEN '2026-11-30' WHEN p % 31 = 0 THEN '2026-09-30' ELSE '2029-06-30' END, 1, 1, 'none'
        FROM n WHERE p % 12 <> 0;
    {numbers} INSERT INTO plan (id, connection_id, external_id, content_hash, patient_id, payer_id, kind, name, start_date, end_date,
        total_cents, visits, status)
      SELECT p, 1, printf('PL%07d', p), '', p, CASE WHEN p % 40 = 0 THEN p - 1 END, 'treatment', 'Corrective care', '2026-06-01', '2027-05-31', 240000, 36,
        'active' FROM n WHERE p % 4 = 0;
    {numbers}, k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 11)
      INSERT INTO instalment (connection_id, external_id, content_hash, plan_id, due_date, amount_cents, waived_cents)
      SELECT 1, printf('I%09d', p * 100 + i), '', p, date('2026-06-01', '+' || i || ' months'), 20000, 0
        FROM n, k WHERE p % 4 = 0;
    {numbers} INSERT INTO membership (id, connection_id, external_id, content_hash, patient_id, membership_plan_id,
        start_date, status, next_draft_on)
      SELECT p, 1, printf('M%07d', p), '', p, 1, '2025-01-01', 'active', '2026-12-01' FROM n WHERE p % 4 = 1;
    {numbers}, k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < {PAYMENTS - 1})
      INSERT INTO payment (connection_id, external_id, content_hash, patient_id, plan_id, membership_id, happened_at,
        amount_cents, status, reason_code, order_id, method)
      SELECT 1, printf('X%010d', p * 100 + i), '', p, CASE WHEN p % 4 = 0 AND i < 6 THEN p END,
        CASE WHEN p % 4 = 1 AND i < 20 THEN p END, {first_visit} - (1 + i * 16 + p % 16) * {day_us},
        CASE WHEN p % 4 = 0 AND i < 6 THEN 20000 WHEN p % 4 = 1 AND i < 20 THEN 14900 ELSE 6500 END,
        CASE WHEN i = 0 AND p % 6 = 0 THEN 'declined' ELSE 'approved' END,
        CASE WHEN i = 0 AND p % 6 = 0 THEN '1616' END, printf('O%010d', p * 100 + i), 'card' FROM n, k;
    {numbers}, k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 19)
      INSERT INTO ledger_entry (connection_id, external_id, content_hash, patient_id, posted_on, kind, part, amount_cents,
        order_id)
      SELECT 1, printf('E%010d', p * 100 + i), '', p, date('2026-11-23', '-' || (1 + i / 2 * 16 + p % 16) || ' days'),
        CASE WHEN i % 2 = 0 THEN 'payment' ELSE 'charge' END, 'patient',
        CASE WHEN i < 2 AND p % 6 = 0 THEN 0 WHEN i = 19 AND p % 10 = 0 THEN 9500
             WHEN p % 4 = 0 AND i < 12 THEN 20000 WHEN p % 4 = 1 THEN 14900 ELSE 6500 END,
        CASE WHEN i % 2 = 0 THEN printf('O%010d', p * 100 + i / 2) END FROM n, k;
    {numbers} INSERT INTO coverage (connection_id, external_id, content_hash, patient_id, payer, kind, rank, active_from,
        checked_on, eligible, copay_cents, visit_limit, visits_used)
      SELECT 1, printf('V%07d', p), '', p, 'Blue Plan', 'commercial', 1, '2026-01-01',
        CASE WHEN p % 7 = 0 THEN '2026-08-01' ELSE '2026-11-10' END, 1, 3000, 24, p % 26 FROM n WHERE p % 3 <> 0;
    """)
    db.executescript("ANALYZE;")
    db.close()
    return url


# What a good engineer would write by hand for the same day: who comes, card, next visit, what is open on plans and account.
HAND_WRITTEN = """
SELECT a.external_id, p.external_id, p.first_name, p.last_name, a.starts_at, d.name, t.name, a.status,
  (SELECT min(c.expires_on) FROM card c WHERE c.patient_id = p.id AND c.active = 1) AS expires_on,
  (SELECT min(n.starts_at) FROM appointment n WHERE n.patient_id = p.id AND n.starts_at > a.starts_at
     AND n.status IN ('scheduled', 'confirmed', 'arrived')) AS next_visit,
  (SELECT sum(i.amount_cents - i.waived_cents) FROM plan l JOIN instalment i ON i.plan_id = l.id
     WHERE l.patient_id = p.id AND i.due_date < :today) AS expected,
  (SELECT sum(x.amount_cents) FROM plan l JOIN payment x ON x.plan_id = l.id
     WHERE l.patient_id = p.id AND x.status = 'approved') AS paid,
  (SELECT count(*) FROM membership m JOIN appointment u ON u.patient_id = m.patient_id
     WHERE m.patient_id = p.id AND u.starts_at >= :month AND u.starts_at < :next_month
     AND u.status IN ('completed', 'scheduled', 'confirmed', 'arrived')) AS committed,
  (SELECT sum(CASE WHEN e.kind IN ('charge', 'refund') THEN e.amount_cents ELSE -e.amount_cents END)
     FROM ledger_entry e WHERE e.patient_id = p.id AND e.part = 'patient') AS owes,
  (SELECT v.payer FROM coverage v WHERE v.patient_id = p.id ORDER BY v.rank LIMIT 1) AS payer
FROM appointment a JOIN patient p ON p.id = a.patient_id
LEFT JOIN provider d ON d.id = a.provider_id LEFT JOIN appointment_type t ON t.id = a.appointment_type_id
WHERE a.location_id = 1 AND a.starts_at >= :start AND a.starts_at < :end AND a.status NOT IN ('cancelled', 'rescheduled')
ORDER BY a.starts_at
"""


def hand_parameters() -> dict[str, object]:
    start = datetime(2026, 11, 23, 6, tzinfo=UTC)
    return {
        "today": "2026-11-23",
        "start": _us(start),
        "end": _us(start + timedelta(days=1)),
        "month": _us(datetime(2026, 11, 1, 5, tzinfo=UTC)),
        "next_month": _us(datetime(2026, 12, 1, 6, tzinfo=UTC)),
    }

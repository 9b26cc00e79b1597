"""A small practice as files, every file and every column, for tests to change one thing in."""

import csv
import io
from pathlib import Path

FILES: dict[str, str] = {
    "locations": """location_id,name,time_zone,phone,email,address
L1,Maple Street,America/Denver,(303) 555-0100,desk@maple.example,"1 Maple Street
Denver, CO"
""",
    "providers": """provider_id,location_id,name
D1,L1,Dr. Ada Reyes
""",
    "patients": """patient_id,location_id,first_name,last_name,birth_date,email,mobile_phone,guarantor_id,active,text_consent,email_consent
P1,L1,Zoë,Müller,1984-02-29,zoe@mail.example,303-555-0101,P2,yes,true,
P2,L1,Ben,Müller,1980-01-31,ben@mail.example,+1 303 555 0102,,1,no,0
""",
    "appointment_types": """appointment_type_id,name,minutes,service_class,price
T1,Adjustment,15,adjustment,65.00
""",
    "appointments": """appointment_id,patient_id,provider_id,appointment_type_id,starts_at,minutes,status
A1,P1,D1,T1,2026-11-23T09:00,15,scheduled
A2,P2,D1,T1,2026-11-23T09:30:00-05:00,,No Show
""",
    "coverages": """coverage_id,patient_id,payer,kind,rank,active_from,active_to,checked_on,eligible,copay,coinsurance_percent,deductible,deductible_met,out_of_pocket_max,out_of_pocket_met,visit_limit,visits_used,visits_pending,authorisation_required,authorisation_from,authorisation_to,authorisation_units,authorisation_used
C1,P1,Blue Ridge,commercial,1,2026-01-01,2026-12-31,2026-11-02,yes,25.00,12.5,"1,500.00",300.00,5000,450.50,20,12,1,yes,2026-06-01,2026-12-31,24,13
""",
    "services": """service_id,code,name,price
S1,98941,Adjustment,65.00
""",
    "plans": """plan_id,patient_id,payer_id,kind,name,start_date,end_date,total,visits,status,paused_from,paused_to,card_id
N1,P1,P2,treatment,Spring plan,2026-01-01,2026-12-31,2400.00,24,active,2026-07-01,2026-07-31,K1
""",
    "instalments": """instalment_id,plan_id,due_date,amount,waived
I1,N1,2026-11-01,200.00,
I2,N1,2026-12-01,200.00,50.00
""",
    "membership_plans": """membership_plan_id,name,price,period,rollover_cap,rollover_periods,no_show_forfeits,billing_every,billing_unit
M1,Wellness 4,149.00,anchor,2,1,yes,4,week
""",
    "membership_benefits": """benefit_id,membership_plan_id,service_class,visits,per_week
B1,M1,adjustment,4,1
B2,M1,massage,,
""",
    "memberships": """membership_id,patient_id,membership_plan_id,start_date,end_date,anchor_day,status,frozen_from,frozen_to,card_id,next_draft_on,pool_id
E1,P1,M1,2026-01-31,2027-01-30,31,past_due,2026-05-01,2026-05-31,K1,2026-12-31,W1
""",
    "membership_extras": """extra_id,membership_id,period_start,service_class,kind,visits
X1,E1,2026-11-30,adjustment,rollover,1
""",
    "cards": """card_id,patient_id,kind,brand,last_four,expiry,is_default,active,updater
K1,P1,card,visa,0042,02/28,yes,yes,none
K2,,bank,,6789,,no,yes,
""",
    "recurrings": """recurring_id,patient_id,card_id,plan_id,membership_id,amount,interval,interval_unit,next_run_on,status
R1,P1,K1,N1,E1,149.00,1,month,2026-12-01,on_hold
""",
    "ledger": """entry_id,patient_id,posted_on,kind,part,amount,service_id,appointment_id,plan_id,order_id,description
G1,P1,2026-11-02,charge,patient,65.00,S1,A1,N1,O1,"Visit, ""late"" once"
G2,P1,2026-11-03,adjustment,insurer,-5.00,,,,,
""",
    "payments": """payment_id,patient_id,plan_id,instalment_id,membership_id,invoice_id,happened_at,amount,status,reason_code,refund_of,order_id,method,recurring_id,surcharge
Y1,P1,N1,I1,E1,V1,2026-11-02T14:05:09,149.00,approved,1000,,O1,card,R1,4.34
Y2,,,,,,2026-11-03T10:00:00Z,20.00,approved,,Y1,,cash,,
""",
}


def write_practice(folder: Path, **changed: str | None) -> Path:
    """The valid files in `folder`, some replaced or (None) left out: write_practice(folder, patients="…", cards=None)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **changed}.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def parsed(text: str) -> list[list[str]]:
    """Header and rows of a file's text."""
    return list(csv.reader(io.StringIO(text)))


def with_cell(file: str, column: str, cell: str, *, key: str = "") -> str:
    """The valid text of a file with one cell of its first row replaced; with a key, that row alone under the key."""
    lines = parsed(FILES[file])
    if key:
        lines = [lines[0], [key, *lines[1][1:]]]
    lines[1][lines[0].index(column)] = cell
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines[1:] if key else lines)
    return out.getvalue()

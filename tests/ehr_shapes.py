"""Small exports with invented people, in the shapes that real systems write (facts: column names only)."""

from pathlib import Path

JANE = {
    "HillClinic_Patients_19270908_20261120.csv": """\ufeffPatient Guid,Patient Number,First Name,Preferred Name,Last Name,Birth Date,Email,Mobile Phone,Family Doctor,Status
hill-1,1,Nadia,,Okonkwo,1979-05-02,nadia@mail.example,(303) 555-0111,Dr. Hidden Physician,Active
hill-2,2,Felix,Fix,Okonkwo,2011-01-30,nadia@mail.example,(303) 555-0111,,Active
hill-3,3,Rosa,,Lindgren,1950-12-31,,,,Discharged
""",
    "HillClinic_Appointments_20261101_20261130.csv": """id,location_name,start_at,end_at,patient_guid,treatment_name,staff_member_name,state,notes_text,insurance_state
9001,Hill Clinic,2026-11-16 09:00:00 -0700,2026-11-16 09:20:00 -0700,hill-1,Adjustment,Dr. Uma Prior,arrived,"secretly noted
over two lines",hidden-insurance
9002,Hill Clinic,2026-11-20 09:00:00 -0700,2026-11-20 09:20:00 -0700,hill-2,Adjustment,Dr. Uma Prior,booked,,
9003,Hill Clinic,2026-11-21 09:00:00 -0700,2026-11-21 09:20:00 -0700,,Adjustment,Dr. Uma Prior,never_booked,,
9004,Hill Clinic,2026-11-22 09:00:00 -0700,2026-11-22 09:20:00 -0700,hill-2,Adjustment,Dr. Uma Prior,reserved,,
9005,Hill Clinic,2026-11-23 09:00:00 -0700,2026-11-23 09:20:00 -0700,hill-77,Adjustment,Dr. Uma Prior,booked,,
""",
    "HillClinic_Sales_20261101_20261130.csv": """Location,Purchase Date,Invoice Date,Patient Guid,Patient,Item,Staff Member,Payer,Invoice #,Details,Status,Total,Collected,Balance
Hill Clinic,2026-11-16,2026-11-17,hill-1,Nadia Okonkwo,Adjustment,Dr. Uma Prior,Nadia Okonkwo,77-1,,Paid,"$1,065.00",$65.00,"$1,000.00"
Hill Clinic,2026-11-16,2026-11-16,hill-2,Felix Okonkwo**,Adjustment,Dr. Uma Prior,NADIA OKONKWO,78-1,,Unpaid,$25.00,$0.00,$25.00
Hill Clinic,2026-11-16,2026-11-16,hill-2,Felix Okonkwo,Adjustment,,Mesa Mutual,78-2,,Unpaid,$40.00,$0.00,$40.00
Hill Clinic,2026-11-18,2026-11-18,hill-1,Nadia Okonkwo,Adjustment,,Nadia Okonkwo,77-1-refund,,Refunded,($65.00),($65.00),$0.00
Hill Clinic,2026-11-18,2026-11-18,hill-1,Nadia Okonkwo,Adjustment,,Nadia Okonkwo,79-1,,No Charge,$0.00,$0.00,$0.00
""",
}

DRCHRONO = {
    "drchrono_data_export/7/doctors/doctors.csv": """id,firstName,lastName,timezone
31,Uma,Prior,US/Mountain
""",
    "drchrono_data_export/7/practice_group/offices.csv": """id,name,office_phone
5,Hill Office,303-555-0100
""",
    "drchrono_data_export/7/patients/demographics_1.csv": """id,chart_id,first_name,last_name,date_of_birth,email,cell_phone,patient_status,disable_sms_messages,copay,primary_insurance_company,secondary_insurance_company,number_visits_allowed_per_year,patient_payment_profile,social_security_number
100,OKNA01,Nadia,Okonkwo,1979-05-02,nadia@mail.example,(303) 555-0111,A,true,25.00,Mesa Mutual,,20,Insurance,000-12-9999
101,LIRO01,Rosa,Lindgren,1950-12-31,,,I,false,,,,,Cash,000-98-1111
""",
    "drchrono_data_export/7/patients/demographics_2.csv": """id,chart_id,first_name,last_name,date_of_birth,email,cell_phone,patient_status,disable_sms_messages,copay,primary_insurance_company,secondary_insurance_company,number_visits_allowed_per_year,patient_payment_profile,social_security_number
102,OKFE01,Felix,Okonkwo,2011-01-30,,,A,,,,,,Cash,
""",
    "drchrono_data_export/7/patients/insurance_authorizations_1.csv": """patient_id,auth_number,start_date,end_date,number_of_visits,visits_remaining,is_pending
100,AU1,2025-01-01,2025-12-31,12,0,false
100,AU2,2026-01-01,2026-12-31,24,11,false
""",
    "drchrono_data_export/7/patients/appointments_1.csv": """billing_note,billing_status,claim_type,created_at,created_by_id,doctor,patient,reason,scheduled_time,updated_at
hidden billing note,,,2026-10-01T08:00:00,1,31,100,hidden reason,2026-11-16T09:00:00,2026-11-16T10:00:00
,,,2026-10-01T08:05:00,1,31,102,,2026-11-20T09:00:00,2026-10-01T08:05:00
,,,2026-10-01T08:06:00,1,31,101,,2026-11-20T09:30:00,2026-10-01T08:06:00
,,,2026-10-01T08:07:00,1,31,,,2026-11-20T12:00:00,2026-10-01T08:07:00
""",
    "drchrono_data_export/7/patients/appointments_2.csv": """billing_note,billing_status,claim_type,created_at,created_by_id,doctor,patient,reason,scheduled_time,updated_at
""",
    "drchrono_data_export/7/patients/claims_1.csv": """id,scheduled_time,duration,appointment_status,appointment_profile,doctor_id,office_id,created_at,total_billed,total_pt_paid,total_ins1_paid,total_balnce_pt
800001,2026-11-16T09:00:00,15,Complete,Adjustment,31,5,2026-10-01T08:00:00,100.00,25.00,60.00,5.00
800002,2026-11-20T09:00:00,15,Wellness hold,Adjustment,31,5,2026-10-01T08:05:00,0.00,0.00,0.00,0.00
800004,2026-11-20T12:00:00,60,,,31,5,2026-10-01T08:07:00,0.00,0.00,0.00,0.00
800005,2026-11-25T12:00:00,15,,Adjustment,31,5,2026-10-01T09:09:09,0.00,0.00,0.00,0.00
""",
    "drchrono_data_export/7/patients/procedures_1.csv": """line_item_id,appointment_id,code,description,billed,procedure_type
1,800001,98941,Spinal adjustment,60.00,C
2,800001,97140,Manual therapy,40.00,C
""",
    "drchrono_data_export/7/patients/payments_patient_1.csv": """id,patient_id,appointment_id,line_item_id,amount,posted_date,received_date,payment_method,payment_transaction_type
61,100,800001,,25.00,2026-11-16,2026-11-16,VISA,COPAY
62,100,800001,,10.00,2026-11-18,2026-11-18,VISA,REF
63,101,,,5.00,2026-11-18,2026-11-18,CASH,XYZ
""",
    "drchrono_data_export/7/patients/payments_insurance_1.csv": """patient_id,appointment_id,line_item_id,date_of_service,posted_date,code,allowed,ins_paid,adjustment,adjustment_reason,ins_idx,is_archived
100,800001,1,2026-11-16,2026-11-19,98941,50.00,35.00,10.00,CO45,1,false
100,800001,2,2026-11-16,2026-11-19,97140,30.00,25.00,0.00,,1,false
100,800001,2,2026-11-16,2026-11-19,97140,30.00,25.00,0.00,,1,true
""",
}  # fmt: skip

_TABS = {
    "facilities.tsv": """FacilityGuid|Name|OfficePhone
AAAA0000-0000-4000-8000-000000000001|Hill Office|303-555-0100
""",
    "provider-profiles.tsv": """ProfileGuid|Title|FirstName|LastName|Suffix
BBBB0000-0000-4000-8000-000000000001|Dr.|Uma|Prior|\\N
""",
    "patient-demographics.tsv": """PatientPracticeGuid|FirstName|MiddleName|LastName|BirthDate|IsActive|DeathDate|MobilePhone|Email|SSN|LastModifiedDateTimeUtc
CCCC0000-0000-4000-8000-000000000001|Nadia|B "Bee"|Okonkwo|05/02/1979|True||3035550111|nadia@mail.example|000-12-9999|2026-11-01T00:00:00
CCCC0000-0000-4000-8000-000000000002|Felix||Okonkwo|01/30/2011|False|||||2026-11-01T00:00:00
""",
    "patient-appointments.tsv": """AppointmentGuid|PatientPracticeGuid|ProviderGuid|FacilityGuid|StartDateTime|EndDateTime|AppointmentType|AppointmentStatus|ChiefComplaint
DDDD0000-0000-4000-8000-000000000001|cccc0000-0000-4000-8000-000000000001|BBBB0000-0000-4000-8000-000000000001|AAAA0000-0000-4000-8000-000000000001|11/16/2026 9:00:00 AM|11/16/2026 9:15:00 AM|Adjustment|Checked out|hidden complaint
DDDD0000-0000-4000-8000-000000000002|CCCC0000-0000-4000-8000-000000000001|BBBB0000-0000-4000-8000-000000000001|AAAA0000-0000-4000-8000-000000000001|11/23/2026 9:00:00 AM|11/23/2026 9:15:00 AM|Adjustment|Pending arrival|
DDDD0000-0000-4000-8000-000000000003|00000000-0000-0000-0000-000000000000|BBBB0000-0000-4000-8000-000000000001|AAAA0000-0000-4000-8000-000000000001|11/23/2026 12:00:00 PM|11/23/2026 1:00:00 PM||Scheduled|
""",
    "patient-insurances.tsv": """PatientInsurancePlanGuid|PatientPracticeGuid|PayerName|InsurancePlanName|OrderOfBenefits|EffectiveFromDate|EffectiveToDate|CopayFixedAmount|IsWorkerCompensation|InsurancePlanIsActive
EEEE0000-0000-4000-8000-000000000001|CCCC0000-0000-4000-8000-000000000001|Mesa Mutual|Mesa PPO|Primary|01/01/2026||25.0000|False|True
""",
    "patient-insurance-eligibilities.tsv": """PatientInsurancePlanGuid|EligibilityVerificationDateTimeUtc|IsAccepted|DeductibleAmount|CoinsurancePercentage|OutOfPocketAmount
EEEE0000-0000-4000-8000-000000000001|11/02/2026 5:00:00 PM|True|500.0000|20|2000.0000
EEEE0000-0000-4000-8000-000000000001|01/02/2026 5:00:00 PM|False|500.0000|20|2000.0000
""",
    "superbill-procedures.tsv": """BillingProcedureGuid|BillingHeaderGuid|BillingCode|Quantity|Amount|Description|ProcedureStartDate
|FFFF0000-0000-4000-8000-000000000001|98941|1|65.0000|Spinal adjustment|11/16/2026
""",
    "patient-superbills.tsv": """BillingHeaderGuid|PatientPracticeGuid
FFFF0000-0000-4000-8000-000000000001|CCCC0000-0000-4000-8000-000000000001
""",
}  # fmt: skip
PRACTICE_FUSION = {name: text.replace("|", "\t") for name, text in _TABS.items()}

SQUARE = {
    "transactions-2026-11.csv": """Date,Time,Time Zone,Gross Sales,Total Collected,Card,Cash,Transaction ID,Payment ID,PAN Suffix,Description,Event Type,Customer Reference ID,Transaction Status
2026-11-16,09:20:00,Mountain Time (US & Canada),$65.00,$65.00,$65.00,$0.00,T1,Q1,4242,hidden thing,Payment,hill-1,Complete
2026-11-17,10:00:00,Mountain Time (US & Canada),($20.00),($20.00),($20.00),$0.00,T2,Q2,4242,,Refund,hill-1,Complete
2026-11-18,10:00:00,Mountain Time (US & Canada),$0.00,$0.00,$0.00,$0.00,T3,Q3,,,Payment,,Complete
"""
}
STRIPE = {
    "unified_payments.csv": """id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Description,Status,Customer Email,patient_id (metadata)
ch_1,2026-11-16 16:20:00,"1.399,00","0,00",usd,true,hidden text,Paid,nadia@mail.example,hill-1
ch_2,2026-11-16 16:21:00,"50,00","20,00",usd,true,,Paid,,hill-1
ch_3,2026-11-16 16:22:00,"50,00","0,00",usd,false,,Failed,,hill-1
ch_4,2026-11-16 16:22:00,"50,00","0,00",eur,true,,Paid,,hill-1
ch_5,2026-11-16 16:22:00,"50,00","0,00",usd,true,,Blocked,,hill-1
"""
}


def write_export(folder: Path, files: dict[str, str]) -> Path:
    """The files in a folder, with their own folders."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder

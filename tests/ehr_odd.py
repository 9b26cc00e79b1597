"""Files of a system nobody knows: odd headers, two-digit years, “Last, First”, “$1,234.50”, “(45.00)”, AM and PM."""

from datetime import date, timedelta

from tests.ehr_shapes import write_export

ODD = {
    "people.csv": """Acct #,Client (Last, First),D.O.B.,Cell,E-Mail Addr,Rec Status
00041,"Okonkwo, Nadia",05/02/79,(303) 555-0111,nadia@mail.example,Current
00042,"Okonkwo, Felix",01/30/11,,,Current
00043,"Lindgren, Rosa",12/31/50,303.555.0113,rosa@mail.example,Moved away
""".replace("Client (Last, First)", '"Client (Last, First)"'),
    "book.csv": """Booking Ref,Client (Last, First),Appt Date,From,To,Seen By,What For,Appt State,Private Remarks
B1,"Okonkwo, Nadia",11/23/26,9:00 AM,9:20 AM,Dr. Uma Prior,Adjustment,Planned,hidden remark
B2,"Okonkwo, Felix",11/24/26,1:30 PM,1:50 PM,Dr. Uma Prior,Adjustment,Planned,
B3,"Lindgren, Rosa",11/16/26,12:15 PM,12:35 PM,Sol Imada,Massage,Done,
B4,"Lindgren, Rosa",11/17/26,4:00 PM,4:20 PM,Sol Imada,Massage,Didnt come,
""".replace("Client (Last, First)", '"Client (Last, First)"'),
    "money.csv": """Slip,Client (Last, First),Posted,Charged,Received,For
S1,"Lindgren, Rosa",11/16/26,"$1,234.50",$200.00,Care plan
S2,"Okonkwo, Nadia",11/09/26,$65.00,$65.00,Adjustment
S3,"Okonkwo, Nadia",11/10/26,(45.00),(20.00),Correction
S4,"Okonkwo, Felix",11/10/26,$0.00,$0.00,Nothing
""".replace("Client (Last, First)", '"Client (Last, First)"'),
}


def odd_of(tomorrow: date) -> dict[str, str]:
    """The same files with the first two visits tomorrow, and what is over a week before."""
    day, past = f"{tomorrow:%m/%d/%y}", f"{tomorrow - timedelta(days=8):%m/%d/%y}"
    book = ODD["book.csv"].replace("11/23/26", day).replace("11/24/26", day)
    return ODD | {"book.csv": book.replace("11/16/26", past).replace("11/17/26", past)}


__all__ = ["ODD", "odd_of", "write_export"]

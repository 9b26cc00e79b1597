"""What the words of the screens mean, in one sentence each: shown when somebody holds the mouse over a tile or a chip."""

import re

# the word as it stands on a tile, a chip or a heading → what it means
MEANINGS: dict[str, str] = {
    # the day
    "Visits": "Every visit of this day at this location that was not cancelled.",
    "At risk": "Money that will not come by itself: declined or missing payments, arrears, and drafts whose card will fail before they run.",
    "Collect now": "What to ask for at the desk today: today's visit, what is missing and may be asked for, and old balances that are due.",
    "No card": "Has a plan or a membership and no card on file with the processor.",
    "Card ends": "The card ends within 45 days, or before a draft planned in the next 60 days.",
    "Behind": "Instalments due before today that are still open, added up.",
    "Membership": "Booked for more or fewer visits than the membership allows.",
    "Insurance": "Coverage that was refused, ran out, or was not checked in the last 30 days.",
    "Missing payment": "Due and still open: at once after a decline, one business day later when nothing was tried.",
    "Balance": "The patient's part of charges, less payments and adjustments.",
    "Unknown": "A source is missing, too old, or not joined to this patient. Unknown never means that all is well.",
    "Everyone": "Every active patient.",
    # memberships
    "All": "Every member with something to say.",
    "Over-scheduled": "More visits done and booked in a period than the membership pays for.",
    "Not scheduled": "A running membership and no visit booked after today.",
    "About to lose visits": "Visits that are paid for, not used and not booked, and lapse within 10 days.",
    "Provisional": "The membership's payment is not there yet: its visits count only once it is paid.",
    "Booked while frozen": "A visit is booked inside a freeze, when the membership gives none.",
    "Outside term": "A visit is booked before the membership begins or after it ends, so nothing pays for it.",
    "Used up": "Every visit of this period is done or booked. Nothing to do.",
    "Decided": "Somebody decided what happens to the visits beyond the membership.",
    # plans
    "1–30 days": "Open instalments that were due 1 to 30 days ago.",
    "31–60 days": "Open instalments that were due 31 to 60 days ago.",
    "61–90 days": "Open instalments that were due 61 to 90 days ago.",
    "Over 90 days": "Open instalments that were due more than 90 days ago.",
    "Promised": "The patient gave a day to pay by; nobody asks before.",
    "To settle": "Ended early with money open: the owner or the office manager decides what becomes of it.",
    "Due today": "Instalments, drafts and memberships that fall on this day.",
    "Next 30 days": "Everything planned to be paid in the next 30 days.",
    "Likely to fail": "Coming payments whose card is closed, expired or missing, ends before the day, or was declined last time.",
    "Prepaid, not yet earned": "Paid by patients for care that was not given yet.",
    "Credit balances": "Accounts in credit: money that is the patients'.",
    # links and blasts
    "Open": "Not settled yet.",
    "Not sent": "Made, and sent to nobody yet.",
    "Opened": "The patient opened the link.",
    "Part-paid": "A part of it is paid.",
    "Paid": "Paid in full, or the new card is saved.",
    "Over": "Ended without being paid: expired, taken back, or replaced by another link.",
    "In doubt": "Nobody knows whether it went through: the answer was lost on the way. It is looked up, never sent twice.",
    "Sent": "Handed to the phone company or the mail server.",
    "Delivered": "The phone or the mailbox has it.",
    "Updated": "A new card was saved on this link.",
    "Failed": "It could not be delivered; the row says why.",
    "Opted out": "Answered STOP: gets no more texts.",
    "Left out": "Not sent, each with its reason.",
    # cards
    "Cards to mend": "Patients with something to pay whose card will not last.",
    "Expired": "The card's last day is over.",
    "Ends before a draft": "A draft is planned after the card's last day: it will fail.",
    "Ends soon": "The card ends soon; no draft falls after its end yet.",
    "Closed": "The bank closed the card or it was removed at the processor; on Tasks: settled, by a person or by itself.",
    "Not linked": "No processor record is joined to this patient, so nobody knows their card.",
    # tasks
    "Mine": "Tasks you took or were given.",
    "Critical": "Fails within days, or keeps a patient from their visit.",
    "High": "Money is open or will fail soon.",
    "Medium": "Worth doing, not urgent.",
    "Visit in 7 days": "Their patient comes within a week: it can be settled at the desk.",
    "Snoozed": "Put aside until a day; it comes back by itself, or sooner when it grows.",
    # books
    "Apart": "How far processor and ledger differ on these days.",
    "Not posted": "Accepted by the processor and not in the EHR's ledger.",
    "Posted twice": "One payment that stands in the ledger more than once.",
    "Amount differs": "In both, with different amounts.",
    "Ledger only": "In the ledger and not at the processor: cash, checks, or typed by hand.",
    "Agree": "In both, with the same amount.",
    # linking
    "Unlinked money": "Processor records with money on them that are nobody's yet.",
    "With a likely patient": "A patient agrees with the record in more than one fact; a person says yes or no.",
    "No likely patient": "No patient agrees with the record well enough to be proposed.",
    "Not patients": "Somebody said that this record is no patient of the practice.",
    # online booking
    "To do": "Online bookings that need a person.",
    "Booked, to come": "Online bookings of visits still to come.",
    "Did not finish": "Left their name and did not finish in the last seven days: call them.",
    "Money back": "Online bookings refunded in the last 30 days.",
    # chips of a row
    "Card expired": "The last day of the card's month is over.",
    "Card closed": "The bank closed the card or it was removed.",
    "Card unknown": "The end date or the state of the card cannot be read.",
    "Missing": "Due and still open.",
    "Maybe paid": "The ledger holds money that may have paid it: say yes or no on the card.",
    "Retry planned": "It is tried again by itself; nobody asks before.",
    "Lower draft": "The draft took less than the plan's price, as agreed that day.",
    "Paid, not posted": "Accepted by the processor, not in the EHR's ledger yet.",
    "Settle plan": "The plan was ended early and waits for a decision.",
    "Plan unknown": "The plan cannot be judged: its instalments are missing or contradict each other.",
    "Owes": "An old balance on the account that is due.",
    "Over by": "More visits than the membership pays for in this period.",
    "Visits lapse": "Visits that are paid for lapse soon when they are not booked.",
    "Over, decided": "Beyond the membership, and somebody decided what happens.",
    "Membership unknown": "Plan, benefits or dates of the membership cannot be read.",
    "Insurance inactive": "The insurer says that the coverage is not in force.",
    "One insurer refused": "One of several insurers refused; another is in force.",
    "Check is old": "The last check of eligibility is more than 30 days old, or of another plan year.",
    "Not checked": "Eligibility was never checked.",
    "Insurance unknown": "What the insurer said cannot be read.",
    "No visits left": "The insurance pays for no more visits this year.",
    "Few visits left": "The insurance pays for only a few more visits this year.",
    "No authorisation": "The insurer wants an authorisation and none is on file.",
    "Authorisation ended": "The authorisation's last day is over.",
    "Units short": "The authorisation does not hold enough units for the visits booked.",
    "Booked online": "A booking of /book that the EHR has not shown as a visit of its own yet.",
    "Prepaid": "Paid online before the visit.",
    "Held": "Held on the card online; it is taken when the patient arrives.",
    "Booking conflict": "The EHR holds something else at the time that was booked online.",
    # headings
    "Flags": "What is wrong, the worst first. Hold the mouse over a chip for its reason.",
    "Say": "The one sentence to say at the desk.",
    "Next visit": "The next visit after this one.",
    "Use": "Solid: done. Striped: booked. Mark: what the membership allows. Dashed: where they should be by now.",
    "Visits beyond": "The visits that the membership does not pay for.",
    "Last contact": "When they were last in, last promised something, or were last written to.",
    "Last visit": "The last visit that took place.",
    "Days past due": "How long the oldest open instalment has been due, and the money by age.",
    "Life": "What became of the link, step by step.",
}  # fmt: skip
_COUNT = re.compile(r" \([\d,]+\)$")


def meaning_of(words: str) -> str:
    """What a tile's or a heading's words mean; "" for a word that is not in the list."""
    return MEANINGS.get(_COUNT.sub("", words), "")


def explained(words: str, then: str) -> str:
    """What is shown beside the mouse: the meaning of the words, then `then` (what a press does, or the reason)."""
    return " ".join(part for part in (meaning_of(words), then) if part)

"""Insurance that is wrong, old or not looked at; cases; balances (DOMAIN §6, §7)."""

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.insurance import insure, insure_case, self_pay
from data.sandbox.practice.ledger import charge_visit, insurer_pays, post, take_cash
from data.sandbox.practice.schedule import book_visit
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import comes_today, pays_each_visit
from data.sandbox.practice.tokens import add_card
from data.sandbox.practice.visits import settle_insured


@story("STALE", "EXPIRED_BY_VISIT", "balance owed")
def stale_and_owing(book: Book, who: Person) -> None:
    """Last checked 75 days ago, the authorisation ran out last week, and the last two copays were not taken."""
    insure(
        book,
        who,
        "30.00",
        checked_on=days.text(book.ago(75)),
        active_from=days.text(book.ago(400)),
        authorisation_required="true",
        authorisation_from=days.text(book.ago(120)),
        authorisation_to=days.text(book.ago(6)),
        authorisation_units="30",
        authorisation_used="11",
    )
    came = comes_today(book, who)
    settle_insured(book, who, came[:-2], 3000, add_card(book, who))
    for visit in came[-2:]:
        charge_visit(book, visit, who, patient_part=3000)


@story("NOT_CHECKED", "NONE")
def new_patient(book: Book, who: Person) -> None:
    """First visit: a policy nobody has checked, no card yet."""
    insure(book, who, checked_on="", eligible="", visit_limit="30", visits_used="0", visits_pending="0")
    book_visit(book, who, book.today, "T02")


@story("workers_comp", "MISSING")
def work_injury(book: Book, who: Person) -> None:
    """The case needs an authorisation and has none."""
    insure_case(book, who, "workers_comp", authorisation_required="true")
    for visit in comes_today(book, who):
        _mine, theirs = charge_visit(book, visit, who, patient_part=0)
        insurer_pays(book, visit, who, theirs, book.ago(1))
    add_card(book, who)


@story("auto", "credit", loud=False)
def car_accident(book: Book, who: Person) -> None:
    """The motor insurer pays; a $45 deposit from before the case is still on account."""
    insure_case(book, who, "auto")
    for visit in comes_today(book, who):
        charge_visit(book, visit, who, patient_part=0)
    take_cash(book, who, book.ago(65), 4500)
    add_card(book, who)


@story("injury", loud=False)
def injury_case(book: Book, who: Person) -> None:
    insure_case(book, who, "injury")
    for visit in comes_today(book, who):
        charge_visit(book, visit, who, patient_part=0)
    add_card(book, who)


@story("ACTIVE", "OK", "insurer pending", loud=False)
def insured_and_authorised(book: Book, who: Person) -> None:
    """All in order; the insurer still owes for the last weeks."""
    insure(
        book,
        who,
        "25.00",
        authorisation_required="true",
        authorisation_from=days.text(book.ago(60)),
        authorisation_to=days.text(book.ahead(120)),
        authorisation_units="40",
        authorisation_used="12",
    )
    settle_insured(book, who, comes_today(book, who, past=16), 2500, add_card(book, who))


@story("SELF_PAY", loud=False)
def pays_as_they_go(book: Book, who: Person) -> None:
    self_pay(book, who)
    pays_each_visit(book, who, add_card(book, who))


@story("SELF_PAY", "balance owed")
def owes_for_a_pillow(book: Book, who: Person) -> None:
    """Pays every visit on the spot; a neck pillow of five weeks ago is still on the account."""
    self_pay(book, who)
    pays_each_visit(book, who, add_card(book, who))
    post(book, who, book.ago(35), "charge", 4800, description="Neck pillow")

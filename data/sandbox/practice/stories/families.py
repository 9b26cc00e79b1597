"""Families: a child on a parent's contract or card (DOMAIN §2, §4, §5)."""

from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.contacts import add_contact
from data.sandbox.practice.insurance import self_pay
from data.sandbox.practice.memberships import collect_drafts, use_fully
from data.sandbox.practice.people import add_person
from data.sandbox.practice.plans import collect_but_last
from data.sandbox.practice.processor import NOT_SUFFICIENT, decline
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import care_plan, member
from data.sandbox.practice.tokens import add_card


@story("VIA_GUARANTOR", "family", "d1_30", link=None)
def family_contract(book: Book, who: Person) -> None:
    """A child on a contract the parent pays, who is one instalment behind."""
    parent = add_person(book, who.place)
    add_contact(book, parent)
    self_pay(book, parent)
    _joins_family(who, parent)
    plan = care_plan(book, who, add_card(book, parent), payer=parent)
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    decline(book, plan.draft(), open_[0], NOT_SUFFICIENT)


@story("VIA_GUARANTOR", "family pool", loud=False, link=None)
def family_membership(book: Book, who: Person) -> None:
    """Mother and child share a Family plan on her card; each uses four."""
    mother = add_person(book, who.place)
    add_contact(book, mother)
    card = add_card(book, mother)
    _joins_family(who, mother)
    for person, on in ((who, [book.today]), (mother, [])):
        joined = member(book, person, "MP6", card, payer=mother)
        collect_drafts(book, joined)
        use_fully(book, joined, on=on)


def _joins_family(child: Person, parent: Person) -> None:
    child.guarantor = parent
    child.last = parent.last
    child.phone, child.email = parent.phone, parent.email
    child.row.update(
        guarantor_id=parent.id, last_name=parent.last, mobile_phone=parent.phone, email=parent.email
    )

"""What every practice has before its first patient: locations, providers, visit types, services, memberships sold."""

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Place, money
from data.sandbox.practice.names import PLACES, PROVIDERS

PATIENTS_PER_PROVIDER = 400

VISIT_TYPES = {
    # id: name, minutes, service class, price in cents, service id
    "T01": ("Adjustment", 15, "adjustment", 6500, "S01"),
    "T02": ("New patient exam", 45, "exam", 12000, "S02"),
    "T03": ("Re-exam", 30, "exam", 8500, "S03"),
    "T04": ("Massage", 60, "massage", 9500, "S04"),
    "T05": ("Decompression", 30, "decompression", 8000, "S05"),
}
SERVICES = (
    ("S01", "98940", "Spinal adjustment", 6500),
    ("S02", "99203", "New patient examination", 12000),
    ("S03", "99213", "Re-examination", 8500),
    ("S04", "97124", "Massage, 60 minutes", 9500),
    ("S05", "S9090", "Spinal decompression", 8000),
    ("S06", "MEMBER", "Membership", 0),
    ("S07", "PLAN", "Care plan", 0),
)
MEMBERSHIPS = {
    # id: name, price in cents, period, rollover cap, rollover periods, no-show forfeits, {service class: visits}
    "MP1": ("Wellness 4", 14900, "month", "", "", "false", {"adjustment": 4}),
    "MP2": ("Essential 2", 8900, "anchor", "", "", "false", {"adjustment": 2}),
    "MP3": ("Unlimited care", 22900, "month", "", "", "false", {"adjustment": None, "massage": 1}),
    "MP4": ("Wellness 4 with rollover", 15900, "anchor", "2", "2", "false", {"adjustment": 4}),
    "MP5": ("Active 6", 19900, "anchor", "", "", "true", {"adjustment": 6, "massage": 1}),
    "MP6": ("Family 4", 12900, "month", "", "", "false", {"adjustment": 4}),
    "MP7": ("Wellness 4 Flex", 14900, "anchor", "", "", "false", {"adjustment": 4}),
    "MP8": ("Wellness 4 yearly", 149000, "month", "", "", "false", {"adjustment": 4}),
    "MP9": ("Wellness 4 in four weeks", 13900, "month", "", "", "false", {"adjustment": 4}),
    "MP10": ("Weekly 4", 14500, "month", "", "", "false", {"adjustment": 4}),
    "MP11": ("Ten visits prepaid", 55000, "package", "", "", "false", {"adjustment": 10}),
}
BILLED = {"MP8": ("12", "month"), "MP9": ("4", "week")}  # others each month
PER_WEEK = {"MP10": "1"}  # a second limit beside that of the period


def open_places(book: Book, locations: int) -> None:
    for number in range(locations):
        name, zone, area_code, city, state, postal_code = PLACES[number % len(PLACES)]
        if number >= len(PLACES):
            name = f"{name} {number // len(PLACES) + 1}"
        place = Place(book.next_id("L", 2), zone, area_code, book.hex_id(), book.hex_id(), book.hex_id())
        address = f"{100 + 7 * number} Example Street, {city}, {state} {postal_code}"
        phone = f"+1{area_code}5550100"
        book.row(
            "locations",
            location_id=place.id,
            name=name,
            time_zone=zone,
            phone=phone,
            email=f"desk{number + 1}@example.com",
            address=address,
        )
        _fortis_location(
            book,
            place,
            name,
            phone,
            {"city": city, "state": state, "postal_code": postal_code, "country": "US"},
        )
        _providers(book, place, max(3, book.size // locations // PATIENTS_PER_PROVIDER))
        book.places.append(place)


def _fortis_location(book: Book, place: Place, name: str, phone: str, address: dict[str, str]) -> None:
    opened = days.epoch(book.ago(2000), place.zone, 9)
    book.record(
        "locations",
        id=place.fortis_id,
        name=name,
        account_number=f"ACC-{place.id}",
        address=address,
        office_phone=phone[2:],
        tz=place.zone,
        location_type="merchant",
        default_cc=place.cc_id,
        default_ach=place.ach_id,
        location_api_id=place.id,
        email_reply_to="desk@example.com",
        created_ts=opened,
        modified_ts=opened,
    )
    for id_, method, title in ((place.cc_id, "cc", "Cards"), (place.ach_id, "ach", "Bank debits")):
        book.record(
            "product_transactions",
            id=id_,
            location_id=place.fortis_id,
            payment_method=method,
            title=title,
            active=True,
            currency_code="840",
            paylink_allow=True,
            quick_invoice_allow=True,
            quick_invoice_text_to_pay=True,
            sms_enable=True,
            created_ts=opened,
            modified_ts=opened,
        )


def _providers(book: Book, place: Place, count: int) -> None:
    for number in range(count):
        provider = book.next_id("D", 2)
        name = PROVIDERS[number % len(PROVIDERS)]
        if number >= len(PROVIDERS):
            name = f"{name} {number // len(PROVIDERS) + 1}"
        (place.massage if number % 3 == 2 else place.chiropractors).append(provider)
        book.row("providers", provider_id=provider, location_id=place.id, name=name)


def price_list(book: Book) -> None:
    """Visit types, services and the memberships the practice sells, the same at each location."""
    for type_id, (name, minutes, service_class, price, _service) in VISIT_TYPES.items():
        book.row(
            "appointment_types",
            appointment_type_id=type_id,
            name=name,
            minutes=str(minutes),
            service_class=service_class,
            price=money(price),
        )
    for service_id, code, name, price in SERVICES:
        book.row("services", service_id=service_id, code=code, name=name, price=money(price) if price else "")
    for plan_id, (name, price, period, cap, periods, forfeits, benefits) in MEMBERSHIPS.items():
        book.row(
            "membership_plans",
            membership_plan_id=plan_id,
            name=name,
            price=money(price),
            period=period,
            rollover_cap=cap,
            rollover_periods=periods,
            no_show_forfeits=forfeits,
            billing_every=BILLED.get(plan_id, ("", ""))[0],
            billing_unit=BILLED.get(plan_id, ("", ""))[1],
        )
        for service_class, visits in benefits.items():
            book.row(
                "membership_benefits",
                benefit_id=book.next_id("B", 2),
                membership_plan_id=plan_id,
                service_class=service_class,
                visits="" if visits is None else str(visits),
                per_week=PER_WEEK.get(plan_id, ""),
            )

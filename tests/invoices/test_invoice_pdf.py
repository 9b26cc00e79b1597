"""The invoice as a sheet of paper: every amount on it, in any language, on as many pages as it takes."""

import io
from datetime import date

import pypdfium2
import pytest

from core.fonts import printable
from core.invoices.paper import InvoicePaper, PaperLine
from core.invoices.pdf import CHANGED_LETTERS, invoice_pdf, page_count, page_picture

LINES = (PaperLine("Adjustment", date(2026, 11, 3), 6_500), PaperLine("Massage", None, 4_000, 5_000))


def paper(**also: object) -> InvoicePaper:
    plain = {
        "practice": "Riverside Chiropractic", "phone": "(614) 555-0100", "address": "12 Maple Street",
        "patient": "Ana Alvarez", "number": "H-000007", "made_on": date(2026, 11, 21), "due_on": date(2026, 12, 5),
        "lines": LINES, "total_cents": 10_500, "paid_cents": 2_000, "note": "See you soon.",
        "pay_at": "https://pay.example/x", "state": "",
    }  # fmt: skip
    return InvoicePaper(**{**plain, **also})  # type: ignore[arg-type]


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in document)


def test_everything_the_patient_needs_stands_on_it() -> None:
    said = words(invoice_pdf(paper()))
    for each in ("Riverside Chiropractic", "(614) 555-0100", "12 Maple Street", "Ana Alvarez", "H-000007"):
        assert each in said
    for each in ("Dec 5, 2026", "$65.00", "$40.00", "$50.00 of it is not asked for now", "$105.00", "$20.00"):
        assert each in said
    assert "To pay $85.00" in said
    assert "https://pay.example/x" in said
    assert "Page 1 of 1" in said


def test_a_long_invoice_numbers_its_pages() -> None:
    pdf = invoice_pdf(paper(lines=LINES * 60, number=""))
    assert page_count(pdf) > 2
    assert f"Page 2 of {page_count(pdf)}" in words(pdf)


@pytest.mark.parametrize(
    "name", ["Łukasz Dvořák", "王小明", "Ana <b>& Co</b>", "x" * 400, "\x00\x07\u202eAna", "🙂"]
)
def test_any_name_can_be_drawn(name: str) -> None:
    said = words(invoice_pdf(paper(patient=name)))
    assert "Invoice" in said
    assert (CHANGED_LETTERS in said) == (printable(name) != name)


def test_a_paid_or_voided_one_asks_for_nothing() -> None:
    assert "Paid in full" in words(invoice_pdf(paper(paid_cents=10_500, state="paid", pay_at="")))
    assert "There is nothing to pay" in words(invoice_pdf(paper(state="void", pay_at="")))


def test_the_picture_is_a_png_of_a_letter_page() -> None:
    picture = page_picture(invoice_pdf(paper()))
    assert picture.startswith(b"\x89PNG")
    assert io.BytesIO(picture).getbuffer().nbytes > 5_000

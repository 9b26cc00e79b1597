"""An invoice drawn as a PDF, and its first page as a picture for the screen."""

import io
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from core.dates import short_day
from core.fonts import BOLD as BOLD_FACE
from core.fonts import REGULAR, printable, use_fonts
from core.invoices.paper import InvoicePaper
from core.money import dollars

INK, SOFT, RULE = colors.HexColor("#1f1d1a"), colors.HexColor("#5c574f"), colors.HexColor("#cfc8bb")
LINK = colors.HexColor("#0b57a4")
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=10.5, leading=14, textColor=INK)
BOLD = ParagraphStyle("bold", BODY, fontName=BOLD_FACE)
SMALL = ParagraphStyle("small", BODY, fontSize=9, leading=12, textColor=SOFT)
AMOUNT = ParagraphStyle("amount", BODY, alignment=2)
AMOUNT_HEAD = ParagraphStyle("amount head", SMALL, alignment=2)
AMOUNT_BOLD = ParagraphStyle("amount bold", BOLD, alignment=2, fontSize=12.5, leading=16)
PRACTICE = ParagraphStyle("practice", BOLD, fontSize=15, leading=19)
TITLE = ParagraphStyle("title", BOLD, fontSize=22, leading=27)
MARGIN = 20 * mm
FRAME = 6  # points inside the margin, reportlab's own
WIDTH = letter[0] - 2 * MARGIN - 2 * FRAME
PREVIEW = "Preview"
CHANGED_LETTERS = (
    "Some letters cannot be printed here: they stand without their marks, or as a question mark."
)


def invoice_pdf(paper: InvoicePaper) -> bytes:
    """The bytes of the PDF, one page or more. Text from outside is escaped; letters its typeface lacks (of other
    scripts than Latin, Greek and Cyrillic) become question marks, and the sheet says so."""
    use_fonts()
    out = io.BytesIO()
    title = f"Invoice {paper.number}" if paper.number else "Invoice"
    document = SimpleDocTemplate(
        out,
        pagesize=letter,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=printable(f"{title}, {paper.practice}"),
        author="Huddle",
    )
    document.build(_story(paper), canvasmaker=_numbered(paper))
    return out.getvalue()


def page_picture(pdf: bytes, *, page: int = 0, scale: int = 2) -> bytes:
    """One page as PNG. scale: pixels a point; 2 is 1,224 across."""
    import pypdfium2  # heavy, and only a preview needs it

    document = pypdfium2.PdfDocument(pdf)
    try:
        out = io.BytesIO()
        document[page].render(scale=scale).to_pil().save(out, format="PNG")
        return out.getvalue()
    finally:
        document.close()


def page_count(pdf: bytes) -> int:
    """How many pages it has."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()


def _story(paper: InvoicePaper) -> list[Any]:
    story: list[Any] = [
        _text(paper.practice, PRACTICE),
        *(_text(line, SMALL) for line in (paper.address, paper.phone) if line),
        Spacer(1, 10 * mm),
        _text("Invoice", TITLE),
        Spacer(1, 2 * mm),
        _facts(paper),
        Spacer(1, 6 * mm),
        _lines(paper),
        Spacer(1, 2 * mm),
        KeepTogether([_sums(paper), Spacer(1, 6 * mm), *_how_to_pay(paper)]),
    ]
    if paper.note:
        story += [Spacer(1, 5 * mm), _text(paper.note, BODY)]
    if _changed(paper):
        story += [Spacer(1, 5 * mm), _text(CHANGED_LETTERS, SMALL)]
    return story


def _facts(paper: InvoicePaper) -> Table:
    rows = [("For", paper.patient)]
    rows += [("Number", paper.number)] if paper.number else []
    rows += [("Date", _day(paper.made_on)), ("Due", _day(paper.due_on))]
    rows += [("State", paper.state.capitalize())] if paper.state else []
    cells = [[_text(name, SMALL), _text(value, BODY)] for name, value in rows]
    return Table(cells, colWidths=[22 * mm, WIDTH - 22 * mm], hAlign="LEFT", style=_PLAIN)


_PLAIN = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-2, -1), 6),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]
)
_RULED = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 1.2, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]
)


def _lines(paper: InvoicePaper) -> Table:
    rows = [[_text("Service", SMALL), _text("Day", SMALL), _text("Amount", AMOUNT_HEAD)]]
    for line in paper.lines:
        what: list[Any] = [_text(line.name, BODY)]
        if line.left_cents:
            what.append(_text(f"{dollars(line.left_cents)} of it is not asked for now", SMALL))
        day = _day(line.served_on) if line.served_on else ""
        rows.append([what, _text(day, BODY), _text(dollars(line.cents), AMOUNT)])  # type: ignore[list-item]
    widths = [WIDTH - 62 * mm, 32 * mm, 30 * mm]
    return Table(rows, colWidths=widths, repeatRows=1, hAlign="LEFT", style=_RULED)


def _sums(paper: InvoicePaper) -> Table:
    rows = [("Charged", paper.total_cents, AMOUNT), ("Paid", paper.paid_cents, AMOUNT)]
    cells = [[_text(name, AMOUNT), _text(dollars(cents), style)] for name, cents, style in rows]
    cells.append([_text("To pay", AMOUNT_BOLD), _text(dollars(paper.remains_cents), AMOUNT_BOLD)])
    return Table(cells, colWidths=[WIDTH - 40 * mm, 40 * mm], hAlign="LEFT", style=_PLAIN)


def _how_to_pay(paper: InvoicePaper) -> list[Any]:
    if not paper.remains_cents:
        return [_text("Paid in full. Thank you!", BOLD)]
    if paper.state:
        return [_text(f"This invoice is {paper.state}. There is nothing to pay on it.", BOLD)]
    ask = f"Questions? Call {paper.phone}." if paper.phone else "Questions? Ask at the front desk."
    if not paper.pay_at:
        return [
            _text("You pay by card on the page this invoice's message leads to.", BODY),
            _text(ask, SMALL),
        ]
    target = escape(paper.pay_at, {'"': "&quot;"})
    link = f'<link href="{target}" color="#0b57a4"><u>{escape(printable(paper.pay_at))}</u></link>'
    return [_text("How to pay", BOLD), Paragraph(f"By card, here: {link}", BODY), _text(ask, SMALL)]


def _numbered(paper: InvoicePaper) -> type[Canvas]:
    """A canvas that writes "Page 1 of 2" once it knows how many there are."""
    foot = printable(" · ".join(part for part in (paper.practice, paper.number or PREVIEW) if part))[:90]

    class Numbered(Canvas):
        def __init__(self, *args: Any, **also: Any) -> None:
            super().__init__(*args, **also)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(REGULAR, 8.5)
                self.setFillColor(SOFT)
                self.drawString(MARGIN + FRAME, 11 * mm, foot)
                self.drawRightString(
                    letter[0] - MARGIN - FRAME, 11 * mm, f"Page {number} of {len(self._pages)}"
                )
                super().showPage()
            super().save()

    return Numbered


def _changed(paper: InvoicePaper) -> bool:
    texts = [paper.practice, paper.address, paper.patient, paper.note, *(line.name for line in paper.lines)]
    return any(printable(text) != text for text in texts)


def _day(day: date) -> str:
    return f"{short_day(day, day)}, {day.year}"


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(words)), style)

"""The day as a PDF, one page a provider (more when the list is long), drawn by reportlab."""

import io
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import landscape, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from core.fonts import BOLD as BOLD_FACE
from core.fonts import REGULAR, printable, use_fonts

if TYPE_CHECKING:
    from dashboard.web.day_sheet import Paper, Sheet, VisitLine

INK, SOFT, RULE = colors.HexColor("#1f1d1a"), colors.HexColor("#5c574f"), colors.HexColor("#cfc8bb")
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9.5, leading=12, textColor=INK)
BOLD = ParagraphStyle("bold", BODY, fontName=BOLD_FACE)
RIGHT = ParagraphStyle("right", BOLD, alignment=2)
HEAD = ParagraphStyle("head", BODY, fontSize=8.5, textColor=SOFT)
HEAD_RIGHT = ParagraphStyle("head right", HEAD, alignment=2)
TITLE = ParagraphStyle("title", BOLD, fontSize=16, leading=20)
SMALL = ParagraphStyle("small", HEAD)
WIDTHS = {"Time": 19, "Patient": 48, "Flags": 48, "Say": 94, "Collect": 19, "Next visit": 22}  # mm


def day_pdf(paper: "Paper") -> bytes:
    """The bytes of the PDF. Text from outside is escaped; letters its typeface lacks become question marks."""
    use_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=landscape(letter),
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=12 * mm,
        bottomMargin=12 * mm,
        title=printable(f"{paper.day}, {paper.place}"),
        author="Huddle",
    )
    story: list[Any] = []
    for sheet in paper.sheets:
        story += [*_sheet(sheet, paper), PageBreak()]
    document.build(story[:-1] or [_text(f"No visits on {paper.day}.", TITLE), _text(paper.made, SMALL)])
    return out.getvalue()


def _sheet(sheet: "Sheet", paper: "Paper") -> list[Any]:
    heads = [head for head in WIDTHS if paper.money or head != "Collect"]
    rows = [
        [_text(head, HEAD_RIGHT if head == "Collect" else HEAD) for head in heads],
        *(_cells(line, money=paper.money) for line in sheet.lines),
    ]
    widths = [WIDTHS[head] * mm for head in heads]
    if not paper.money:
        widths[heads.index("Say")] += WIDTHS["Collect"] * mm
    table = Table(rows, colWidths=widths, repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 1.2, INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    heading = _text(f"{paper.day} · {sheet.provider}", TITLE)
    about = _text(
        f"{paper.place} · {len(sheet.lines)} {'visit' if len(sheet.lines) == 1 else 'visits'}", SMALL
    )
    return [heading, about, Spacer(1, 3 * mm), table, Spacer(1, 3 * mm), _text(paper.made, SMALL)]


def _cells(line: "VisitLine", *, money: bool) -> list[Any]:
    patient = [_text(line.patient, BOLD), _text(line.visit, SMALL)]
    collect = [_text(line.collect, RIGHT)] if money else []
    return [
        _text(line.time, BODY), patient, _text(line.flags, BOLD), _text(line.say, BODY),
        *collect, _text(line.next_visit, BODY),
    ]  # fmt: skip


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(words)), style)

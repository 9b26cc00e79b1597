"""The real PDF of an invoice as a picture on the screen, and as a file to keep."""

from functools import lru_cache

import streamlit as st

from core.invoices.paper import InvoicePaper
from core.invoices.pdf import invoice_pdf, page_count, page_picture
from dashboard.ui.note import note
from dashboard.wording.text import count


@lru_cache(maxsize=16)
def _drawn(paper: InvoicePaper) -> tuple[bytes, bytes, int]:
    pdf = invoice_pdf(paper)
    return pdf, page_picture(pdf), page_count(pdf)


def paper_view(paper: InvoicePaper, *, key: str) -> None:
    """The first page, and the whole to download."""
    pdf, picture, pages = _drawn(paper)
    with st.container(border=True, width=720):  # larger than a sheet of paper reads no better
        st.image(picture, width="stretch", alt=f"The invoice as {paper.patient} will see it")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download the PDF",
            lambda: pdf,  # sent when it is pressed, not before
            file_name=f"invoice-{paper.number or 'preview'}.pdf",
            mime="application/pdf",
            icon=":material/download:",
            on_click="ignore",
            key=key,
        )
        if pages > 1:
            note(f"Page 1 of {count(pages, 'page')}; the file has all.")

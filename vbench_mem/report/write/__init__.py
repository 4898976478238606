"""A document as a page, for paper and for a pull request."""

from vbench_mem.report.document import Document


def written(document: Document, ending: str) -> str | bytes:
    """The content of a file whose name ends in `.html`, `.pdf` or `.md`."""
    if ending == ".pdf":
        from vbench_mem.report.write.pdf import pdf_bytes

        return pdf_bytes(document)
    if ending == ".md":
        from vbench_mem.report.write.markdown import markdown_text

        return markdown_text(document)
    from vbench_mem.report.write.html import html_page

    return html_page(document)

"""Documents on paper: A4 pages in Korean, Japanese and English, the same bytes for the same facts."""

from cctv.core.pdf.document import Column, Document

__all__ = ["Column", "Document"]

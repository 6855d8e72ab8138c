"""pymupdf_text.py FILE: the text of a PDF as PyMuPDF reads it, page after page."""
import sys

import pymupdf

pymupdf.TOOLS.mupdf_display_errors(False)
with pymupdf.open(sys.argv[1]) as document:
    print("\n".join(page.get_text() for page in document))

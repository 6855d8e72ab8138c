"""in_process.py docx2txt|pymupdf SECONDS FILE...: milliseconds a file takes in process, one line for each, the best of what fits in SECONDS."""
import sys, time

if sys.argv[1] == "docx2txt":
    from docx2txt import process as read
else:
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)

    def read(file):
        with pymupdf.open(file) as document:
            return "\n".join(page.get_text() for page in document)


for file in sys.argv[3:]:
    best, end = float("inf"), time.perf_counter() + float(sys.argv[2])
    while best == float("inf") or time.perf_counter() < end:
        start = time.perf_counter()
        try:
            read(file)
        except Exception:  # what a peer cannot read is not compared
            best = float("nan")
            break
        best = min(best, time.perf_counter() - start)
    print(best * 1e3)

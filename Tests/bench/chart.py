"""The chart of a run as SVG text: bars with their spread, readable on light and on dark pages."""
from html import escape

from summary import WAYS, in_order, is_late, select, summary, words

# (part, unit, row, title); row None: all
PANELS = [
    ("warm", "ms", None, "Warm: milliseconds of one answer"),
    ("cold", "s", None, "Cold: seconds from the server's first answer until the last who asked was told"),
    ("told", "s", None, "A job that was pending: seconds from the server's first answer until each was told"),
    ("waiting", "calls a minute", "scheduler", "Six wait for a pending job: calls of the scheduler a minute"),
    ("waiting", "calls a minute", "file server", "The same: calls of the file server a minute"),
    ("faults", "s", None, "Faults: seconds until a server that works is handed out"),
]
WIDTH, LEFT, BAR, STEP = 820, 260, 10, 15
LONGEST = 400
CLASSES = {way: f"w{n}" for n, way in enumerate(WAYS)}
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px }
.page { fill: #ffffff } .spread { stroke: #1f2328; stroke-width: 1 }
.w0 { fill: #1a7f5a } .w1 { fill: #6cc4a1 } .w2 { fill: #c77c1e } .other { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .page { fill: #0d1117 } .spread { stroke: #e6edf3 }
  .w0 { fill: #2ea67a } .w1 { fill: #8fdcbd } .w2 { fill: #e09a45 } .other { fill: #6e7681 }
}
"""


def label(x, y, text, kind="", anchor="start"):
    mark = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{mark}>{escape(text)}</text>'


def bar(sample, y, longest):
    """One bar, a line from its lowest to its highest value, and its number."""
    def width(value):
        # What came too late, and what is beyond the scale, ends where the scale does.
        return round(LONGEST * min(value / longest, 1), 1) if longest else 0
    low, middle, high = summary(sample)
    kind = CLASSES.get(sample["way"], "other")
    parts = [f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{max(width(middle), 1)}" height="{BAR}"/>']
    if low != high:
        parts.append(
            f'<line class="spread" x1="{LEFT + width(low)}" x2="{LEFT + width(high)}" y1="{y + BAR / 2}" y2="{y + BAR / 2}"/>')
    parts.append(label(LEFT + max(width(middle), width(high)) + 6, y + BAR, words(sample)))
    return parts


def panel(samples, part, unit, row, title, y):
    """The lines of one panel that begins at `y`, and where it ends."""
    chosen = select(samples, part, unit, row)
    if not chosen:
        return [], y
    values = [v for s in chosen for v in (summary(s)[2], s.get("bound", 0) if is_late(s) else 0) if v != float("inf")]
    lines = [label(16, y + 12, title, "title")]
    y += 22
    rows = in_order(s["row"] for s in chosen)
    for row in rows:
        for s in select(chosen, part, unit, row):
            name = s["way"] if len(rows) == 1 else f"{row}: {s['way']}"
            lines += [label(LEFT - 8, y + BAR, name, anchor="end"), *bar(s, y, max(values, default=1))]
            y += STEP
        y += 5
    return lines, y + 12


def chart(samples):
    """The whole SVG document."""
    lines, y = [], 16
    for one in PANELS:
        more, y = panel(samples, *one, y)
        lines += more
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-labelledby="t d">',
        '<title id="t">coord beside a flock wrapper, cat and squeue</title>',
        '<desc id="d">Bars: medians of each way to ask for the team\'s server; the line over a bar is its spread. '
        "The numbers are those of the tables in performance.md.</desc>",
        f"<style>{STYLE}</style>", f'<rect class="page" width="{WIDTH}" height="{y}"/>', *lines, "</svg>", ""])

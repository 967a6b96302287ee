"""A suite's rows as horizontal bars: the median, and a line to the 99th percentile of the blocks. One scale for each unit."""
from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, ROW = 860, 290, 430, 22


def bars(rows, top):
    longest = max(max(row["median"], row["p99"]) for row in rows) or 1
    for place, row in enumerate(rows):
        y = top + place * ROW
        length, tail = (BAR * row[key] / longest for key in ("median", "p99"))
        value = "%.4g %s" % (row["median"], row["unit"]) + ("" if row["ratio"] is None else ", %.2f x" % row["ratio"])
        yield '<text x="%d" y="%d" text-anchor="end">%s</text>' % (LABEL - 8, y + 14, escape(row["name"]))
        yield '<rect x="%d" y="%d" width="%.1f" height="14"><title>%s</title></rect>' % (LABEL, y + 3, length, escape(value))
        yield '<line x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>' % (LABEL + length, LABEL + tail, y + 10, y + 10)
        yield '<text x="%.1f" y="%d">%s</text>' % (LABEL + max(length, tail) + 8, y + 14, escape(value))


def svg(results):
    rows = [row for row in results["rows"] if row["median"] is not None and row["p99"] is not None]
    parts, y = [], 40
    for unit in dict.fromkeys(row["unit"] for row in rows):
        group = [row for row in rows if row["unit"] == unit]
        parts += bars(group, y)
        y += len(group) * ROW + 12
    title = "%s: medians of %d rounds; the line ends at the 99th percentile of blocks" % (results["suite"], results["rounds"])
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">' % (WIDTH, y),
        '<style>rect { fill: #4878a8 } line { stroke: #202020 } text { fill: #202020 }</style>',
        '<rect width="100%" height="100%" style="fill: white"/>', '<text x="12" y="22" font-size="14">%s</text>' % escape(title),
        *parts, "</svg>", ""])

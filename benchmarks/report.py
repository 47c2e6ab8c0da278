"""Tables as text and Markdown, and bars as SVG, for the benchmarks' drivers."""

import math
from html import escape

COLUMNS = ("ours", "stock GIL", "CPython", "C")

# Of the bars, in the order of COLUMNS: told apart also by who sees no red or no green.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#999999")

BAR_HEIGHT = 11
GROUP_GAP = 9
LEFT = 200
WIDTH = 760
RIGHT = 70
LINE = 22


class Row:
    """One line: a figure for each contestant, and for ours the target and whether it is met."""

    def __init__(self, label, figures, digits, target, met, note, why):
        self.label = label
        self.figures = figures
        self.digits = digits
        self.target = target
        self.met = met
        self.note = note  # in the place of the ratios
        self.why = why  # a target was missed

    def verdict(self):
        return {None: "", True: "ok", False: "MISSED" + self.why}[self.met]

    def ratio(self, other):
        """Ours as a multiple of the other's figure."""
        if other not in self.figures or self.figures[other].value == 0:
            return ""
        return "{:.2f}".format(self.figures["ours"].value / self.figures[other].value)

    def cells(self, columns, ratios):
        figures = [
            self.figures[c].text(self.digits) if c in self.figures else "-" for c in columns
        ]
        notes = [self.note] if self.note else [self.ratio(c) for c in ratios]
        return [self.label] + figures + notes + [self.target, self.verdict()]


class Table:
    def __init__(self, title, text, columns=COLUMNS, ratios=None):
        self.title = title
        self.text = text
        self.columns = columns
        self.ratios = columns[1:3] if ratios is None else ratios  # columns that ours is a multiple of
        self.rows = []

    def add(self, label, figures, digits=0, target="", met=None, note="", why=""):
        self.rows.append(Row(label, figures, digits, target, met, note, why))

    def lines(self):
        """Header and rows, as lists of cells of the same length."""
        if any(row.note for row in self.rows):
            ratios = ["ratio"]
        else:
            ratios = ["/ " + column for column in self.ratios]
        header = [""] + list(self.columns) + ratios + ["target", ""]
        return [header] + [row.cells(self.columns, self.ratios) for row in self.rows]

    def aligned(self):
        lines = self.lines()
        widths = [max(len(cell) for cell in column) for column in zip(*lines)]
        for line in lines:
            first = line[0].ljust(widths[0])
            yield [first] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]

    def as_text(self):
        rows = ["  ".join(cells).rstrip() for cells in self.aligned()]
        return "\n".join([self.title, self.text] + rows)

    def as_markdown(self):
        rows = ["| " + " | ".join(cells) + " |" for cells in self.aligned()]
        rule = "| :-- |" + " --: |" * (len(self.lines()[0]) - 1)
        return "\n".join(["## " + self.title, "", self.text, "", rows[0], rule] + rows[1:])


def write_markdown(path, title, command, machine, tables, svg, picture):
    with open(path, "w") as file:
        file.write("# {}\n\n".format(title))
        file.write(
            "Written by `{}`: the median of the rounds, with the least and the "
            "greatest in\nbrackets. The contestants take turns within every round. The columns "
            "with / give ours as\na multiple of theirs.\n\n".format(command)
        )
        file.write("{}.\n\n![{}]({})\n".format(machine, picture, svg))
        for table in tables:
            file.write("\n{}\n".format(table.as_markdown()))


class Bars:
    """A table's rows as groups of horizontal bars, one bar a contestant."""

    def __init__(self, table, rows, scale, ticks, unit, columns=COLUMNS):
        self.table = table
        self.rows = rows
        self.scale = scale  # from a value to a part of the width, 0 to 1
        self.ticks = ticks
        self.unit = unit
        self.columns = columns

    def height(self):
        bars = sum(len(row.figures) for row in self.rows)
        return 3 * LINE + bars * BAR_HEIGHT + len(self.rows) * GROUP_GAP

    def x(self, value):
        part = min(1, max(0, self.scale(value)))
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def draw(self, top):
        yield text(10, top + 14, self.table.title + ", " + self.unit, "font-weight='bold'")
        y = top + LINE
        bottom = top + self.height() - 2 * LINE
        for tick in self.ticks:
            x = self.x(tick)
            yield line(x, y, x, bottom, "#dddddd")
            yield text(x, bottom + 13, "{:g}".format(tick), "text-anchor='middle'")
        for row in self.rows:
            middle = y + len(row.figures) * BAR_HEIGHT / 2 + 4
            yield text(LEFT - 8, middle, row.label, "text-anchor='end'")
            for column, colour in zip(self.columns, COLOURS):
                if column in row.figures:
                    yield from self.draw_bar(y, row.figures[column], row.digits, colour)
                    y += BAR_HEIGHT
            y += GROUP_GAP

    def draw_bar(self, y, figure, digits, colour):
        end = self.x(figure.value)
        yield "<rect x='{}' y='{:.1f}' width='{:.1f}' height='{}' fill='{}'/>".format(
            LEFT, y, max(1, end - LEFT), BAR_HEIGHT - 1, colour
        )
        # The rounds' spread.
        low, high = self.x(min(figure.rounds)), self.x(max(figure.rounds))
        middle = y + (BAR_HEIGHT - 1) / 2
        yield line(low, middle, high, middle, "black")
        yield text(max(end, high) + 4, y + 9, "{:.{}f}".format(figure.value, digits))


def text(x, y, string, attributes=""):
    return "<text x='{:.1f}' y='{:.1f}' {}>{}</text>".format(x, y, attributes, escape(string))


def line(x1, y1, x2, y2, colour):
    return "<line x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}' stroke='{}'/>".format(
        x1, y1, x2, y2, colour
    )


def legend(top, columns):
    x = LEFT
    for column, colour in zip(columns, COLOURS):
        yield "<rect x='{}' y='{}' width='10' height='10' fill='{}'/>".format(x, top + 4, colour)
        yield text(x + 15, top + 13, column)
        x += 110


def log_scale(low, high):
    return lambda value: math.log10(max(value, low) / low) / math.log10(high / low)


def write_svg(path, *panels):
    body = list(legend(0, panels[0].columns))
    top = 2 * LINE
    for panel in panels:
        body.extend(panel.draw(top))
        top += panel.height()
    with open(path, "w") as file:
        file.write(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1:.0f}' width='{0}' "
            "height='{1:.0f}' font-family='sans-serif' font-size='11'>\n".format(WIDTH, top)
        )
        file.write("<rect width='100%' height='100%' fill='white'/>\n")
        file.write("\n".join(body) + "\n</svg>\n")

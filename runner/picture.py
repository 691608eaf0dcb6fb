# SPDX-License-Identifier: GPL-2.0
"""The picture of a museum's run: a panel a suite, its cases down, the mutants across."""

from xml.sax.saxutils import escape

STEP = 8                 # of the grid, in px
LEFT = 330               # room for the names of cases
ABOVE = 190              # room for the names of mutants
COLOURS = {"named": "#a50f15", "other": "#fcae91", "one": "#08519c", "none": "#e6550d"}
TREE = {"5.10": "#f2f0f7", "6.1": "#edf8e9", "6.12": "#eff3ff", "newest": "#feedde"}
LEGEND = (("named", "red, as the patch names it"), ("other", "red as well"),
          ("one", "a bug that one case alone sees"), ("none", "a case that saw nothing"))


def draw(results, cases):
    """SVG text of the mutate.Results; @cases: {suite: [its cases]}."""
    shapes, top, width = [], 40, 0
    for suite, names in cases.items():
        of = sorted((r for r in results if r.suite == suite and r.verdict != "equivalent"),
                    key=lambda r: (list(TREE).index(r.mutant.split("/")[0])
                                   if r.mutant.split("/")[0] in TREE else -1, r.arch, r.mutant))
        if of:
            shapes += _panel(suite, names, of, top)
            top += ABOVE + STEP * len(names) + 40
            width = max(width, LEFT + STEP * len(of) + 20)
    legend, at = [], 10
    for colour, words in LEGEND:
        legend += [_cells([(at, 12)], COLOURS[colour]), _text(at + 12, 19, words, 11)]
        at += 40 + 6 * len(words)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{max(width, at)}" height="{top}" '
            'font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join(legend + shapes) + "\n</svg>\n")


def _panel(suite, names, results, top):
    """The shapes of one suite."""
    saw = [sum(name in r.red for r in results) for name in names]
    shapes = [_text(10, top + 14, f"{suite}: {len(names)} cases, {len(results)} mutants, "
                                  f"{sum(not s for s in saw)} cases that saw nothing", 13)]
    base, marks = top + ABOVE, {"named": [], "other": [], "one": []}
    for column, result in enumerate(results):
        x, (tree, _, slug) = LEFT + STEP * column, result.mutant.partition("/")
        shapes.append(f'<rect x="{x}" y="{base}" width="{STEP}" height="{STEP * len(names)}" '
                      f'fill="{TREE.get(tree, "#f7f7f7")}"/>')
        label = f"{slug.partition('-')[2]}  {tree}" + (f" {result.arch}"
                                                       if result.arch != "x86_64" else "")
        shapes.append(_text(x + 7, base - 12, label, 7, 'transform="rotate(-90 '
                            f'{x + 7} {base - 12})"'))
        if len(result.red) == 1:
            marks["one"].append((x, base - STEP - 1))
        for row, name in enumerate(names):
            if name in result.red:
                marks["named" if name in result.named else "other"].append((x, base + STEP * row))
    for row, name in enumerate(names):
        colour = "" if saw[row] else f'fill="{COLOURS["none"]}" font-weight="bold"'
        shapes.append(_text(LEFT - 4, base + STEP * row + 7, name, 7.5,
                            f'text-anchor="end" {colour}'))
    return shapes + [_cells(where, COLOURS[kind]) for kind, where in marks.items() if where]


def _cells(where, colour):
    """Squares at the (x, y) of @where, as one path."""
    side = STEP - 1
    return (f'<path fill="{colour}" d="'
            + "".join(f"M{x} {y}h{side}v{side}h-{side}z" for x, y in where) + '"/>')


def _text(x, y, words, size, more=""):
    return f'<text x="{x}" y="{y}" font-size="{size}" {more}>{escape(words)}</text>'

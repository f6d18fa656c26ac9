# SPDX-License-Identifier: MIT
"""Plots of the results as SVG, by gnuplot."""
import shutil
import subprocess

STYLE = """
set terminal svg size 800,{height} font 'sans,13' background rgb 'white'
set output '{path}'
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
"""

GROWTH = STYLE + """
set multiplot layout 1,2 title '{title}'
set logscale x
set xrange [{first}:{last}]
set xtics ({tics})
set xlabel '{axis}'
{time_axis}
set title 'time a {unit}, microseconds'
set key top right
plot $points using 1:3 with linespoints lw 2 pt 7 lc rgb '#4477aa' title 'wall', \\
     $points using 1:2 with linespoints lw 2 pt 7 lc rgb '#cc6677' title 'CPU'
unset key
{memory_axis}
set title 'memory a {unit}, {memory_in}'
plot $points using 1:4 with linespoints lw 2 pt 7 lc rgb '#228833'
unset multiplot
"""

ROW = STYLE + """
set title '{title}'
set xlabel '{unit} (logarithmic)'
set logscale x
set xrange [{low}:{high}]
set yrange [-0.7:{last}.7]
set ytics ({names})
set grid xtics lc rgb '#dddddd'
set style fill solid
unset key
plot $lines using ({low}):1:({low}):2:($1-0.35):($1+0.35):3 with boxxyerror lc rgb variable, \\
     $lines using 2:1:4 with labels left offset 0.5,0
"""


def _gnuplot(script, data):
    subprocess.run(["gnuplot"], input=data + script, text=True, check=True, timeout=60)


def _quoted(text):
    return text.replace("'", "''")


def _axis(values):
    """Where what is done once outweighs the rest of the smallest steps, zero would flatten the
    others."""
    if min(values) > 0 and max(values) > 20 * min(values):
        return "set logscale y; set autoscale y"
    return f"unset logscale y; set yrange [0:{max(max(values) * 1.1, 1)}]"


def _tic(step, axis):
    """Ten thousand is 10k; bytes are told in powers of two."""
    base, letters = (1024, "KMG") if axis == "bytes" else (1000, "kMG")
    letter = ""
    while step >= base and letters:
        step, letter, letters = step // base, letters[0], letters[1:]
    return f"{step}{letter}"


def growth(result, folder):
    """Two panels: what a unit takes in time, and in memory. A step of no unit is left out."""
    shown = [point for point in result["points"] if point["step"] > 0]
    if not shown:
        return
    points = "\n".join(f"{point['step']} {point['cpu']} {point['wall']} {point['memory']}"
                       for point in shown)
    steps = [point["step"] for point in shown]
    tics = ", ".join(f"'{_tic(step, result['axis'])}' {step}" for step in steps)
    script = GROWTH.format(
        height=380, path=folder / f"growth-{result['name']}.svg", title=_quoted(result["title"]),
        axis=result["axis"], first=steps[0] / 1.3, last=steps[-1] * 1.3, tics=tics,
        unit=result["unit"], memory_in=result["memory_in"],
        time_axis=_axis([point[name] for point in shown for name in ("cpu", "wall")]),
        memory_axis=_axis([point["memory"] for point in shown]))
    _gnuplot(script, f"$points << END\n{points}\nEND\n")


def _colour(name):
    if name.startswith("posthaste"):
        return 0x228833
    return 0x999999 if name == "raw" else 0x4477aa


def row(result, unit, folder):
    """Bars on a logarithmic axis, the cheapest client at the top."""
    lines = sorted(result["lines"], key=lambda line: -line["median"])
    if not lines:
        return
    data = "\n".join(f"{i} {line['median']} {_colour(line['name'])} {line['median']:.3g}"
                     for i, line in enumerate(lines))
    names = ", ".join(f"'{_quoted(line['name'])}' {i}" for i, line in enumerate(lines))
    values = [line["median"] for line in lines]
    script = ROW.format(height=120 + 28 * len(lines), path=folder / f"{result['name']}.svg",
                        title=_quoted(result["title"]), unit=unit, low=min(values) / 2,
                        high=max(values) * 2, last=len(lines) - 1, names=names)
    _gnuplot(script, f"$lines << END\n{data}\nEND\n")


def is_here():
    return shutil.which("gnuplot") is not None

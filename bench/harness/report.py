# SPDX-License-Identifier: MIT
"""Results as a Markdown table and as JSON."""

UNITS = {
    "us": "CPU a message, us",
    "s/GB": "CPU, s/GB",
    "trips": "round trips a message",
    "session": "CPU a session, us",
    "MiB": "peak memory, MiB",
    "ms": "start to end, ms",
}


def number(value):
    """Three digits that count, and no more."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if value >= 1:
        return f"{value:.2f}"
    return f"{value:.3f}" if value > 0 else "0"


def _others(line):
    known = {"name", "messages", "median", "low", "high", "ratio"}
    return [name for name in line if name not in known]


def _medians(rounds):
    return f"medians of {rounds} rounds" if rounds > 1 else "what one round took"


def table(result, rounds):
    """The Markdown of one row, in a report of so many rounds."""
    lines = result["lines"]
    if not lines:
        return f"## {result['title']} (`{result['name']}`)\n\nNothing was measured.\n"
    others = _others(lines[0])
    heads = ["client", UNITS[result["unit"]], "quartiles", "to the limit", *others, "messages"]
    text = [f"## {result['title']} (`{result['name']}`)", "", "| " + " | ".join(heads) + " |",
            "|---" + "|---:" * (len(heads) - 1) + "|"]
    for line in lines:
        name = "**posthaste**" if line["name"] == "posthaste" else line["name"]
        if line["name"] == "raw":
            name = "raw writer: the limit"
        ratio = line.get("ratio")
        cells = [name, number(line["median"]), f"{number(line['low'])} to {number(line['high'])}",
                 f"{ratio:.2f}" if ratio else "", *(number(line.get(other)) for other in others),
                 f"{line['messages']:,}"]
        text.append("| " + " | ".join(cells) + " |")
    text.append("")
    if result["rounds"] != rounds:
        text += [f"These are {_medians(result['rounds'])}.", ""]
    goals = [f"at most {result['at_most']:.2f} times the limit"] if result["at_most"] else []
    goals += [result["goal"]] if result["goal"] else []
    if goals:
        text += [f"What posthaste must reach: {'; '.join(goals)}.", ""]
    for name, why in result["failures"].items():
        text += [f"{name} was left out: {why}.", ""]
    if result["missing"]:
        text += ["Not on this machine: " + ", ".join(result["missing"]) + ".", ""]
    return "\n".join(text)


def _reached(ratio, at_most):
    if not ratio or not at_most:
        return "-"
    return "yes" if ratio <= at_most else "no"


def overview(results):
    """One line a row: the limit, posthaste, the best peer."""
    text = ["| measure | unit | limit | posthaste | ratio | at most | reached | best peer |",
            "|---|---|---:|---:|---:|---:|---|---|"]
    for result in results:
        by_name = {line["name"]: line for line in result["lines"]}
        own, limit = by_name.get("posthaste"), by_name.get("raw")
        peers = [line for line in result["lines"]
                 if line["name"] != "raw" and not line["name"].startswith("posthaste")]
        best = min(peers, key=lambda line: line["median"], default=None)
        at_most = result["at_most"]
        ratio = own.get("ratio") if own else None
        text.append("| " + " | ".join([
            result["title"], UNITS[result["unit"]], number(limit["median"]) if limit else "-",
            number(own["median"]) if own else "-", f"{ratio:.2f}" if ratio else "-",
            f"{at_most:.2f}" if at_most else "-", _reached(ratio, at_most),
            f"{best['name']} {number(best['median'])}" if best else "-"]) + " |")
    return "\n".join(text) + "\n"


def growth_table(result):
    unit = result["unit"]
    text = [f"### {result['title']}", "", f"![{result['title']}](growth-{result['name']}.svg)", "",
            f"| {result['axis']} | CPU in all, us | CPU a {unit}, us | wall a {unit}, us "
            f"| memory a {unit}, {result['memory_in']} | peak memory, KiB |",
            "|---:|---:|---:|---:|---:|---:|"]
    text += [f"| {point['step']:,} | {number(point['cpu_in_all'])} | {number(point['cpu'])} "
             f"| {number(point['wall'])} | {number(point['memory'])} "
             f"| {number(point['peak_kib'])} |"
             for point in result["points"]]
    text += [f"\nIt ends before {step}: {why}." for step, why in result["failures"].items()]
    return "\n".join([*text, ""])


def page(results, grown, versions, rounds):
    """The whole report."""
    text = ["# Benchmarks", "",
            "Written by `make bench`; [docs/performance.md](../../docs/performance.md) explains it. "
            "Client and server run on one core, on the loopback address; each round runs every "
            f"client once, and this shows {_medians(rounds)}, where a row says nothing else. "
            "Reached means that posthaste's ratio to the limit is at most what it must be; what a "
            "row must reach besides stands below its table. Ratios are medians of "
            "the ratios to the raw writer in the same round. In each run the server counted what "
            "arrived, and it was what had been sent.", "", overview(results)]
    for result in results:
        text += [table(result, rounds), f"![{result['title']}]({result['name']}.svg)", ""]
    if grown:
        text += ["## How cost grows", "",
                 f"posthaste alone; {_medians(grown[0]['rounds'])}. Memory a unit is the peak, less "
                 "what the process had when the measurement began, divided by the units of the "
                 "step. What is needed once, whatever is sent, is in it, and outweighs the rest in "
                 "the first steps.", ""]
        text += [growth_table(result) for result in grown]
    text += ["## Versions", "", "| what | version |", "|---|---|"]
    text += [f"| {name} | {version} |" for name, version in versions.items()]
    return "\n".join(text) + "\n"

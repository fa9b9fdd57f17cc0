"""Figures of several rounds and what they say: raw values, ratios of each round, their median and spread."""
import json
import statistics
from dataclasses import dataclass, field

from peers.environment import say, shown


def ratios(over, under):
    """Round by round, so that what disturbs a round disturbs both sides of a ratio."""
    return [a / b for a, b in zip(over, under)]


def best_of(series, lower=False):
    """The better figure of each round among several settings of one side: the peer is not held to a bad one."""
    return [min(values) if lower else max(values) for values in zip(*series)]


DISTURBED = 0.2  # cores of other work beside which a figure is not trusted


def spread(values, digits=1):
    """`median (min..max)`."""
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


@dataclass
class Row:
    title: str
    over: str
    under: list
    lower: bool


@dataclass
class Report:
    """Collects figures under names such as `ours bf16 decode`, in the order of the rounds."""

    machine: dict
    facts: dict = field(default_factory=dict)
    commands: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    others: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)

    def command(self, side, command):
        self.commands[side] = shown(command)

    def add(self, name, value, others=0.0):
        self.figures.setdefault(name, []).append(value)
        self.others.setdefault(name, []).append(others)
        say(f"{name}: {value:.2f}" + (f" (other work kept {others:.1f} cores busy)" if others >= DISTURBED else ""))

    def compare(self, title, over, *under, lower=False):
        """A row of the table: `over` by the best of `under` in each round; `lower` means that less is better."""
        self.rows.append(Row(title, over, list(under), lower))

    def results(self):
        """The rows that have figures of both sides."""
        found = []
        for row in self.rows:
            under = [self.figures[name] for name in row.under if name in self.figures]
            if row.over in self.figures and under:
                best = best_of(under, row.lower)
                over = self.figures[row.over]
                beside = [max(shares) for shares in zip(self.others[row.over], *(self.others[name] for name in row.under
                                                                                 if name in self.others))]  # fmt: skip
                found.append({"title": row.title, "better": "lower" if row.lower else "higher", "ours": over,
                              "against": row.under, "best": best, "ratios": ratios(over, best),
                              "quiet": [share < DISTURBED for share in beside]})  # fmt: skip
        return found

    def text(self):
        lines = ["", "## Machine and commands", ""]
        this = self.machine
        lines += [f"- {this['cpu']} (family {this['family']}, model {this['model']}), {this['cores']} cores, "
                  f"{this['memory_gib']} GiB"]  # fmt: skip
        lines += [f"- {key}={value}" for key, value in this["settings"].items()]
        lines += [f"- {name}: {fact}" for name, fact in self.facts.items()]
        lines += [f"- {side}: `{command}`" for side, command in self.commands.items()]
        results = self.results()
        if results:
            lines += ["", "## Ratios, median (min..max) of the rounds", "",
                      "| what | ours | against its best | ours / that | rounds without other work |",
                      "| --- | --- | --- | --- | --- |"]  # fmt: skip
            for row in results:
                title = row["title"] + (", lower is better" if row["better"] == "lower" else "")
                lines += [f"| {title} | {spread(row['ours'])} | {spread(row['best'])} "
                          f"| **{statistics.median(row['ratios']):.2f}** "
                          f"({min(row['ratios']):.2f}..{max(row['ratios']):.2f}) "
                          f"| {sum(row['quiet'])} of {len(row['ratios'])} |"]  # fmt: skip
        lines += ["", "## Every figure, by round", "", "| what | rounds | cores that other work kept busy, at most |",
                  "| --- | --- | --- |"]  # fmt: skip
        for name, values in self.figures.items():
            lines += [f"| {name} | {', '.join(f'{value:.2f}' for value in values)} | {max(self.others[name]):.1f} |"]
        disturbed = sum(any(share >= DISTURBED for share in shares) for shares in self.others.values())
        if disturbed:
            lines += ["", f"Other work ran beside {disturbed} of {len(self.others)} kinds of figures: they may be off."]
        return "\n".join(lines)

    def json(self):
        return json.dumps({"machine": self.machine, "facts": self.facts, "commands": self.commands,
                           "results": self.results(), "figures": self.figures, "others": self.others},
                          indent=2)  # fmt: skip

    def deliver(self, path):
        """Prints what there is, and writes it to a file when one is named; nothing when there are no figures."""
        if self.figures:
            print(self.text(), flush=True)
            if path:
                path.write_text(self.json() + "\n")

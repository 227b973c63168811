"""`python -m benchmarks`: measures Cairn beside its peers on this machine, and writes RESULTS.md and results.json.

Everything is set up on the way: a database of its own, the same data for all, one process for each system.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from benchmarks import data, jobs, measuring, planning, report, scoring, summary, systems
from benchmarks.queries import PAGES
from cairn.scratch import scratch_databases
from migrations import running

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
SECTIONS = ("pages", "jobs", "scoring")


def main() -> None:
    """Sets up, measures, prints, writes. What is not measured this time stays as it was."""
    options = _options()
    console = Console(stderr=True)
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    if "pages" in options.sections:
        found = _pages(options, console) | {name: found.get(name) for name in SECTIONS if name != "pages"}
    if "jobs" in options.sections:
        with console.status("") as status:
            found["jobs"] = jobs.measure(options.quick, status.update) | {"machine": summary.machine()}
    if "scoring" in options.sections:
        with console.status("") as status:
            found["scoring"] = scoring.measure(options.quick, status.update) | {"machine": summary.machine()}
    text = report.page(found)
    if options.write:
        RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


def _pages(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    pages = [page for page in PAGES if page.name in options.pages]
    with scratch_databases("benchmark") as (url,), Progress(console=console) as progress:
        progress.console.print("Making the data ...")
        running.upgrade(url)
        made = asyncio.run(data.make(url))
        with systems.running(url, made, frozenset(options.only)) as started:
            task = progress.add_task("", total=len(started) * len(pages) * (options.rounds + 1))

            def advance(what: str) -> None:
                progress.update(task, advance=1, description=what)

            measured = measuring.measure(started, pages, options.rounds, options.seconds, advance)
    found = summary.summary(measured, pages, options.rounds, options.seconds)
    found["documents"] = planning.measure()
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names, pages = list(systems.TITLES), [page.name for page in PAGES]
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all systems and pages")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each is kept busy in a round")
    parser.add_argument("--quick", action="store_true", help="two rounds of one second, for a first look")
    parser.add_argument(
        "--sections", nargs="+", choices=SECTIONS, default=SECTIONS, help=f"what to measure: {', '.join(SECTIONS)}"
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SYSTEM", help=", ".join(names))
    parser.add_argument("--pages", nargs="+", choices=pages, default=pages, metavar="PAGE", help=", ".join(pages))
    options = parser.parse_args()
    # Half a picture must not replace the whole one.
    options.write = not options.quick and options.only == names and options.pages == pages
    if options.quick:
        options.rounds, options.seconds = 2, 1.0
    return options


if __name__ == "__main__":
    main()

"""From numbers about background work to its part of RESULTS.md."""

from __future__ import annotations

from typing import Any

from benchmarks.jobs.rates import AGAIN, COMING, OURS, TITLES, WAITING

Numbers = dict[str, Any]
# Jobs a second at the least; beside the peer that is most like ours; how much more memory many jobs may take than few.
RATE, BESIDE_PEER, MEMORY = 500, 1.5, 1.10
# What a fact may add to a mutation at the most; how much of its throughput a page has to keep.
FACT, RELAY = 1.10, 0.95
PEER = "procrastinate"
SHAPES = {COMING: "as they come", WAITING: "from a backlog"}
_READING = """\
- **As they come**: a second process calls for the jobs, each in a transaction with a row of its own, while the worker
  does them; told from the first row to the last effect. **From a backlog**: all were there before the worker started.
- What a job of **Cairn** does and that it is done are committed together, so it is done once. The others note that it
  is done afterwards: PgQueuer for many at once, Dramatiq in a Redis that keeps nothing on disk. What Dramatiq sends is
  not part of the transaction that called for it.
- All have 8 jobs in hand at once, but for PgQueuer, which takes 50: with a limit it waits for its own notes. PostgreSQL
  flushes every commit to disk. The scripts are in `jobs/queues/`.
"""


def section(found: Numbers) -> str:
    """The whole part."""
    parts = [_rates(found["rates"]), _memory(found["memory"]), _facts(found["facts"]), _relay(found["relay"])]
    return "\n".join(["## Facts and jobs", "", _targets(found), *parts, _READING])


def _targets(found: Numbers) -> str:
    lines = ["| | target | measured | reached |", "|---|--:|--:|---|"]
    rated, memory = found["rates"]["systems"], found["memory"]
    for shape, words in SHAPES.items():
        lines.append(_at_least(f"Jobs a second, {words}", RATE, rated[OURS][shape]["rate"], 0))
    if PEER in rated:
        what = f"The same beside {TITLES[PEER]}, as they come"
        lines.append(_at_least(what, BESIDE_PEER, rated[PEER][COMING]["ours_beside_it"], 2))
    grown = memory["highest"] / memory["after_a_tenth"]
    what = f"Memory over {memory['number']:,} jobs, beside a tenth of them"
    lines.append(_line(what, f"at most {MEMORY:g}", f"{grown:.2f}", grown <= MEMORY))
    fact = found["facts"]["ratio"]
    what = "A mutation with a fact beside one without"
    lines.append(_line(what, f"at most {FACT:g}", _spread(fact, 2), fact["median"] <= FACT))
    what = f"The course page while {found['relay']['facts_per_second']} facts a second are placed"
    lines.append(_at_least(what, RELAY, found["relay"]["ratio"], 2))
    return "\n".join([*lines, ""])


def _at_least(what: str, target: float, measured: Numbers, digits: int) -> str:
    return _line(what, f"at least {target:g}", _spread(measured, digits), measured["median"] >= target)


def _line(what: str, target: str, measured: str, is_reached: bool) -> str:
    return f"| {what} | {target} | {measured} | {'yes' if is_reached else '**no**'} |"


def _rates(found: Numbers) -> str:
    lines = [
        f"One worker process, {found['number']:,} jobs, {found['rounds']} rounds in turn; a job writes one row.",
        "",
        "| system | as they come, jobs/s | Cairn beside it | from a backlog, jobs/s | Cairn beside it | CPU, ms |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, row in found["systems"].items():
        cells = [TITLES[name]]
        for shape in SHAPES:
            cells += [_spread(row[shape]["rate"], 0), _spread(row[shape]["ours_beside_it"], 2)]
        cells.append(f"{row['worker_cpu_ms']['median']:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    coming, waiting = (_spread(found["systems"][AGAIN][shape]["ours_beside_it"], 2) for shape in SHAPES)
    lines += ["", "CPU is the worker's own time for each job, as they come.", ""]
    lines += [f"The noise of the machine is how far the two of Cairn are apart: {coming}, and {waiting}.", ""]
    return "\n".join(lines)


def _memory(found: Numbers) -> str:
    return f"""\
{found["number"]:,} delayed jobs that were due took one worker {found["seconds"]} s. It had {found["after_a_tenth"]} MB
resident when a tenth was done, then {found["lowest"]} to {found["highest"]} MB, and {found["at_the_end"]} MB at the end
({found["samples"]} samples).
"""


def _facts(found: Numbers) -> str:
    return f"""\
`themeCreate` took {_spread(found["with_ms"], 2)} ms with its fact and {_spread(found["without_ms"], 2)} ms without:
medians of {found["number"]} in each of {found["rounds"]} rounds, one after the other on one connection.
"""


def _relay(found: Numbers) -> str:
    return f"""\
The course page was answered {_spread(found["with"], 0)} times a second while the relay placed
{found["facts_per_second"]} facts a second, and {_spread(found["without"], 0)} times while facts were recorded and the
relay stood still ({found["rounds"]} rounds of {found["seconds"]:g} s). The worker's process took
{found["worker_cpu_ms"]:.2f} ms of processor time for each fact, with all else that it does. Without the relay, the page
once more stood at {_spread(found["noise"], 2)} of itself: that is the noise of the machine.
"""


def _spread(value: Numbers, digits: int) -> str:
    median, lowest, highest = (f"{value[name]:,.{digits}f}" for name in ("median", "lowest", "highest"))
    return f"{median} ({lowest} to {highest})"

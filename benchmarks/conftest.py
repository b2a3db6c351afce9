"""Options that choose what is timed, a line for each result, and JSON with an entry for each side.

pytest-benchmark writes one entry for each test; here it is given one for each side of a race, so
that files of results can be read, and compared, by whatever reads its format.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from pytest_benchmark.stats import Stats

from benchmarks import machine, peers
from benchmarks.catalogue import GROUPS, chosen
from benchmarks.census import Census
from benchmarks.work import OURS, REFERENCE, Figures, Race, Rounds, ratio, shown

_Stats: Any = Stats
FOUND = pytest.StashKey[dict[str, "Found"]]()


class Found(NamedTuple):
    """What was measured of a piece of work.

    Attributes:
        group, work: their names.
        times: seconds of one run in each round, by side.
        runs: how many runs made a round, by side.
        facts: of all sides.
        own: further facts of each side.
    """

    group: str
    work: str
    times: dict[str, list[float]]
    runs: dict[str, int]
    facts: dict[str, Any]
    own: dict[str, dict[str, Any]]

    @classmethod
    def of_race(
        cls, group: str, work: str, race: Race, rounds: Rounds, first: dict[str, float]
    ) -> Found:
        """What the rounds of a race have found, the first of which was for warming up."""
        own: dict[str, dict[str, Any]] = {name: {"first_run_s": first[name]} for name in first}
        if race.absent:
            own[OURS]["absent"] = race.absent
        runs = rounds.runs
        times = {name: [t / runs[name] for t in each[1:]] for name, each in rounds.times.items()}
        return cls(group, work, times, runs, race.facts, own)

    @classmethod
    def of_census(cls, group: str, work: str, census: Census) -> Found:
        """What a census has found."""
        own = census.own
        if census.absent:
            own[OURS]["absent"] = census.absent
        return cls(group, work, census.times, dict.fromkeys(census.times, 1), {}, own)

    def figures(self) -> dict[str, Figures]:
        """Medians and quartiles by side."""
        return {name: Figures.of(times, 1) for name, times in self.times.items()}

    def line(self) -> str:
        """Ours, and how many times as long as ours the others take."""
        figures = self.figures()
        parts = [f"{self.group}: {self.work}", f"{OURS} {shown(figures[OURS].median)}"]
        parts += [f"{n} {ratio(figures, n, OURS):.2f}x" for n in figures if n != OURS]
        return "  ".join(parts)

    def entries(self) -> list[dict[str, Any]]:
        """One entry for each side, as pytest-benchmark writes them."""
        figures = self.figures()
        title = f"{self.group}: {self.work}"
        found = []
        for name, times in self.times.items():
            stats = _Stats()
            for seconds in times:
                stats.update(seconds)
            extra = self.facts | self.own.get(name, {})
            if REFERENCE in figures:
                extra["ratio"] = ratio(figures, name)
            found.append(
                {
                    "group": title,
                    "name": name,
                    "fullname": f"{title}: {name}",
                    "params": {"group": self.group, "work": self.work, "side": name},
                    "param": name,
                    "extra_info": extra,
                    "options": {"disable_gc": True, "timer": "perf_counter", "warmup": True},
                    "stats": stats.as_dict() | {"iterations": self.runs[name]},
                }
            )
        return found


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("benchmarks beside peers")
    group.addoption("--quick", action="store_true", help="time few works, in few rounds")
    group.addoption("--large", action="store_true", help="also time sizes of 4096 and more")
    group.addoption("--group", action="append", choices=GROUPS, help="time only this group")
    group.addoption("--word", action="append", default=[], help="time what has it in its name")
    group.addoption(
        "--peers", metavar="NAMES", help=f"who takes part, with commas: {', '.join(peers.MODULES)}"
    )
    group.addoption("--command", default="", help="the command to note in the results")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FOUND] = {}
    config.option.benchmark_quiet = True  # the lines below say what it would


@pytest.fixture
def found(request: pytest.FixtureRequest) -> dict[str, Found]:
    """Where a benchmark leaves what it found, by the id of its test."""
    return request.config.stash[FOUND]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each piece of work that the options ask for."""
    if "work" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    asked = (option("--word"), option("--peers"), option("--quick"), option("--large"))
    found = [(group, w) for group in option("--group") or GROUPS for w in chosen(group, *asked)]
    metafunc.parametrize(("group", "work"), found, ids=str)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """No dots: what was found says more."""
    return ("passed", "", "") if report.passed and report.when == "call" else None


class Lines:
    """Prints a line for each piece of work when it is done."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        done = self.config.stash[FOUND].get(report.nodeid)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.when == "call" and done is not None and reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(done.line())


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(Lines(session.config))


# What pytest-benchmark writes --------------------------------------------------------------------


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    """What the figures were measured on and how; the name of the machine is nobody's business."""
    machine_info.pop("node", None)
    timed = {found.group for found in config.stash[FOUND].values()}
    machine_info["benchmarks"] = machine.description(
        config.getoption("--command"), config.getoption("--quick"), roofs="hot path" in timed
    )


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    """One entry for each side in place of one for each test."""
    output_json["benchmarks"] = [
        entry for found in config.stash[FOUND].values() for entry in found.entries()
    ]


def pytest_benchmark_update_commit_info(config: pytest.Config, commit_info: dict[str, Any]) -> None:
    """Which commit was timed, and not where it lay."""
    for name in ("project", "branch"):
        commit_info.pop(name, None)

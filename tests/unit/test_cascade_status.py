"""The backlog as a person and as Prometheus read it."""

from __future__ import annotations

from splitter.cascade_status import CascadesStatus, LaneBacklog, ParentBacklog, render_prometheus

PARENT = ParentBacklog(parent='we"ird\\\n', waiting=3, oldest=7300.5, grace=1, failing=2, left=4, problem="no default")
STATUS = CascadesStatus(
    name="control",
    references=2,
    waiting=3,
    oldest=7300.5,
    lanes=2,
    stored=10,
    moving="42",
    parents=(PARENT,),
    largest_lanes=(LaneBacklog(lane="organization 7", waiting=3, oldest=50.0),),
)


def test_a_person_reads_what_waits_and_why():
    told = list(STATUS.lines())
    assert told[0] == "control: 3 waiting, the oldest for 2 h, in 2 lanes"
    assert "  held: organization 42 is being moved" in told
    assert "    2 failing: no default" in told
    assert "    4 parents are there again: their children were left" in told
    assert told[-1] == "  organization 7: 3 waiting, the oldest for 50 s"


def test_labels_are_escaped():
    lines = render_prometheus([STATUS]).splitlines()
    assert 'orglift_cascades_oldest_seconds{database="control",parent="we\\"ird\\\\\\n"} 7300.500' in lines
    assert 'orglift_cascades_held{database="control"} 1' in lines


def test_every_metric_says_what_it_is_once():
    lines = render_prometheus([STATUS, STATUS]).splitlines()
    names = {line.split("{")[0] for line in lines if not line.startswith("#")}
    assert sorted(line.split()[2] for line in lines if line.startswith("# TYPE")) == sorted(names)
    assert sorted(line.split()[2] for line in lines if line.startswith("# HELP")) == sorted(names)

"""How many cores a process may use."""

import os

import pytest

from bmcore import cores


def test_as_many_as_the_process_is_bound_to():
    assert 1 <= cores.whole_cores() <= cores.cores() <= os.cpu_count()


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "broken"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container(tmp_path, monkeypatch, files, granted):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cores._quota(tmp_path) == granted
    monkeypatch.setattr(cores, "_GROUPS", tmp_path)
    monkeypatch.setattr(cores, "_bound", lambda: set(range(64)))
    assert cores.cores() == {1.5: 2, 2.0: 2, None: 64}[granted]


def test_two_threads_of_a_core_count_once(tmp_path, monkeypatch):
    for cpu, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        (tmp_path / f"cpu{cpu}" / "topology").mkdir(parents=True)
        (tmp_path / f"cpu{cpu}" / "topology" / "thread_siblings_list").write_text(siblings + "\n")
    monkeypatch.setattr(cores, "_bound", lambda: {0, 1, 2, 3})
    assert cores._without_siblings(tmp_path) == 2
    assert cores._without_siblings(tmp_path / "none") == 4

"""Plays all scenes side by side; with SCENES=word,word those whose names have one of the words."""
import functools
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
# Whoever is named here has scenes.
import test_cleanup  # noqa: F401
import test_hostile  # noqa: F401
import test_install  # noqa: F401
import test_life  # noqa: F401
import test_neighbours  # noqa: F401
import test_odd_sites  # noqa: F401
import test_reasons  # noqa: F401
import test_scheduler  # noqa: F401
import test_site  # noqa: F401
import test_touched  # noqa: F401
import test_waiting  # noqa: F401
from conftest import Finished
from scenes import NOT_AT_ONCE, SCENES

WORDS = os.environ.get("SCENES", "").split(",")
PLAYED = {name: play for name, play in SCENES.items() if any(word in name for word in WORDS)}


@pytest.fixture(scope="module")
def trace(cluster, make_module_project):
    """The system calls of a connect that claims and submits."""
    project = make_module_project("whole")
    project.edit_job(NOT_AT_ONCE)
    assert Finished(project.start("connect", before=["strace", "-o", project.path / "trace"]), 100).code == 0
    return (project.path / "trace").read_text()


@pytest.fixture(scope="module")
def outcomes(make_module_project, trace):
    def make(name):
        return make_module_project(f"_{sorted(SCENES).index(name)}_" + name.split("[")[0])
    # All at once is more than two processors bear: what takes seconds on a busy machine is then late for every limit.
    with ThreadPoolExecutor(48) as pool:
        yield {name: pool.submit(play, functools.partial(make, name), trace) for name, play in PLAYED.items()}


@pytest.mark.parametrize("name", PLAYED)
def test_scene(outcomes, name):
    outcomes[name].result()

"""Scenes: tests that take minutes of waiting each. test_scenes.py plays them all at once, each in a project of its own."""
import functools

SCENES = {}
# A job that starts at once may take its number before its claimant records it.
NOT_AT_ONCE = "--begin=now+5"


def scene(*cases):
    """Registers a function of (case,) make, trace: `make()` gives the project, `trace` is that of a connect from nothing."""
    def register(function):
        for case in cases or [None]:
            words = [getattr(word, "__name__", str(word)) for word in (case if isinstance(case, tuple) else [case])]
            name = function.__name__ + (f"[{' '.join(words)}]" if case is not None else "")
            SCENES[name] = functools.partial(function, *([] if case is None else [case]))
        return function
    return register

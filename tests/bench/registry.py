"""registry - what can be measured: groups of figures, each made by one function.

    @benchmark(answer_p50_ms="ms", answer_rps="1/s")
    def answer():
        yield "answer_p50_ms", 1.25
        yield "answer_rps", 800

The group has the function's name. It yields each of its figures as soon as it has
it. A figure may be anything; what fails a benchmark is an answer that is wrong.
"""
GROUPS = {}  # name → (function, {figure: unit})


def benchmark(**units):
    def register(function):
        GROUPS[function.__name__] = (function, units)
        return function

    return register


def measure(name):
    """Runs a group: (figure, value, unit), one after another, all that it has promised."""
    function, units = GROUPS[name]
    missing = set(units)
    for figure, value in function():
        missing.remove(figure)
        yield figure, value, units[figure]
    assert not missing, f"{name} has not measured {missing}"

"""The mutation run's own mutants: each is one change of a rule, and still Python."""

from benchmarks import mutation

SOURCE = b'''"""Above 3 is too much."""

LIMIT: tuple[int, int] | None = (3, 0)


def much(value: float = 0.5) -> bool | None:
    """Whether it is more than -1."""
    if value is None or not value:
        return None
    return f"{1 + 1}" and 0 < -value <= max(LIMIT)
'''


def changes(kind: str) -> list[str]:
    return [
        mutant.diff(SOURCE).splitlines()[-1].removeprefix("+").strip()
        for mutant in mutation.find_mutants("much.py", SOURCE)
        if mutant.kind == kind
    ]


def test_numbers_are_changed_and_annotations_and_texts_are_not() -> None:
    assert changes("number") == [
        "LIMIT: tuple[int, int] | None = (4, 0)",
        "LIMIT: tuple[int, int] | None = (2, 0)",
        "LIMIT: tuple[int, int] | None = (3, 1)",
        "def much(value: float = 0.75) -> bool | None:",
        "def much(value: float = 0.3333333333333333) -> bool | None:",
        'return f"{1 + 1}" and 1 < -value <= max(LIMIT)',
    ]


def test_comparisons_move_by_their_bound() -> None:
    assert changes("comparison") == [
        "if (value is not None) or not value:",
        'return f"{1 + 1}" and (0 <= -value <= max(LIMIT))',
        'return f"{1 + 1}" and (0 < -value < max(LIMIT))',
    ]


def test_logic_names_and_returned_values_are_changed() -> None:
    assert changes("logic") == [
        "if (value is None and (not value)):",
        "if value is None or (value):",
        "return (f'{1 + 1}' or 0 < -value <= max(LIMIT))",
        'return f"{1 + 1}" and 0 < (value) <= max(LIMIT)',
    ]
    assert changes("name") == ['return f"{1 + 1}" and 0 < -value <= min(LIMIT)']
    assert changes("return") == ["return None"]


def test_every_mutant_of_the_rules_is_python_and_has_tests() -> None:
    found = mutation.modules()
    assert "trainer/evaluation/gate.py" in found
    for module in found:
        assert all((mutation.ROOT / each).exists() for each in mutation.tests_of(module)), module
        source = (mutation.ROOT / module).read_bytes()
        for mutant in mutation.find_mutants(module, source):
            compile(mutant.apply(source), module, "exec")
            assert mutant.apply(source) != source

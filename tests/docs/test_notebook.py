"""The notebook of the docs runs from its beginning to its end."""

import nbformat

from docs.notebook import NOTEBOOK, run


def test_the_notebook_runs() -> None:
    ran = run(NOTEBOOK)
    written = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    assert len(code) > 5
    assert all(cell.execution_count for cell in code)
    kept = [cell for cell in written.cells if cell.cell_type == "code"]
    # What it printed when it was last kept: `python -m docs.notebook` brings it up to date.
    assert [bool(cell.outputs) for cell in kept] == [
        any(each.get("name") != "stderr" for each in cell.outputs) for cell in code
    ]
    assert "'low'" in str(code[2].outputs)

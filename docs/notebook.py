"""Runs the notebook of the docs and keeps what it printed: ``python -m docs.notebook``."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "library.ipynb"
#: Longest time for one cell, and for the kernel's start on a busy machine, seconds.
_SECONDS = 300


def run(path: Path) -> nbformat.NotebookNode:
    """Run a notebook from its beginning, as if it lay in the repository's top folder.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the message holds its traceback.
    """
    notebook = nbformat.read(path, as_version=4)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    client = NotebookClient(
        notebook, timeout=_SECONDS, startup_timeout=_SECONDS, kernel_name="python3"
    )
    client.execute(cwd=str(ROOT), env=environment)
    return notebook


def _without_times(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            # What libraries say on standard error is about this machine.
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    nbformat.write(_without_times(run(NOTEBOOK)), NOTEBOOK)

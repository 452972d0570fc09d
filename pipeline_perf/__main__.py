"""`python -m pipeline_perf` is the command line."""

from pipeline_perf.cli import main

if __name__ == "__main__":
    main()

"""`python -m rorq_pipeline.cli`: the command line without its installed script."""

from rorq_pipeline.cli.main import main

if __name__ == "__main__":
    main()

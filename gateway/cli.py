"""The command line `apuni`; its commands are found by their entry points (gateway/commands/loading.py)."""

import sys

import typer

from gateway.commands.loading import LazyGroup
from gateway.partial_imports import import_without
from gateway.runtime import gc_tuning
from gateway.settings.settings_file import load_settings_file, place_of

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they hold settings and tokens
    help="The Apuni Sarkar gateway.",
)


@app.callback()
def _only_trouble() -> None:
    """Let the log go to standard error, masked as in a service, so that standard output is the command's own.

    Services set their own level when they start.
    """
    import logging

    import_without("structlog", "rich")  # for pictures of traces, which no log of ours holds
    from gateway.runtime.logs import configure_logging

    configure_logging(level=logging.WARNING, for_good=False)


def main() -> None:
    """The entry point of the command `apuni`: an expected failure is printed as a line for each reason."""
    gc_tuning.tune_for_start()
    try:
        load_settings_file()
        app()
    except Exception as error:
        from gateway.runtime.expected_failures import lines_of

        lines = lines_of(error)
        if not lines:
            raise
        for line in lines:
            typer.echo(f"apuni: {place_of(line)}{line}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

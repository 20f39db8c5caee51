"""The command `trackvla`: thin, and quick to start because each command imports what it needs when it runs.

Exit codes: 0 done, 1 failed, 2 asked for wrongly, 130 interrupted. Errors that a user can act on are one line;
`--debug` shows where.
"""

from __future__ import annotations

import io
import signal
import sys

import typer

from trackvla_cli.commands import (
    bench,
    bench_control,
    bench_faults,
    bench_gym,
    bench_hostile,
    bench_recognise,
    demo,
    doctor,
    go2,
    info,
    launch,
    model,
    param,
    score,
    serve,
    track,
    vlt,
)

MODEL_PACKAGES = ("torch", "transformers", "diffusers", "safetensors", "accelerate", "openvino", "sentencepiece")
OWN_PACKAGES = ("track_common", "vlt_ros", "trackvla_ros", "go2_bridge", "evt_bench", "trackvla_cli")

app = typer.Typer(
    help="A robot follows what a sentence describes. Start with `trackvla demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _common(debug: bool = typer.Option(False, "--debug", help="Show where an error comes from.")) -> None:
    del debug  # read by main(), which sees errors of the parsing too


app.command("demo")(demo.demo)
app.command("launch")(launch.launch)
app.command("track")(track.track)
app.command("score")(score.score)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("info")(info.info)
bench.app.command("control")(bench_control.control)
bench.app.command("latency")(bench_control.latency)
bench.app.command("faults")(bench_faults.faults)
bench.app.command("hostile")(bench_hostile.hostile)
bench.app.command("gym")(bench_gym.gym)
bench.app.command("recognise")(bench_recognise.recognise)
app.add_typer(bench.app, name="bench")
app.add_typer(go2.app, name="go2")
app.add_typer(model.app, name="model")
app.add_typer(param.app, name="param")
app.add_typer(vlt.app, name="vlt")


def main() -> None:
    """Run the command line; never returns. SIGTERM ends it like Ctrl-C: nothing that it started stays behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _print_any_text()
    try:
        app()
    except (ValueError, RuntimeError, OSError) as error:
        if "--debug" in sys.argv or not _is_for_users(error):
            raise
        print(f"trackvla: {error}", file=sys.stderr)
        sys.exit(_exit_code(error))
    except ModuleNotFoundError as error:
        if "--debug" in sys.argv or error.name not in MODEL_PACKAGES:
            raise
        print(f"trackvla: this needs {error.name}, which is not installed; type `make setup-models`", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _print_any_text() -> None:
    """A character that a terminal of ASCII or Latin-1 lacks is printed as its code point and ends no command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _is_for_users(error: Exception) -> bool:
    """Whether a message stands for itself: bad input, trouble with a file, or an error class of our own."""
    is_own = type(error).__module__.split(".")[0] in OWN_PACKAGES
    return is_own or type(error) is ValueError or isinstance(error, OSError)


def _exit_code(error: Exception) -> int:
    from track_common.config import ConfigError
    from track_common.interfaces import TargetError
    from trackvla_cli.launch.element import LaunchError

    return 2 if isinstance(error, (ConfigError, LaunchError, TargetError)) else 1


if __name__ == "__main__":
    main()

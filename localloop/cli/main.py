"""The `localloop` command line: what each command takes. What they do is imported when they run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from localloop import __version__
from localloop.cli import lab, options
from localloop.cli.answering import answered, fail
from localloop.cli.options import AsJson
from localloop.cli.options import DataFolder as Data

app = typer.Typer(
    name="localloop",
    help="The self-hosted communications platform that speaks Twilio's API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

console_app = typer.Typer(
    name="console",
    help="Print a new one-time link to the web console, or say who may sign in there.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(console_app)

deliveries_app = typer.Typer(
    name="deliveries",
    help="What became of webhooks: look at them, follow them, send them again.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(deliveries_app)

messages_app = typer.Typer(
    name="messages",
    help="Messages, many at once.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(messages_app)
app.add_typer(lab.app)

OnlyFailed = Annotated[bool, Option("--failed", help="Only those that were not answered well.")]
AtUrl = Annotated[str, Option("--url", metavar="URL", help="Only those to this address, or below it.")]
SinceWhen = Annotated[str, Option("--since", metavar="WHEN", help="30m, 2h, 7d or a date: not older.")]
UntilWhen = Annotated[str, Option("--until", metavar="WHEN", help="30m, 2h, 7d or a date: older than that.")]
AboutSid = Annotated[str, Option("--resource", metavar="SID", help="Only those about this message.")]


def main() -> None:
    """The entry point. What a person can mend is one line and exit status 1, never a traceback."""
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"localloop {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The self-hosted communications platform that speaks Twilio's API."""


@app.command()
def up(
    host: options.Host = None,
    port: options.Port = None,
    proxy_port: options.ProxyPort = None,
    upstream_proxy: options.UpstreamProxy = None,
    data: options.Data = None,
    ephemeral: options.Ephemeral = None,
    database_url: options.DatabaseUrl = None,
    pg_bin: options.PgBin = None,
    single: options.Single = None,
    strict: options.Strict = None,
    profile: options.Profile = None,
    message_rate: options.MessageRate = None,
    message_rates: options.MessageRates = None,
    account_message_rate: options.AccountMessageRate = None,
    call_rate: options.CallRate = None,
    plain: options.Plain = None,
    public_url: options.PublicUrl = None,
    open_on_network: options.OpenOnNetwork = None,
    admin_listen: options.AdminListen = None,
    access_log: options.AccessLog = None,
    chaos: options.Chaos = None,
    seed: options.Seed = None,
    seed_file: options.SeedFile = None,
    log_format: options.LogFormat = None,
    verbose: options.Verbose = False,
) -> None:
    """Start localloop here and print how to reach it; Ctrl-C stops it.

    Every option may also stand in the environment (LOCALLOOP_PORT) or in ./localloop.toml (port = 4010).
    TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, from the environment or ./.env, become the first account.
    """
    chosen = {name: value for name, value in locals().items() if name != "verbose"}
    from localloop.cli import up as command

    try:
        command.up(chosen, verbose=verbose)
    except command.FAILURES as error:
        fail(error)


@app.command()
def status(data: Data = None) -> None:
    """Say whether localloop is up, and how it fares; exit status 1 when it is not."""
    from localloop.cli import ask

    answered(ask.status, data or "")


@app.command()
def env(data: Data = None) -> None:
    """Print the variables that point programs at localloop: eval "$(localloop env)"."""
    from localloop.cli import run as command

    answered(command.env, data or "")


@app.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[
        list[str] | None, Argument(metavar="-- PROGRAM [ARGUMENT]...", help="The program, as it is.")
    ] = None,
    port: Annotated[
        int | None,
        Option(min=1, max=65535, help="Where it listens: a number gets its /sms and /voice as webhooks."),
    ] = None,
    number: Annotated[str, Option(metavar="NUMBER", help="The number that it has: +15550001111")] = "",
    sms_url: Annotated[str, Option(metavar="URL", help="Where texts to the number go.")] = "",
    voice_url: Annotated[str, Option(metavar="URL", help="Where calls to the number go.")] = "",
    ephemeral: Annotated[
        bool, Option("--ephemeral", help="A localloop of its own, of which nothing is kept.")
    ] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Say nothing beside the program.")] = False,
    data: Data = None,
) -> None:
    """Run a program written for Twilio, unchanged: localloop run -- python app.py

    A localloop that runs here is used, else one is started, and stopped when the program ends. The exit status is
    the program's.
    """
    from localloop.cli import run as runs

    wanted = runs.Wanted(
        command=command or [],
        port=port,
        number=number,
        sms_url=sms_url,
        voice_url=voice_url,
        data=data or "",
        ephemeral=ephemeral,
        quiet=quiet,
    )
    raise typer.Exit(answered(runs.run, wanted))


DryRun = Annotated[bool, Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command()
def trust(dry_run: DryRun = False, data: Data = None) -> None:
    """Let browsers and other programs of this machine trust localloop's certificates for twilio.com.

    What `localloop run` starts needs none of it. Exit status 1 when a store could not be changed.
    """
    _change_trust(data, trusted=True, dry_run=dry_run)


@app.command()
def untrust(dry_run: DryRun = False, data: Data = None) -> None:
    """Take localloop's authority out of every store that `trust` put it into."""
    _change_trust(data, trusted=False, dry_run=dry_run)


def _change_trust(data: str | None, *, trusted: bool, dry_run: bool) -> None:
    from localloop.cli import trust as stores
    from localloop.cli.client import Failed

    try:
        if not stores.change(data or "", trusted=trusted, dry_run=dry_run):
            raise typer.Exit(1)
    except Failed as error:
        fail(error)


@app.command()
def doctor(
    data: Data = None,
    port: Annotated[int, Option(help="The port that localloop shall listen on.")] = 4010,
    pg_bin: Annotated[
        str | None, Option(metavar="DIR", help="The folder of the PostgreSQL programs.")
    ] = None,
) -> None:
    """Check whether localloop can run here, and say what to do where it cannot."""
    from localloop.cli.doctor import examine

    if not examine(data or "", port, pg_bin or ""):
        raise typer.Exit(1)


@app.command()
def text(
    number: Annotated[str, Argument(help="The simulated phone that sends: +15551230001")],
    body: Annotated[str, Argument(help="What it says.")] = "",
    to: Annotated[str, Option(metavar="NUMBER", help="A number of yours.")] = ...,  # type: ignore[assignment]
    media: Annotated[list[str] | None, Option(metavar="URL", help="A picture; may be given again.")] = None,
    press: Annotated[
        str | None, Option(metavar="BUTTON", help="A button that came by this channel: its title or its id.")
    ] = None,
    name: Annotated[str | None, Option(help="Who writes, as WhatsApp says it.")] = None,
    data: Data = None,
) -> None:
    """Send a text from a simulated phone: localloop text +15551230001 "hello" --to +15550001111

    By a channel it goes to --to whatsapp:+15550001111.
    """
    from localloop.cli import ask

    texted = ask.Texted(number=number, body=body, to=to, media=media or [], press=press, name=name)
    answered(ask.text, data or "", texted)


@app.command()
def inbox(
    number: Annotated[str, Argument(help="The simulated phone: +15551230001")],
    wait: Annotated[
        float | None,
        Option(metavar="SECONDS", help="Wait until it receives one more; status 1 if none comes."),
    ] = None,
    since: Annotated[
        str | None,
        Option(metavar="DATE", help="With --wait: one that came since then will do (2026-01-31T12:00:00Z)."),
    ] = None,
    limit: Annotated[int, Option(min=1, max=1000, help="How many to show.")] = 20,
    code: Annotated[
        bool,
        Option("--code", help="Only the newest one-time code that it received; status 1 if there is none."),
    ] = False,
    data: Data = None,
) -> None:
    """Show what a simulated phone received and sent, newest first."""
    from localloop.cli import ask

    if code:
        answered(ask.code, data or "", number, wait, since or "")
    else:
        answered(ask.inbox, data or "", number, wait, since or "", limit)


@app.command()
def call(
    from_: Annotated[str, Argument(metavar="PHONE", help="The phone that calls: +15551230001")],
    to: Annotated[str, Option(metavar="NUMBER", help="Whom it calls, a number that you have bought.")],
    press: Annotated[
        list[str] | None,
        Option(
            metavar="KEYS",
            help="Pressed once something was heard to its end; may be given again, for the next time.",
        ),
    ] = None,
    say: Annotated[
        list[str] | None, Option(metavar="TEXT", help="Said likewise, after all keys were pressed.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Call a number of yours from a phone, and show what is heard there; Ctrl-C hangs up.

    Exit status 1 when nobody answers, or when the call is over before all keys were pressed and all words said.
    """
    from localloop.cli import calling

    asked = calling.Asked(from_=from_, to=to, press=press or [], say=say or [])
    if not answered(calling.call, data or "", asked, as_json):
        raise typer.Exit(1)


@app.command("send-webhook")
def send_webhook(
    url: Annotated[str, Argument(help="Where your application is: http://127.0.0.1:5000/sms")],
    kind: Annotated[
        str, Option(help="sms, status, voice, voice-status, gather …; a wrong one is told all of them.")
    ] = "sms",
    body: Annotated[str | None, Option(metavar="TEXT", help="The message: the parameter Body.")] = None,
    from_: Annotated[str | None, Option("--from", metavar="NUMBER", help="The parameter From.")] = None,
    to: Annotated[str | None, Option(metavar="NUMBER", help="The parameter To.")] = None,
    param: Annotated[
        list[str] | None, Option(metavar="NAME=VALUE", help="Another parameter; may be given again.")
    ] = None,
    extra: Annotated[
        list[str] | None, Option(metavar="NAME=VALUE", help="One that Twilio does not name; likewise.")
    ] = None,
    method: Annotated[str, Option(help="POST or GET.")] = "POST",
    token: Annotated[
        str,
        Option(help="What signs. [default: TWILIO_AUTH_TOKEN, or the token of the localloop that runs here]"),
    ] = "",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Send your application a webhook as Twilio would, signed, and say what its answer means.

    No localloop has to run. Exit status 1 when nothing answers, or an error does, or TwiML that cannot run.
    """
    from localloop.cli import sending

    wanted = sending.Wanted(
        url=url,
        kind=kind,
        body=body,
        from_=from_,
        to=to,
        params=param or [],
        extra=extra or [],
        method=method,
        token=token,
    )
    answered(sending.send, data or "", wanted, as_json)


@console_app.callback(invoke_without_command=True)
def console(
    context: typer.Context,
    open_it: Annotated[bool, Option("--open", help="Open it in the browser as well.")] = False,
    data: Data = None,
) -> None:
    """Print a new link to the web console; it signs in once, within a day."""
    from localloop.cli import ask

    if context.invoked_subcommand is None:
        answered(ask.console, data or "", open_it)


@console_app.command("add-user")
def add_user(
    name: Annotated[str, Argument(help="The name to sign in with.")],
    data: Data = None,
) -> None:
    """Let somebody sign in to the console with a password, which is asked for; again: change the password.

    The password is read from standard input when that is no terminal.
    """
    from localloop.cli import ask

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    answered(ask.add_user, data or "", name, password)


@app.command()
def tail(
    kind: Annotated[
        list[str] | None,
        Option(
            metavar="KIND", help="Only these: request, message, call, phone, webhook, alert, fault, clock."
        ),
    ] = None,
    about: AboutSid = "",
    last: Annotated[int, Option("--last", "-n", min=0, max=1000, help="How many of what has been.")] = 10,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Follow everything that happens in the account's world, in order; Ctrl-C stops it."""
    from localloop.cli import tail as command

    answered(command.tail, data or "", kind or (), about, last, as_json)


@deliveries_app.command("list")
def list_deliveries(
    failed: OnlyFailed = False,
    url: AtUrl = "",
    resource: AboutSid = "",
    since: SinceWhen = "",
    until: UntilWhen = "",
    limit: Annotated[int, Option(min=1, max=1000, help="How many to show.")] = 20,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List deliveries, newest first."""
    from localloop.cli import deliveries

    asked = deliveries.Asked(failed=failed, url=url, resource=resource, since=since, until=until)
    answered(deliveries.list_deliveries, data or "", asked, limit, as_json)


@deliveries_app.command("show")
def show_delivery(
    sid: Annotated[str, Argument(help="The delivery: WH and 32 hex digits.")],
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Show one delivery: request, answer, timings, alerts, and all attempts at the same webhook."""
    from localloop.cli import deliveries

    answered(deliveries.show, data or "", sid, as_json)


@deliveries_app.command("tail")
def tail_deliveries(
    failed: OnlyFailed = False,
    url: AtUrl = "",
    resource: AboutSid = "",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Print deliveries as they come, until Ctrl-C; with --json one object a line."""
    from localloop.cli import deliveries

    answered(
        deliveries.tail, data or "", deliveries.Asked(failed=failed, url=url, resource=resource), as_json
    )


@deliveries_app.command("replay")
def replay_deliveries(
    sids: Annotated[
        list[str] | None, Argument(metavar="[SID]...", help="The deliveries to send again.")
    ] = None,
    failed: Annotated[bool, Option("--failed", help="All that failed, each webhook once.")] = False,
    url: AtUrl = "",
    since: SinceWhen = "",
    until: UntilWhen = "",
    to: Annotated[str, Option(metavar="URL", help="With one SID: send it to this address instead.")] = "",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Send deliveries again, with the same idempotency token: WH…, or --failed with --url, --since or --until.

    What was answered well since is left alone, and so is what was not kept whole: logins never are.
    """
    from localloop.cli import deliveries

    asked = deliveries.Asked(failed=failed, url=url, since=since, until=until)
    answered(deliveries.replay, data or "", sids or [], asked, to, as_json)


@app.command(context_settings={"allow_interspersed_args": False})
def record(
    command: Annotated[
        list[str] | None, Argument(metavar="-- PROGRAM [ARGUMENT]...", help="The program, as it is.")
    ] = None,
    output: Annotated[
        Path, Option("--output", "-o", metavar="FILE", help="Where it is written, anew.")
    ] = Path("recording.jsonl"),
    callbacks: Annotated[
        str,
        Option(metavar="PORT:PORT", help="Where callbacks come in, and where the program listens: 8080:5000"),
    ] = "",
    no_bodies: Annotated[
        bool, Option("--no-bodies", help="Veil what people wrote; its length stays.")
    ] = False,
    no_numbers: Annotated[
        bool, Option("--no-numbers", help="Other phone numbers in place of the real ones.")
    ] = False,
    service: Annotated[
        str, Option(metavar="URL", help="Another service than Twilio's own, at this address.")
    ] = "",
) -> None:
    """Run a program on the real service, with its own credentials, and keep what they say to each other.

    Secrets are never kept. What was kept is replayed by: localloop compare FILE
    """
    from localloop.cli import recording

    wanted = recording.Wanted(
        command=command or [],
        file=output,
        callbacks=callbacks,
        service=service,
        hides_bodies=no_bodies,
        hides_numbers=no_numbers,
    )
    raise typer.Exit(answered(recording.record, wanted))


@app.command()
def compare(
    file: Annotated[Path, Argument(help="A recording: localloop record -o FILE -- PROGRAM")],
    wait: Annotated[float, Option(min=0, metavar="SECONDS", help="For each callback, at most.")] = 10.0,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Replay a recording here and report every difference in shape, status, header, error code and paging.

    Exit status 0: nothing differs; 1: something does; 2: it could not be compared.
    """
    from localloop.cli import comparing
    from localloop.cli.client import Failed, Refused

    try:
        if not comparing.compare_file(data or "", file, wait, as_json):
            raise typer.Exit(1)
    except (Failed, Refused) as error:
        fail(error, 2)


@app.command()
def check(
    target: Annotated[str, Argument(metavar="APP_DIR|URL|FILE", help="Sources, a webhook, or a recording.")],
    kind: Annotated[str, Option(help="Of a URL: sms or voice. [default: by its words]")] = "",
    as_json: AsJson = False,
) -> None:
    """Say which operations, TwiML and webhooks an application uses, and of each whether it behaves here."""
    from localloop.cli import checking

    answered(checking.check, target, kind, as_json)


@messages_app.command("delete")
def delete_messages(
    before: Annotated[str, Option("--before", metavar="WHEN", help="30m, 2h, 7d or a date: older.")] = "",
    after: Annotated[str, Option("--after", metavar="WHEN", help="30m, 2h, 7d or a date: not older.")] = "",
    to: Annotated[str | None, Option(metavar="NUMBER", help="Only those to this number.")] = None,
    from_: Annotated[str | None, Option("--from", metavar="NUMBER", help="Only those from it.")] = None,
    status: Annotated[
        str | None, Option(help="delivered, undelivered, failed, read, canceled or received.")
    ] = None,
    direction: Annotated[str | None, Option(help="inbound, outbound, outbound-api …")] = None,
    everything: Annotated[
        bool, Option("--all", help="All of the account; needed where nothing narrows it.")
    ] = False,
    wait: Annotated[bool, Option("--wait/--no-wait", help="Show how far it is, or go at once.")] = True,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Delete messages with their media, in the background: those that are on their way stay.

    Ctrl-C stops watching, not deleting; `localloop messages cancel MD…` does.
    """
    from localloop.cli import messages

    asked = messages.Asked(
        before=before,
        after=after,
        to=to,
        from_=from_,
        status=status,
        direction=direction,
        everything=everything,
    )
    if not yes and sys.stdin.isatty():
        typer.confirm("They cannot be had back. Delete them?", abort=True)
    answered(messages.delete, data or "", asked, wait, as_json)


@messages_app.command("deletions")
def list_deletions(as_json: AsJson = False, data: Data = None) -> None:
    """List deletions and how far they are, newest first."""
    from localloop.cli import messages

    answered(messages.list_deletions, data or "", as_json)


@messages_app.command("cancel")
def cancel_deletion(
    sid: Annotated[str, Argument(help="The deletion: MD and 32 hex digits.")], data: Data = None
) -> None:
    """Stop a deletion; what has gone has gone."""
    from localloop.cli import messages

    answered(messages.cancel, data or "", sid)

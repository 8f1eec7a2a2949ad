"""The options of `localloop up`, as types of its parameters."""

from __future__ import annotations

from typing import Annotated

from typer import Option

Host = Annotated[str | None, Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[str | None, Option(help="Port to listen on, 0 = any free one. [default: 4010]")]
ProxyPort = Annotated[
    str | None, Option(metavar="N", help="Port of the intercepting proxy. [default: 4011, or a free one]")
]
UpstreamProxy = Annotated[
    str | None, Option(metavar="URL", help="Through whom the proxy reaches others than Twilio.")
]
Data = Annotated[str | None, Option(metavar="DIR", help="Where data is kept.")]
Ephemeral = Annotated[bool | None, Option("--ephemeral", help="Keep nothing after the end.")]
DatabaseUrl = Annotated[
    str | None, Option(metavar="URL", help="Use this PostgreSQL (14 or newer) instead of our own.")
]
PgBin = Annotated[str | None, Option(metavar="DIR", help="The folder of the PostgreSQL programs to run.")]
Single = Annotated[bool | None, Option("--single", help="One process for everything.")]
Strict = Annotated[
    bool | None, Option("--strict", help="Unknown accounts, keys and numbers are refused, not adopted.")
]
Profile = Annotated[str | None, Option(help="relaxed, twilio, us-a2p or trial. [default: relaxed]")]
MessageRate = Annotated[
    str | None, Option(metavar="N", help="Segments per second of every sender, 0 = no limit.")
]
MessageRates = Annotated[
    str | None,
    Option(metavar="KIND=N,…", help="The same by kind: long-code, toll-free, short-code, …"),
]
AccountMessageRate = Annotated[
    str | None, Option(metavar="N", help="Segments per second of an account, over all its senders.")
]
CallRate = Annotated[
    str | None,
    Option(metavar="N", help="Calls per second of an account. [default: 1, as Twilio; 0 = unlimited]"),
]
Plain = Annotated[
    str | None, Option(help="Resources without behaviour yet: warn, allow or refuse. [default: warn]")
]
PublicUrl = Annotated[
    str | None, Option(metavar="URL", help="Our address as others see it, for what we send out.")
]
OpenOnNetwork = Annotated[
    bool | None, Option("--open-on-network", help="Let --host be an address that others reach.")
]
AdminListen = Annotated[
    str | None, Option(metavar="HOST:PORT", help="Where console, lab and metrics may be reached.")
]
Chaos = Annotated[
    str | None,
    Option(metavar="SHARE", help="Let webhooks, answers and carriers go wrong: 0.05 = once in twenty times."),
]
Seed = Annotated[str | None, Option(metavar="N", help="What goes wrong is the same with the same seed.")]
SeedFile = Annotated[
    str | None, Option(metavar="FILE", help="Accounts, numbers and more to start with, in TOML.")
]
AccessLog = Annotated[bool | None, Option("--access-log", help="Log a line for every request.")]
LogFormat = Annotated[str | None, Option(help="auto, text or json. [default: auto]")]
Verbose = Annotated[bool, Option("--verbose", "-v", help="Log more.")]

# Of commands that ask one that runs.
DataFolder = Annotated[
    str | None, Option("--data", metavar="DIR", help="The data folder of the localloop meant.")
]
AsJson = Annotated[bool, Option("--json", help="As JSON, for programs.")]

"""Where a house rule makes the code worse: what is exempt, and why. A line that is no longer needed fails."""

from __future__ import annotations

# (file, function): why it is longer than 50 lines
LONG_FUNCTIONS: dict[tuple[str, str], str] = {}

# (file, function): why it takes more than five parameters
MANY_PARAMETERS: dict[tuple[str, str], str] = {
    **dict.fromkeys(
        [
            ("localloop/cli/lab_faults.py", "add"),
            ("localloop/cli/lab_wait.py", "wait"),
            *(
                ("localloop/cli/main.py", name)
                for name in (
                    *("up", "run", "record", "text", "list_deliveries", "replay_deliveries", "send_webhook"),
                    *("call", "delete_messages", "inbox"),
                )
            ),
        ],
        "the options of a command are its parameters",
    ),
    (
        "localloop/testing/request.py",
        "request_for",
    ): "read in tests: a webhook's parameters by Twilio's names",
}

# file: why it is longer than 800 lines (tables of data do not count)
LONG_FILES: dict[str, str] = {}

# (file, class): why it bears a name that says little
CLASS_NAMES: dict[tuple[str, str], str] = {}

# (file, function): the edge of a task, where whatever happens is logged with its context
CATCHES_EVERYTHING: dict[tuple[str, str], str] = {
    (
        "localloop/products/voice/call/engine.py",
        "Engine._worked",
    ): "whatever is wrong with an event ends its call alone",
    (
        "localloop/products/voice/call/engine.py",
        "Engine._give_up",
    ): "the same, where the call's parts are broken too",
    ("localloop/cli/supervisor.py", "_child"): "the edge of a process",
    ("localloop/jobs/worker.py", "Worker._outcome"): "the edge of a job: a bug is a failed attempt",
    ("localloop/rest/app.py", "App.__call__"): "the edge of a request: a bug answers 500",
    ("localloop/rest/connection.py", "Exchange.run"): "the edge of a request: 500, or the end",
    ("localloop/rest/recorder.py", "Recorder._write"): "the edge of a task: what cannot be shown is left out",
    ("localloop/testing/asgi_server.py", "AsgiServer._run"): "the error is handed to who started the thread",
    ("localloop/store/listen.py", "_call"): "one subscriber's bug is not the others'",
    ("localloop/store/reader.py", "BatchReader._ask"): "the error is handed to those who asked",
    ("localloop/store/writer.py", "BatchWriter._write"): "the error is handed to those who asked",
}

# (file, function): why it reads the machine's clock (durations use time.monotonic and need no line)
READS_THE_CLOCK: dict[tuple[str, str], str] = {}

# (resource, field of its answers): where its value comes from, when the typed record does not keep it
FIELDS_WITHOUT_A_RECORD: dict[tuple[str, str], str] = {}

"""The parameters of `POST …/Calls` read into what a call shall do, or Twilio's error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from msgspec.structs import replace

from localloop.core import errors
from localloop.products.numbers import Application, is_url
from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.lifecycle import Milestone
from localloop.products.voice.call.resource import Detection, Method, Options, Progress, Recorded, Webhook

MAX_TWIML: Final = 4000  # characters (32018)
MAX_TIMEOUT: Final = 600
MAX_TIME_LIMIT: Final = 14_400
MAX_REASON: Final = 50
TRIAL_LIMIT: Final = 600
_SEND_DIGITS: Final = re.compile(r"[0-9A-D#*wW]{1,32}")
# Of AMD's tunables: field, least, most (Twilio: "Answering Machine Detection").
_TUNABLES: Final = {
    "MachineDetectionTimeout": ("timeout_s", 3, 60),
    "MachineDetectionSpeechThreshold": ("speech_threshold", 1000, 6000),
    "MachineDetectionSpeechEndThreshold": ("speech_end_threshold", 500, 5000),
    "MachineDetectionSilenceTimeout": ("silence_timeout", 2000, 10_000),
}
_MODES: Final = {"enable": "Enable", "detectmessageend": "DetectMessageEnd"}
_SAID: Final = ("true", "false", "")
_RECORDING_EVENTS: Final = ("in-progress", "completed", "absent")
_WRITTEN: Final = re.compile(r"[!-~]*")


def options_of(params: Mapping[str, Any], application: Application | None = None) -> Options:
    """What the call shall do. An application's addresses stand in place of the request's own.

    Raises 21205, 21206, 21208, 21221 and so on, 21234, 21263, 21609, 32018.
    """
    webhook, twiml = _instructions(params) if application is None else (_of_application(application), "")
    if not webhook.url and not twiml:
        raise errors.call_url_required()
    digits = params.get("SendDigits") or ""
    if digits and not _SEND_DIGITS.fullmatch(digits):
        raise errors.invalid_send_digits()
    return Options(
        webhook=webhook,
        twiml=twiml,
        progress=_progress(params) if application is None else _progress_of(application),
        application_sid=params.get("ApplicationSid") or None,
        timeout=_timeout(params.get("Timeout")),
        time_limit=time_limit(params.get("TimeLimit")),
        send_digits=digits,
        detection=None if digits else _detection(params),
        recorded=_recorded(params),
        caller_id=params.get("CallerId") or "",
        call_reason=str(params.get("CallReason") or "")[:MAX_REASON],
        call_token=params.get("CallToken") or "",
        byoc=params.get("Byoc") or "",
        sip_username=_sip_username(params),
    )


def changed(options: Options, params: Mapping[str, Any]) -> Options:
    """The same with what an update of a live call says of it; the document that it names aside."""
    progress, webhook = options.progress, options.webhook
    if "StatusCallback" in params:
        progress = replace(progress, url=params["StatusCallback"])
    if params.get("StatusCallbackMethod"):
        progress = replace(progress, method=_method(params, "StatusCallbackMethod"))
    if "FallbackUrl" in params:
        webhook = replace(webhook, fallback_url=params["FallbackUrl"])
    if params.get("FallbackMethod"):
        webhook = replace(webhook, fallback_method=_method(params, "FallbackMethod"))
    limit = params.get("TimeLimit")
    return replace(
        options,
        progress=progress,
        webhook=webhook,
        time_limit=options.time_limit
        if limit is None
        else min(time_limit(limit), TRIAL_LIMIT if options.is_trial else MAX_TIME_LIMIT),
    )


def on_trial(options: Options) -> Options:
    """A call of an account that only tries is cut after ten minutes (13805)."""
    return replace(options, is_trial=True, time_limit=min(options.time_limit, TRIAL_LIMIT))


def inline(params: Mapping[str, Any]) -> str:
    """Raises 32018."""
    twiml = params.get("Twiml") or ""
    if len(twiml) > MAX_TWIML:
        raise errors.twiml_too_large()
    return str(twiml)


def time_limit(seconds: int | None) -> int:
    if seconds is None:
        return MAX_TIME_LIMIT
    if not seconds >= 1:
        raise errors.invalid_parameter("TimeLimit", "must be at least 1")
    return min(seconds, MAX_TIME_LIMIT)


def _instructions(params: Mapping[str, Any]) -> tuple[Webhook, str]:
    """Where both an address and a document are given, the address holds (32019)."""
    webhook = Webhook(
        url=params.get("Url") or "",
        method=_method(params, "Method"),
        fallback_url=params.get("FallbackUrl") or "",
        fallback_method=_method(params, "FallbackMethod"),
    )
    twiml = inline(params)
    return webhook, "" if webhook.url else twiml


def _of_application(application: Application) -> Webhook:
    voice = application.voice
    return Webhook(
        url=voice.url,
        method=voice.method,
        fallback_url=voice.fallback_url,
        fallback_method=voice.fallback_method,
    )


def _progress(params: Mapping[str, Any]) -> Progress:
    url = params.get("StatusCallback") or ""
    return Progress(url=url, method=_method(params, "StatusCallbackMethod"), events=_events(params))


def _progress_of(application: Application) -> Progress:
    voice = application.voice
    return Progress(url=voice.status_callback, method=voice.status_callback_method)


def _events(params: Mapping[str, Any]) -> tuple[Milestone, ...]:
    """Each its own parameter, or several in one as TwiML has them; what is none of them is passed over."""
    said = _words(params, "StatusCallbackEvent")
    found = tuple(each for each in lifecycle.MILESTONES if each in said)
    return found or ("completed",)


def unknown_events(params: Mapping[str, Any]) -> list[str]:
    """What was asked to be told and is no event of a call, or of a recording."""
    of_calls = _words(params, "StatusCallbackEvent")
    of_recordings = _words(params, "RecordingStatusCallbackEvent")
    return [
        *(each for each in of_calls if each not in lifecycle.MILESTONES),
        *(each for each in of_recordings if each not in _RECORDING_EVENTS),
    ]


def _words(params: Mapping[str, Any], name: str) -> list[str]:
    return " ".join(params.get(name) or ()).replace(",", " ").lower().split()


def _timeout(seconds: int | None) -> int:
    if seconds is None:
        return 60
    if seconds < 1:
        raise errors.invalid_call_timeout()
    return min(seconds, MAX_TIMEOUT)


def _detection(params: Mapping[str, Any]) -> Detection | None:
    said = (params.get("MachineDetection") or "").strip()
    if not said or said.lower() in ("none", "false"):
        return None
    mode = _MODES.get(said.lower())
    is_async = str(params.get("AsyncAmd") or "").lower()
    if mode is None or is_async not in _SAID:
        raise errors.invalid_machine_detection()
    detection = Detection(
        mode=cast(Any, mode),
        is_async=is_async == "true",
        callback=params.get("AsyncAmdStatusCallback") or "",
        callback_method=_method(params, "AsyncAmdStatusCallbackMethod"),
    )
    tuned = {}
    for name, (field, least, most) in _TUNABLES.items():
        value = params.get(name)
        if value is not None and not least <= value <= most:
            raise errors.invalid_machine_detection_parameters()
        if value is not None:
            tuned[field] = value
    return replace(detection, **tuned)


def _recorded(params: Mapping[str, Any]) -> Recorded | None:
    if not params.get("Record"):
        return None
    url = params.get("RecordingStatusCallback") or ""
    if url and not is_url(url):
        raise errors.invalid_status_callback(url)
    said = _words(params, "RecordingStatusCallbackEvent")
    events = tuple(each for each in _RECORDING_EVENTS if each in said)
    return Recorded(
        channels=_choice(params, "RecordingChannels", ("mono", "dual")),
        track=_choice(params, "RecordingTrack", ("both", "inbound", "outbound")),
        trim=_choice(params, "Trim", ("trim-silence", "do-not-trim")),
        callback=url,
        callback_method=_method(params, "RecordingStatusCallbackMethod"),
        callback_events=events or ("completed",),
    )


def _choice(params: Mapping[str, Any], name: str, known: tuple[str, ...]) -> Any:
    """One of the known words; the first where nothing was said."""
    said = params.get(name) or known[0]
    if said not in known:
        raise errors.invalid_parameter(name, f"must be one of {', '.join(known)}")
    return said


def _sip_username(params: Mapping[str, Any]) -> str:
    """Raises 21221 to 21225."""
    username, password = params.get("SipAuthUsername") or "", params.get("SipAuthPassword") or ""
    for text, too_long, unwritten in ((username, 21221, 21222), (password, 21223, 21224)):
        if len(text) >= 256:
            raise errors.of(too_long)
        if not _WRITTEN.fullmatch(text):
            raise errors.of(unwritten)
    if username and not password:
        raise errors.of(21225)
    return str(username)


def _method(params: Mapping[str, Any], name: str) -> Method:
    return "GET" if str(params.get(name) or "POST").upper() == "GET" else "POST"

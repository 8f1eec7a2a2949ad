"""The verbs that speak and those that listen: Say, Play, Pause; Gather, Record, Pay and its Prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from localloop.twiml.document import Element
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import speech, verbs
from localloop.twiml.voice.reading import Reading, Skipped

# What is wrong with a prompt of Gather has codes of its own.
_IN_GATHER: Final[Mapping[int, int]] = {13511: 13321, 13510: 13322}
_SSML_VOICES: Final = ("Polly.", "Google.")


def say(reading: Reading, element: Element) -> verbs.Say:
    say = reading.make(verbs.Say, element, "Say")
    words = speech.read(element, reading.notices)
    if not words.text and not words.pauses_ms:
        reading.notices.add(13520, "there is nothing to say", element)
        raise Skipped
    if len(words.text) > speech.MAX_CHARACTERS:
        reason = f"{len(words.text)} characters, {speech.MAX_CHARACTERS} are allowed"
        reading.notices.add(13521, reason, element)
        raise Skipped
    if not speech.fits(say.voice, say.language):
        reading.notices.add(13512, f"{say.voice} does not speak {say.language}", element)
        raise Skipped
    say = replace(say, text=words.text, loop=say.loop or verbs.MOST_LOOPS)
    if "voice" in element.attributes and not say.voice.startswith(_SSML_VOICES):
        return say  # the old voices read the words and know no markup
    return replace(say, ssml=words.ssml, pauses_ms=words.pauses_ms)


def play(reading: Reading, element: Element) -> verbs.Play:
    play = reading.make(verbs.Play, element, "Play")
    for _ in reading.children(element, "Play"):
        pass
    loop = play.loop or verbs.MOST_LOOPS
    if play.digits:
        return replace(play, loop=loop)
    if not element.text.strip():
        reading.notices.add(SCHEMA, "<Play> has neither a URL nor digits", element)
        raise Skipped
    return replace(play, loop=loop, url=reading.url(element.text, "<Play>"))


def pause(reading: Reading, element: Element) -> verbs.Pause:
    for _ in reading.children(element, "Pause"):
        pass
    return reading.make(verbs.Pause, element, "Pause")


def _prompts(reading: Reading, element: Element, key: str) -> tuple[verbs.Prompt, ...]:
    prompts: list[verbs.Prompt] = []
    for name, child in reading.children(element, key):
        if name in _PROMPTS:
            try:
                prompts.append(replace(_PROMPTS[name](reading, child), line=child.line))
            except Skipped:
                continue
    return tuple(prompts)


def gather(reading: Reading, element: Element) -> verbs.Gather:
    gather = reading.make(verbs.Gather, element, "Gather")
    if gather.speech_timeout == "auto" and "speechModel" in element.attributes and gather.takes_speech:
        # The recogniser of an explicit model has no notion of a first pause.
        reading.notices.add(13335, f"speechTimeout auto with speechModel {gather.speech_model}", element)
        gather = replace(gather, speech_timeout=None)
    if gather.timeout == "auto" and not gather.takes_speech:
        reading.notices.add(13313, "timeout auto is for speech", element)
        gather = replace(gather, timeout=5)
    reading.codes = _IN_GATHER
    prompts = _prompts(reading, element, "Gather")
    reading.codes = {}
    return replace(gather, prompts=prompts)


def record(reading: Reading, element: Element) -> verbs.Record:
    for _ in reading.children(element, "Record"):
        pass
    record = reading.make(verbs.Record, element, "Record")
    transcribe = record.transcribe or record.transcribe_callback is not None
    if not transcribe:
        return record
    if "maxLength" not in element.attributes:
        return replace(record, transcribe=True, max_length=120)
    if record.max_length > 120:
        reading.notices.add(13615, f"maxLength {record.max_length}, at most 120 are transcribed", element)
        return replace(record, transcribe=False)
    return replace(record, transcribe=True)


def pay(reading: Reading, element: Element) -> verbs.Pay:
    pay = reading.make(verbs.Pay, element, "Pay")
    filters: list[verbs.Filter] = []
    parameters: list[Element] = []
    for name, child in reading.children(element, "Pay"):
        if name == "Prompt":
            filters.append(replace(prompt(reading, child), line=child.line))
        else:
            parameters.append(child)
    return replace(pay, filters=tuple(filters), parameters=reading.pairs(parameters))


def prompt(reading: Reading, element: Element) -> verbs.Filter:
    found = reading.make(verbs.Filter, element, "Prompt")
    return replace(found, prompts=_prompts(reading, element, "Prompt"))


_PROMPTS: Final[Mapping[str, Callable[[Reading, Element], verbs.Prompt]]] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
}

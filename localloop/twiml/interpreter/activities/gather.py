"""Gather: keys, speech or whichever comes first, while prompts are heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activities import media
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import AnyEvent, Digit, Played, Speech, Timer
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run

PLAY_FAILED = 13325
_USUAL_TIMEOUT = 5


class Gathering(Activity, frozen=True, kw_only=True):
    """`prompts` are still to be heard, `sounding` is; `mode` is what was detected first."""

    verb: verbs.Gather
    prompts: tuple[verbs.Prompt, ...] = ()
    sounding: int = 0
    timer: str = ""
    limit: str = ""  # the timer of the longest speech
    mode: Literal["", "dtmf", "speech"] = ""
    digits: str = ""
    heard: tuple[str, ...] = ()
    unfinished: str = ""
    confidence: float = 0.0
    language: str = ""
    partials: int = 0

    def on(self, run: Run, event: AnyEvent) -> bool:
        match event:
            case Played(n=n) if n == self.sounding:
                self._played(run, event.code)
            case Timer(name=name) if name and name in (self.timer, self.limit):
                self._time_is_up(run)
            case Digit():
                self._pressed(run, event.key)
            case Speech():
                self._spoken(run, event)
            case _:
                return False
        return True

    def stop(self, run: Run) -> None:
        self._quiet(run)
        run.emit(commands.StopListening())

    # -- prompts

    def _played(self, run: Run, code: int) -> None:
        if code:
            self.stop(run)
            run.fail(PLAY_FAILED if code == 13420 else code, "a file of <Gather> cannot be played")
        elif self.prompts:
            prompt, *rest = self.prompts
            run.wait(replace(self, prompts=tuple(rest), sounding=media.sound(run, prompt)))
        else:
            run.wait(replace(self, sounding=0, timer=run.start_timer("gather", self._patience)))

    @property
    def _patience(self) -> int:
        timeout = self.verb.timeout
        return _USUAL_TIMEOUT if timeout == "auto" else timeout

    def _quiet(self, run: Run) -> None:
        if self.sounding:
            run.emit(commands.StopMedia())
        run.cancel_timer(self.timer)
        run.cancel_timer(self.limit)

    # -- keys

    def _pressed(self, run: Run, key: str) -> None:
        if not self.verb.takes_keys or self.mode == "speech" or not self._may_interrupt:
            return
        self._quiet(run)
        quiet = replace(self, mode="dtmf", sounding=0, prompts=(), timer="", limit="")
        if key == self.verb.finish_on_key:
            quiet._finish(run, key)
            return
        quiet = replace(quiet, digits=self.digits + key)
        if quiet.verb.num_digits == len(quiet.digits):
            quiet._finish(run)
        else:
            run.wait(replace(quiet, timer=run.start_timer("gather", self._patience)))

    @property
    def _may_interrupt(self) -> bool:
        return self.verb.barge_in or not self.sounding

    # -- speech

    def _spoken(self, run: Run, speech: Speech) -> None:
        """Speech goes on until `speechTimeout` of silence, or with `auto` until its first pause."""
        if not self.verb.takes_speech or self.mode == "dtmf" or not self._may_interrupt:
            return
        if self.sounding:
            run.emit(commands.StopMedia())
        run.cancel_timer(self.timer)
        limit = self.limit or run.start_timer("speech-limit", self.verb.max_speech_time)
        now = replace(self, mode="speech", sounding=0, prompts=(), timer="", limit=limit)
        if not speech.final:
            run.wait(now._partial(run, speech))
            return
        now = replace(
            now,
            heard=(*now.heard, speech.text) if speech.text else now.heard,
            unfinished="",
            confidence=speech.confidence,
            language=speech.language,
        )
        silence = now._silence
        if silence == "auto":
            now._finish(run)
        else:
            run.wait(replace(now, timer=run.start_timer("speech", silence)))

    @property
    def _silence(self) -> int | Literal["auto"]:
        """Seconds of it that end speech: `timeout` where nothing else is said."""
        given = self.verb.speech_timeout
        return given if given is not None else self.verb.timeout

    def _partial(self, run: Run, speech: Speech) -> Gathering:
        now = replace(self, unfinished=speech.text or self.unfinished)
        if not self.verb.partial_result_callback or not speech.text:
            return now
        parameters = {
            "UnstableSpeechResult": speech.text,
            "StableSpeechResult": " ".join(self.heard),
            "Stability": f"{speech.stability:g}",
            "SequenceNumber": str(self.partials),
            "Language": speech.language or self.verb.language,
        }
        url, method = self.verb.partial_result_callback, self.verb.partial_result_callback_method
        run.tell(url, method, parameters, "gather-partial")
        return replace(now, partials=self.partials + 1)

    # -- the end

    def _time_is_up(self, run: Run) -> None:
        replace(self, timer="")._finish(run)

    def _finish(self, run: Run, key: str = "") -> None:
        run.cancel_timer(self.timer)
        run.cancel_timer(self.limit)
        run.emit(commands.StopListening())
        text = " ".join((*self.heard, self.unfinished)).strip()
        verb = self.verb
        if self.mode == "speech" and text:
            result = {"SpeechResult": text, "Confidence": f"{self.confidence:g}"}
            result["Language"] = self.language or verb.language
        elif self.digits:
            result = {"Digits": self.digits, "FinishedOnKey": key}
        elif verb.action_on_empty_result:
            result = {"Digits": "", "FinishedOnKey": key} if verb.takes_keys else {}
        else:
            run.go_on()
            return
        run.request(verb.action, verb.method, {"msg": "Gather End", **result}, "gather")


def begin(run: Run, verb: verbs.Gather) -> None:
    run.answer()
    run.emit(commands.Listen(dtmf=verb.takes_keys, speech=_recognition(verb) if verb.takes_speech else None))
    files = tuple(
        dict.fromkeys(each.url for each in verb.prompts if isinstance(each, verbs.Play) and each.url)
    )
    if files:
        # Twilio has all of them before the first is heard.
        run.emit(commands.Prefetch(urls=files))
    Gathering(verb=verb, prompts=verb.prompts)._played(run, 0)


def _recognition(verb: verbs.Gather) -> commands.Recognition:
    return commands.Recognition(
        language=verb.language,
        hints=verb.hints,
        model=verb.speech_model,
        enhanced=verb.enhanced,
        profanity_filter=verb.profanity_filter,
        partial_results=verb.partial_result_callback is not None,
    )

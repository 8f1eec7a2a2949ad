"""The stills: what there is to see in the console of a shop on a busy morning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Page, expect

from scripts.pictures import shop
from scripts.pictures.palette import Palette, opened
from scripts.pictures.stage import Stage

_WIDE: Final = (1200, 760)
_TALL: Final = (1200, 960)
_WHOLE: Final = (1200, 1720)
_NARROW: Final = (390, 780)

# Numbers that nobody has: 555-01.., and what the regulators of Britain and France set aside for films.
MAYA: Final = "+12025550143"
PAUL: Final = "+14155550198"
IDA: Final = "+13125550117"
LONDON: Final = "+442079460123"
PARIS: Final = "+33639980012"
CALLER: Final = "+12025550171"
RUNG: Final = "+14155550126"
_NOBODY: Final = "http://127.0.0.1:9/newsletter"


@dataclass(frozen=True, kw_only=True)
class Still:
    path: str
    ready: Callable[[Page], None]
    size: tuple[int, int] = _WIDE
    theme: Literal["light", "dark"] = "light"


def furnish(stage: Stage) -> dict[str, str]:
    """A morning's texts, one after the other; the SIDs that addresses need."""
    stage.set_phone(IDA, Behavior="30003")
    stage.set_phone(PARIS, Behavior="30007")
    status = f"{stage.shop_url}/status"
    stage.send(MAYA, "Your Fern & Oak code is 731 402. Nobody of ours will ever ask you for it.")
    stage.send(
        PAUL,
        "Hi Paul, your three ferns and the oak planter are packed. They travel overnight in a box without plastic; "
        "give them half a litre of water and a day in the shade when they arrive.",
        StatusCallback=status,
    )
    stage.send(
        LONDON,
        "Your calathea ships today 🌿 Reply WHERE to follow it.",
        StatusCallback=f"{stage.shop_url}/staus",
    )
    stage.send(PARIS, "Spring at Fern & Oak: all ferns at half price until Sunday!", StatusCallback=_NOBODY)
    stage.send(IDA, "Order 3139 is ready. Shall we bring it tomorrow morning?", StatusCallback=status)
    stage.text(PAUL, "Thanks! Do ferns like full sun?")
    stage.send(IDA, "We rang, nobody was in. Answer CHANGE for another day.", StatusCallback=status)
    stage.send(MAYA, "Order 3140 is packed and comes on Thursday. Answer CHANGE for another day.")
    stage.text(MAYA, "Change please")
    stage.text(MAYA, "Fri would be great")
    message = stage.found("messages", f"to:{MAYA}")[0]
    return {
        **furnish_calls(stage),
        "message": message,
        "delivery": stage.found("deliveries", f"resource:{message} status:failed")[0],
    }


def furnish_calls(stage: Stage) -> dict[str, str]:
    """A caller who reached no gardener and left a message, one who hears the menu, a phone that rings."""
    stage.set_voice(shop.GARDENER, Takes="busy")
    done = stage.ring(PAUL)
    stage.act(PAUL, done, Press="2")
    stage.until_heard(PAUL, done, "beep")
    stage.until_recorded(done)
    stage.act(PAUL, done, Say="My fern arrived without its pot. Could you please send me another one?")
    stage.until_heard(PAUL, done, "we call you back")
    stage.set_voice(LONDON, Takes="busy")
    stage.set_voice(PARIS, Takes="never")
    hello = "<Response><Say>Fern and Oak here, with a question about your order.</Say><Pause length='600'/></Response>"
    for to in (LONDON, PARIS):
        stage.call(to, Twiml=hello, Timeout="5")
    live = stage.ring(CALLER)
    stage.set_voice(RUNG, Takes="manual")
    stage.call(RUNG, Twiml=hello, Timeout="600")
    return {"call": done, "live": live}


def _first(page: Page) -> None:
    expect(page.get_by_role("heading", name="Send your first text")).to_be_visible()


def _shows(text: str) -> Callable[[Page], None]:
    return lambda page: expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()


def _explored(page: Page) -> None:
    """A form filled in and sent: a product without behaviour keeps what it is given."""
    page.get_by_label("FriendlyName").fill("Plant care club")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("201")


def _called(page: Page) -> None:
    """One phone hears the menu and has its keys out, another rings."""
    expect(page.get_by_role("button", name="Answer")).to_be_visible()
    page.get_by_role("button", name="Keypad", exact=True).click()


# Before anything has happened, and afterwards.
BEFORE: Final = {"console-first": Still(path="", ready=_first)}
AFTER: Final = {
    "console-start": Still(path="", ready=_shows("Done: order 3140")),
    "console-phones-light": Still(path=f"phones/{MAYA},{IDA}", ready=_shows("Done: order 3140")),
    "console-phones-dark": Still(path=f"phones/{MAYA},{IDA}", ready=_shows("Done: order 3140"), theme="dark"),
    "console-messages": Still(path="messages", ready=_shows("Done: order 3140")),
    "console-message": Still(path="messages/{message}", ready=_shows("callback delivered: 500"), size=_TALL),
    "console-deliveries": Still(path="deliveries", ready=_shows("HTTP retrieval failure")),
    "console-delivery": Still(path="deliveries/{delivery}", ready=_shows("KeyError: 'ErrorCode'")),
    "console-calls": Still(path="calls", ready=_shows("no answer")),
    "console-call": Still(path="calls/{call}", ready=_shows("My fern arrived without its pot."), size=_WHOLE),
    "console-running": Still(
        path="calls/{live}", ready=_shows("waits for what is pressed or said"), theme="dark"
    ),
    "console-on-call": Still(path=f"phones/{CALLER},{RUNG}", ready=_called),
    "console-explorer": Still(path="explorer/sync/v1.Service/CreateService", ready=_explored),
    "console-narrow": Still(path=f"phones/{MAYA}", ready=_shows("Done: order 3140"), size=_NARROW),
}


def take(
    stage: Stage, stills: dict[str, Still], names: dict[str, str], folder: Path, *, scale: int = 2
) -> None:
    """Each as a WebP of its name, with `scale` squared as many points as the page has."""
    for name, still in stills.items():
        with stage.page(still.size, device_scale_factor=scale, color_scheme=still.theme) as page:
            stage.go(page, still.path.format(**names))
            still.ready(page)
            shot = opened(page.screenshot())
            Palette([shot]).paint(shot).save(folder / f"{name}.webp", lossless=True, quality=75, method=4)

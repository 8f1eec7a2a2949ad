"""What runs at night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twilio.rest import Client


class Cleaner:
    """Deletes old texts and tells the owner."""

    def __init__(self, sid: str, token: str) -> None:
        self.twilio = Client(sid, token)
        self.messages = {}  # not Twilio's

    def run(self) -> None:
        for message in self.twilio.messages.list(
            date_sent_before=datetime.now(UTC) - timedelta(days=30), limit=20
        ):
            message.delete()
        self.messages.update({"done": True})
        self.tell(self.twilio)

    def tell(self, twilio: Client) -> None:
        sent = twilio.messages.create(
            messaging_service_sid="MG" + "0" * 32,
            to="+15550001111",
            body="clean",
            status_callback="https://example.com/s",
        )
        sent.fetch()


async def later(client: Client) -> None:
    await client.calls.create_async(to="+15550001111", from_="+15550002222", url="https://example.com/voice")

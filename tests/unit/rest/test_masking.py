"""What is never shown to people: secrets by name, by the contract and inside addresses, in whole texts and in parts."""

from __future__ import annotations

import pytest

from localloop import contract
from localloop.rest.masking import HIDDEN, Masker, is_secret, secrets_of

SECRET = "s3cr3t-va1ue"


@pytest.mark.parametrize(
    "name",
    [
        *("AuthToken", "auth_token", "SecondaryAuthToken", "secondary_auth_token", "Secret", "client_secret"),
        *("ClientSecret", "Password", "SipAuthPassword", "Credentials", "credential", "segment_credential"),
        *("ApiKey", "api-key", "PrivateKey", "CustomerKey", "Authorization", "AuthPayload", "Binding.Secret"),
        *(
            "Config.NotificationToken",
            "RefreshToken",
            "access_token",
            "id_token",
            "token",
            "Token",
            "TlsCert",
        ),
        *("Certificate", "port_out_pin", "write_key", "CallToken", "passphrase"),
    ],
)
def test_secrets_have_telling_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("To", "From", "Body", "StatusCallback", "Sid", "CredentialSid", "credential_list_sid", "KeyType"),
        *("AuthType", "TokenType", "access_token_ttl", "PublicKey", "Key", "PageToken", "IdempotencyKey"),
        *("AuthorizeRedirectUrl", "OptInKeywords", "Author", "FriendlyName", "MessagingServiceSid"),
    ],
)
def test_others_are_shown(name: str) -> None:
    assert not is_secret(name)


def test_every_secret_of_the_contract_is_known() -> None:
    """What the contract says is made at random, and shown once or to its owner alone."""
    made = [
        (operation, field.name)
        for _, _, _, operation in contract.load().operations()
        for field in operation.fields
        if field.source == "secret" and not field.name.endswith("sid")
    ]
    assert len(made) > 10
    for operation, name in made:
        assert Masker(secrets_of(operation)).json(f'{{"{name}":"{SECRET}"}}') == f'{{"{name}":"{HIDDEN}"}}'


def test_a_programs_own_settings_are_secret() -> None:
    secrets = secrets_of(contract.load().operation("serverless.v1.CreateVariable")[3])
    shown = Masker(secrets).form(f"Key=STRIPE&Value={SECRET}")
    assert shown == "Key=STRIPE&Value=%E2%80%A6"


FORMS = [
    f"FriendlyName=a&AuthToken={SECRET}",
    f"A=b&Auth%54oken={SECRET}",
    f"password={SECRET}",
    f"Url=https%3A%2F%2Fme%3A{SECRET}%40example.com%2Fa%3Fb%3D1",
    f"Url=https%3A%2F%2Fexample.com%2F%3Fapi_key%3D{SECRET}%26b%3D1",
    f"Uri=otpauth%3A%2F%2Ftotp%2Fme%3Fsecret%3D{SECRET}",
    f"Data=%7B%22password%22%3A%22{SECRET}%22%7D",
]


@pytest.mark.parametrize("text", FORMS)
def test_forms(text: str) -> None:
    shown = Masker().form(text)
    assert SECRET not in shown
    assert HIDDEN in shown or "%E2%80%A6" in shown


JSON = [
    f'{{"auth_token":"{SECRET}"}}',
    f'{{"auth_token" : "{SECRET}" , "b": 1}}',
    f'{{"a":{{"password":"{SECRET}"}}}}',
    f'{{"credentials":{{"user":"a","pass":"{SECRET}"}},"b":[1,2]}}',
    f'{{"api_keys":"x","secret":["{SECRET}",{{"c":"{SECRET}"}}]}}',
    f'{{"\\u0061uth_token":"{SECRET}"}}',
    f'{{"data":"{{\\"password\\":\\"{SECRET}\\"}}"}}',
    f'{{"url":"https://me:{SECRET}@example.com/"}}',
    f'{{"uri":"otpauth://totp/me?secret={SECRET}&b=1"}}',
    f'[{{"secret":"{SECRET}"}}]',
]


@pytest.mark.parametrize("text", JSON)
def test_json_whole_and_cut_anywhere(text: str) -> None:
    """However much of it was kept, no part of the secret is shown."""
    assert SECRET[:4] not in Masker().json(text)
    for length in range(len(text)):
        assert SECRET[:4] not in Masker().json(text[:length]), text[:length]


def test_what_is_no_secret_stays_as_it_was_written() -> None:
    text = '{ "sid": "SM1", "auth_token": null, "body": "my \\"key\\" \\u00e9", "n": [1, {"a": true}] }'
    assert Masker().json(text) == text
    assert Masker().form("Body=a%20b+c&To=%2B1555&Body=x") == "Body=a%20b+c&To=%2B1555&Body=x"
    assert Masker().json('{"secret":"x","b": 1}') == f'{{"secret":"{HIDDEN}","b": 1}}'


def test_xml() -> None:
    text = f"<R><Account><Sid>AC1</Sid><AuthToken>{SECRET}</AuthToken><Url>https://a:{SECRET}@b/</Url></Account></R>"
    shown = Masker().xml(text)
    assert SECRET not in shown
    assert "<Sid>AC1</Sid>" in shown
    assert SECRET not in Masker().xml(f"<R><AuthToken>{SECRET}")


def test_an_answer_that_repeats_a_secret() -> None:
    masker = Masker()
    masker.form(f"Password={SECRET}&B=1")
    assert masker.without_echoes(f"Password '{SECRET}' is too short") == f"Password '{HIDDEN}' is too short"


def test_bodies_by_their_kind() -> None:
    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert SECRET not in str(Masker().body(f' {{"AuthToken":"{SECRET}"}}', form))  # curl -d '{…}'
    assert Masker().body("a=b", form) == "a=b"
    assert Masker().body("GIF89a", "image/gif") is None
    assert Masker().body(f"AuthToken={SECRET}", "text/plain") is None

"""From Twilio's OpenAPI documents and our patches to the contract's data; runs when the contract is built."""

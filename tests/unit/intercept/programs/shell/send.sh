#!/bin/sh
curl -X POST "https://api.twilio.com/2010-04-01/Accounts/$TWILIO_ACCOUNT_SID/Messages.json" \
  --data-urlencode "From=$FROM" --data-urlencode "To=$1" \
  --data-urlencode "Body=Hello" -u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"
curl -s "https://api.twilio.com/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}/Calls.json?Status=busy" -u "$AUTH"
curl -d To=+15550001111 -d Channel=sms https://verify.twilio.com/v2/Services/$SERVICE/Verifications -u "$AUTH"
curl -X DELETE "https://api.twilio.com/2010-04-01/Accounts/$SID/Recordings/$RECORDING.json" -u "$AUTH"

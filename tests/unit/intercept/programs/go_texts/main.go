package main

import (
	"github.com/twilio/twilio-go"
	twilioApi "github.com/twilio/twilio-go/rest/api/v2010"
	verify "github.com/twilio/twilio-go/rest/verify/v2"
	"github.com/twilio/twilio-go/twiml"
)

func main() {
	client := twilio.NewRestClient()
	params := &twilioApi.CreateMessageParams{}
	params.SetTo("+15550001111")
	params.SetFrom("+15550002222")
	params.SetBody("Hello")
	// client.Api.ListCall(nil)
	client.Api.CreateMessage(params)
	client.Api.StreamMessage(nil)

	check := &verify.CreateVerificationCheckParams{}
	check.SetCode("123456")
	client.VerifyV2.CreateVerificationCheck("VA1", check)

	say := &twiml.VoiceSay{Message: "Hello", Voice: "alice"}
	twiml.Voice([]twiml.Element{say, twiml.VoiceHangup{}})
}

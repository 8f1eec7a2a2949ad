using System;
using Twilio;
using Twilio.Rest.Api.V2010.Account;
using Twilio.Rest.Conversations.V1.Conversation;
using Twilio.TwiML;
using Twilio.TwiML.Voice;

public class Calls
{
    public async Task<string> Text(string to)
    {
        // CallResource.Read();
        var message = await Twilio.Rest.Api.V2010.Account.MessageResource.CreateAsync(
            to: new PhoneNumber(to), from: new PhoneNumber("+15550001111"), body: "Hello");
        var call = CallResource.Fetch(pathSid: "CA1");
        var options = new CreateCallOptions(new PhoneNumber(to), new PhoneNumber("+15550001111"))
        {
            Url = new Uri("https://example.com/voice"),
            Record = true
        };
        CallResource.Create(options);
        await ParticipantResource.CreateAsync("CH1", messagingBindingAddress: to);
        return message.Sid;
    }

    public string Voice()
    {
        var response = new VoiceResponse();
        response.Say("Hello", voice: "alice");
        response.Append(new Play(new Uri("https://example.com/a.mp3")));
        return response.ToString();
    }
}

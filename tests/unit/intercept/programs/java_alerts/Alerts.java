package com.example;

import com.twilio.Twilio;
import com.twilio.rest.api.v2010.account.Call;
import com.twilio.rest.api.v2010.account.Message;
import com.twilio.rest.verify.v2.service.VerificationCheck;
import com.twilio.twiml.VoiceResponse;
import com.twilio.twiml.voice.Gather;
import com.twilio.twiml.voice.Say;
import com.twilio.type.PhoneNumber;

public class Alerts {
    // Call.reader().read();
    public String alert(String to, String text) {
        Message message = Message.creator(new PhoneNumber(to), new PhoneNumber("+15550001111"), text)
            .setStatusCallback(java.net.URI.create("https://example.com/status"))
            .setProvideFeedback(true)
            .create();
        Message.fetcher(message.getSid()).fetch();
        Call.updater("CA1").setStatus(Call.UpdateStatus.COMPLETED).update();
        return message.getSid();
    }

    public boolean check(String to, String code) {
        return "approved".equals(VerificationCheck.creator("VA1").setTo(to).setCode(code).create().getStatus());
    }

    public String voice() {
        Say say = new Say.Builder("Hello").voice(Say.Voice.ALICE).build();
        Gather gather = new Gather.Builder().numDigits(1).action("/menu").say(say).build();
        return new VoiceResponse.Builder().gather(gather).build().toXml();
    }
}

const express = require('express');
const twilio = require('twilio');
const { VoiceResponse } = twilio.twiml;

const client = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const app = express();
app.use(express.urlencoded({ extended: false }));

// client.conferences.list() is not used any more
app.post('/voice', twilio.webhook(), (req, res) => {
  const twiml = new VoiceResponse();
  const gather = twiml.gather({ numDigits: 1, action: '/menu', method: 'POST' });
  gather.say({ voice: 'alice' }, 'Press 1 for sales, 2 to leave a message.');
  twiml.redirect('/voice');
  res.type('text/xml').send(twiml.toString());
});

app.post('/menu', async (req, res) => {
  const twiml = new twilio.twiml.VoiceResponse();
  const { Digits } = req.body;
  if (Digits === '1') {
    const dial = twiml.dial({ callerId: req.body.To, record: 'record-from-answer', action: '/done' });
    dial.number({ statusCallback: '/status' }, '+15550001111');
  } else {
    twiml.record({ maxLength: 30, transcribe: true, recordingStatusCallback: '/recorded' });
    twiml.hangup();
  }
  res.type('text/xml').send(twiml.toString());
});

app.post('/recorded', async (req, res) => {
  await client.messages.create({
    from: process.env.FROM,
    to: process.env.OWNER,
    body: `New voicemail: ${req.body.RecordingUrl}`,
  });
  const call = await client.calls(req.body.CallSid).fetch();
  await client.calls(call.sid).recordings.list({ limit: 20 });
  res.sendStatus(204);
});

async function callBack(to) {
  const { sid } = await client.calls
    .create({ to, from: process.env.FROM, url: 'https://example.com/voice', machineDetection: 'Enable',
      statusCallback: 'https://example.com/events' });
  return sid;
}

app.listen(3000);
module.exports = { callBack };

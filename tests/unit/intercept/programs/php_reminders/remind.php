<?php
require __DIR__ . '/vendor/autoload.php';

use Twilio\Rest\Client;
use Twilio\TwiML\VoiceResponse;

$twilio = new Client(getenv('TWILIO_ACCOUNT_SID'), getenv('TWILIO_AUTH_TOKEN'));
# $twilio->faxes->read();
foreach ($appointments as $appointment) {
    $twilio->messages->create(
        $appointment['phone'],
        ['from' => '+15550001111', 'body' => "See you at {$appointment['time']}", 'sendAt' => $at]
    );
}
$numbers = $twilio->incomingPhoneNumbers->read(['phoneNumber' => '+15550001111'], 1);
$twilio->incomingPhoneNumbers('PNxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')->update(['smsUrl' => 'https://example.com/sms']);
$twilio->verify->v2->services('VAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')->verifications->create('+15550001111', 'sms');

$response = new VoiceResponse();
$response->say('Hello', ['voice' => 'Polly.Joanna']);
$response->pause(['length' => 1]);
echo $_POST['SpeechResult'];

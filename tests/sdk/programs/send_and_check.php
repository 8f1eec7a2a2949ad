<?php
// A program written for Twilio on PHP's curl: sends a text, and checks the signature of the first word about it.
$sid = getenv("TWILIO_ACCOUNT_SID");
$token = getenv("TWILIO_AUTH_TOKEN");
$server = stream_socket_server("tcp://127.0.0.1:0");
$callback = "http://" . stream_socket_get_name($server, false) . "/status";

$request = curl_init("https://api.twilio.com/2010-04-01/Accounts/$sid/Messages.json");
$form = ["From" => "+15551230000", "To" => "+15551230001", "Body" => "Hello", "StatusCallback" => $callback];
curl_setopt_array($request, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_USERPWD => "$sid:$token",
    CURLOPT_POSTFIELDS => http_build_query($form),
]);
$answer = json_decode(curl_exec($request) ?: die(curl_error($request)), true);
echo "sent {$answer["sid"]}\n";

$client = stream_socket_accept($server, 30);
$headers = [];
fgets($client);
while (($line = rtrim(fgets($client), "\r\n")) !== "") {
    [$name, $value] = explode(": ", $line, 2);
    $headers[strtolower($name)] = $value;
}
parse_str(stream_get_contents($client, (int) $headers["content-length"]), $params);
ksort($params);
$signed = $callback;
foreach ($params as $name => $value) {
    $signed .= $name . $value;
}
$expected = base64_encode(hash_hmac("sha1", $signed, $token, true));
echo "signature ", $expected === $headers["x-twilio-signature"] ? "true" : "false", "\n";
fwrite($client, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
fclose($client);

# A program written for Twilio on Ruby's own HTTP client: sends a text, checks the signature of the first word about it.
require "base64"
require "net/http"
require "openssl"
require "socket"
require "uri"

sid, token = ENV.fetch("TWILIO_ACCOUNT_SID"), ENV.fetch("TWILIO_AUTH_TOKEN")
server = TCPServer.new("127.0.0.1", 0)
callback = "http://127.0.0.1:#{server.addr[1]}/status"

uri = URI("https://api.twilio.com/2010-04-01/Accounts/#{sid}/Messages.json")
request = Net::HTTP::Post.new(uri)
request.basic_auth(sid, token)
request.set_form_data("From" => "+15551230000", "To" => "+15551230001", "Body" => "Hello", "StatusCallback" => callback)
answer = Net::HTTP.start(uri.host, uri.port, use_ssl: true) { |http| http.request(request) }
puts "sent #{answer.body[/SM[0-9a-f]{32}/]}"

client = server.accept
headers = {}
client.gets
while (line = client.gets.chomp) != ""
  name, value = line.split(": ", 2)
  headers[name.downcase] = value
end
form = URI.decode_www_form(client.read(headers["content-length"].to_i))
signed = callback + form.sort.flatten.join
expected = Base64.strict_encode64(OpenSSL::HMAC.digest("SHA1", token, signed))
puts "signature #{expected == headers["x-twilio-signature"]}"
client.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
client.close

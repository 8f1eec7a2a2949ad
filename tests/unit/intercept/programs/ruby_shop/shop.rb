require 'sinatra'
require 'twilio-ruby'

def client
  @client ||= Twilio::REST::Client.new(ENV['TWILIO_ACCOUNT_SID'], ENV['TWILIO_AUTH_TOKEN'])
end

post '/order' do
  message = client.messages.create(
    from: ENV['FROM'],
    to: params['phone'],
    body: 'Your order is on its way', # client.calls.list
    media_url: ['https://example.com/a.png']
  )
  client.messages(message.sid).update body: ''
  client.conversations.v1.conversations('CH1').messages.create(author: 'shop', body: 'hi')
  message.sid
end

post '/sms' do
  twiml = Twilio::TwiML::MessagingResponse.new do |r|
    r.message(body: "Got #{params['Body']}", action: '/sent')
  end
  content_type 'text/xml'
  twiml.to_s
end

post '/voice' do
  response = Twilio::TwiML::VoiceResponse.new
  response.dial do |dial|
    dial.conference('Room 1', start_conference_on_enter: true)
  end
  response.to_s
end

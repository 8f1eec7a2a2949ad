// A program written for Twilio on Go's own HTTP client: sends a text, checks the signature of the first word about it.
package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
)

func main() {
	sid, token := os.Getenv("TWILIO_ACCOUNT_SID"), os.Getenv("TWILIO_AUTH_TOKEN")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	callback := "http://" + listener.Addr().String() + "/status"
	heard := make(chan bool)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		valid := signature(token, callback, r.PostForm) == r.Header.Get("X-Twilio-Signature")
		w.WriteHeader(http.StatusNoContent)
		heard <- valid
	}))

	form := url.Values{
		"From": {"+15551230000"}, "To": {"+15551230001"}, "Body": {"Hello"}, "StatusCallback": {callback},
	}
	address := "https://api.twilio.com/2010-04-01/Accounts/" + sid + "/Messages.json"
	request, err := http.NewRequest("POST", address, strings.NewReader(form.Encode()))
	if err != nil {
		log.Fatal(err)
	}
	request.SetBasicAuth(sid, token)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	var message struct{ Sid string }
	if err := json.NewDecoder(answer.Body).Decode(&message); err != nil {
		log.Fatal(err)
	}
	fmt.Println("sent", message.Sid)
	fmt.Println("signature", <-heard)
}

func signature(token, address string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	for _, name := range names {
		mac.Write([]byte(name + form.Get(name)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

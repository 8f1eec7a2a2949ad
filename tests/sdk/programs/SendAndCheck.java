// A program written for Twilio on Java's own HTTP client: sends a text, checks the signature of the first word about it.
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class SendAndCheck {
  public static void main(String[] arguments) throws Exception {
    String sid = System.getenv("TWILIO_ACCOUNT_SID");
    String token = System.getenv("TWILIO_AUTH_TOKEN");
    CountDownLatch heard = new CountDownLatch(1);
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    String callback = "http://127.0.0.1:" + server.getAddress().getPort() + "/status";
    server.createContext("/status", exchange -> {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      String given = exchange.getRequestHeaders().getFirst("X-Twilio-Signature");
      System.out.println("signature " + signature(token, callback, body).equals(given));
      exchange.sendResponseHeaders(204, -1);
      exchange.close();
      heard.countDown();
    });
    server.start();

    String form = "From=%2B15551230000&To=%2B15551230001&Body=Hello&StatusCallback="
        + URLEncoder.encode(callback, StandardCharsets.UTF_8);
    String secret = Base64.getEncoder().encodeToString((sid + ":" + token).getBytes(StandardCharsets.UTF_8));
    HttpRequest request = HttpRequest
        .newBuilder(URI.create("https://api.twilio.com/2010-04-01/Accounts/" + sid + "/Messages.json"))
        .header("Authorization", "Basic " + secret)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(form))
        .build();
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    Matcher message = Pattern.compile("SM[0-9a-f]{32}").matcher(answer.body());
    System.out.println("sent " + (message.find() ? message.group() : answer.body()));
    heard.await();
    server.stop(0);
  }

  private static String signature(String token, String url, String body) {
    TreeMap<String, String> params = new TreeMap<>();
    for (String pair : body.split("&")) {
      String[] parts = pair.split("=", 2);
      params.put(decoded(parts[0]), decoded(parts[1]));
    }
    StringBuilder signed = new StringBuilder(url);
    params.forEach((name, value) -> signed.append(name).append(value));
    try {
      Mac mac = Mac.getInstance("HmacSHA1");
      mac.init(new SecretKeySpec(token.getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
      byte[] digest = mac.doFinal(signed.toString().getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(digest);
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
